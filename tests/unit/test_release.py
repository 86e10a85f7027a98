"""A release: the version in every place, the changelog, packages that always are the same, licenses and materials."""

import hashlib
import json
import os
import subprocess
import tarfile
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msk_toolkit import __version__

from release.archive import checksums, tar_folder, zip_folder
from release.changelog import dated, section
from release.errors import ReleaseError
from release.materials import Library, completed, libraries, notices
from release.packaged import UNPACKED, package_stack
from release.repository import state_problems
from release.version import PLACES, current_version, replaced, set_version
from tests.unit.test_documents import ROOT

DAY = date(2026, 12, 1)
CHANGELOG = "# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.2.0 (2026-11-28)\n\n- Old.\n"


def reasons(call: Any, *arguments: Any) -> tuple[str, ...]:
    with pytest.raises(ReleaseError) as caught:
        call(*arguments)
    return caught.value.reasons


def copied_places(root: Path) -> None:
    for place in PLACES:
        (root / place.file).parent.mkdir(parents=True, exist_ok=True)
        (root / place.file).write_bytes((ROOT / place.file).read_bytes())


def test_the_version_is_written_into_every_place_and_into_no_other(tmp_path: Path) -> None:
    copied_places(tmp_path)
    assert current_version(tmp_path) == __version__
    set_version(tmp_path, "77.8.9")
    for place in PLACES:
        assert place.text.format("77.8.9") in (tmp_path / place.file).read_text(encoding="utf-8")
    files = {place.file for place in PLACES}
    written = sum((tmp_path / file).read_text(encoding="utf-8").count("77.8.9") for file in files)
    assert written == len(PLACES)


@pytest.mark.parametrize("new", ["0.3", "v9.0.0", "9.0.0rc1", "0.0.1", __version__])
def test_a_version_that_is_none_or_not_above_the_current_one_is_refused(tmp_path: Path, new: str) -> None:
    copied_places(tmp_path)
    (reason,) = reasons(set_version, tmp_path, new)
    assert new in reason
    assert current_version(tmp_path) == __version__


def test_where_a_place_is_missing_no_other_is_changed(tmp_path: Path) -> None:
    copied_places(tmp_path)
    (tmp_path / PLACES[-1].file).write_text("")
    assert reasons(set_version, tmp_path, "77.8.9")[0].startswith(str(PLACES[-1].file))
    assert current_version(tmp_path) == __version__


def test_a_place_that_is_no_longer_there_is_named() -> None:
    assert reasons(replaced, PLACES[0], "", "1.0.0")[0].startswith(str(PLACES[0].file))


def test_what_was_unreleased_gets_version_and_day_and_a_new_section_begins() -> None:
    text = dated(CHANGELOG, "0.3.0", DAY)
    assert text.startswith("# Changelog\n\n## Unreleased\n\n## 0.3.0 (2026-12-01)\n\n- New.\n\n## 0.2.0 (2026-11-28)\n")
    assert (section(text, "Unreleased"), section(text, "0.3.0"), section(text, "0.2.0")) == ("", "- New.", "- Old.")


@pytest.mark.parametrize(
    ("changelog", "version", "reason"),
    [
        (CHANGELOG, "0.2.0", "has a section 0.2.0 already"),
        (CHANGELOG.replace("- New.\n\n", ""), "0.3.0", "nothing in its section Unreleased"),
        ("# Changelog\n", "0.3.0", "nothing in its section Unreleased"),
    ],
)
def test_a_version_without_an_entry_is_not_released(changelog: str, version: str, reason: str) -> None:
    assert reason in reasons(dated, changelog, version, DAY)[0]


def test_the_projects_own_changelog_tells_what_its_version_brings() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    # Between the release and the next version both is so: the section is there, and nothing is unreleased.
    assert section(changelog, __version__) or dated(changelog, __version__, DAY)


def test_changes_that_are_not_committed_and_a_tag_that_is_there_are_reported_at_once(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = {
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@b",
        }
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True, env=os.environ | identity)

    git("init")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "--message", "first")
    assert state_problems(tmp_path, "1.0.0") == []
    git("tag", "v1.0.0")
    (tmp_path / "other").write_text("2")
    changed, tagged = state_problems(tmp_path, "1.0.0")
    assert changed.startswith("the working tree has changes")
    assert tagged.startswith("the tag v1.0.0 exists already")


def folder_of(root: Path, seconds: int) -> Path:
    for name in ("b/two.py", "a.py", "run"):
        path = root / "stack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
        os.utime(path, (seconds, seconds))
    (root / "stack" / "run").chmod(0o755)
    return root / "stack"


def test_the_same_contents_make_the_same_archive_whenever_they_are_packed(tmp_path: Path) -> None:
    digests = set()
    for seconds in (1_000_000_000, 1_700_000_000):
        folder = folder_of(tmp_path / str(seconds), seconds)
        packed = (folder.parent / "s.zip", folder.parent / "s.tar.gz")
        zip_folder(folder, packed[0])
        tar_folder(folder, packed[1], 1_764_547_200)
        digests.add(tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in packed))
    assert len(digests) == 1
    with zipfile.ZipFile(packed[0]) as archive:
        assert archive.namelist() == ["a.py", "b/two.py", "run"]
        assert [entry.external_attr >> 16 & 0o777 for entry in archive.infolist()] == [0o644, 0o644, 0o755]
    with tarfile.open(packed[1]) as archive_tar:
        assert archive_tar.getnames() == ["stack/a.py", "stack/b/two.py", "stack/run"]


def test_sha256sum_checks_the_checksums(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        (tmp_path / name).write_text(name)
    (tmp_path / "SHA256SUMS").write_text(checksums([tmp_path / "one.zip", tmp_path / "two.zip"]))
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "two.zip").write_text("other")
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 1


BUILT = f"""\
Metadata:
  AWS::ServerlessRepo::Application:
    SpdxLicenseId: Apache-2.0
Resources:
  ToolkitLayerArm64:
    Properties:
      ContentUri: ToolkitLayerArm64
  {UNPACKED}:
    Properties:
      CodeUri: {UNPACKED}
"""


def test_a_packaged_stack_names_zip_files_and_leaves_the_declared_topics_open(tmp_path: Path) -> None:
    for name in ("ToolkitLayerArm64", UNPACKED):
        (tmp_path / "build" / name).mkdir(parents=True)
        (tmp_path / "build" / name / "topics.yaml").write_text("topics: []")
    (tmp_path / "build" / "template.yaml").write_text(BUILT)
    target = tmp_path / "target"
    target.mkdir()
    package_stack(tmp_path / "build", target)
    template = (target / "template.yaml").read_text()
    assert "    LicenseUrl: LICENSE\n    ReadmeUrl: README.md\n" in template
    assert "      ContentUri: ToolkitLayerArm64.zip\n" in template
    assert f"      CodeUri: {UNPACKED}\n" in template
    assert (target / UNPACKED / "topics.yaml").exists()
    assert (target / "ToolkitLayerArm64.zip").exists()


def test_a_build_that_is_not_complete_is_refused(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(BUILT)
    assert reasons(package_stack, tmp_path, tmp_path) == (
        f"the build is not complete: ToolkitLayerArm64, {UNPACKED} is missing",
    )


def layer_with(root: Path, *metadata: str) -> Path:
    for number, text in enumerate(metadata):
        folder = root / "python" / f"library{number}-1.0.dist-info"
        (folder / "licenses").mkdir(parents=True)
        (folder / "METADATA").write_text(text)
        (folder / "licenses" / "LICENSE.txt").write_text(f"license {number}\n")
    return root


def test_the_notices_have_each_library_with_its_license_and_text(tmp_path: Path) -> None:
    layer = layer_with(
        tmp_path,
        "Metadata-Version: 2.4\nName: Py_One\nVersion: 1.0\nLicense-Expression: MIT\n\nText.\n",
        "Metadata-Version: 2.1\nName: two\nVersion: 2.0\nLicense: 3-Clause BSD License\n",
    )
    carried = libraries(layer)
    assert [(library.name, library.version, library.license) for library in carried] == [
        ("Py_One", "1.0", "MIT"),
        ("two", "2.0", "BSD-3-Clause"),
    ]
    text = notices(carried)
    assert "Py_One 1.0 (MIT)\n================\n\nlicense 0\n" in text
    assert "two 2.0 (BSD-3-Clause)\n" in text


def test_a_library_without_a_license_stops_the_release(tmp_path: Path) -> None:
    layer = layer_with(tmp_path, "Metadata-Version: 2.1\nName: secretive\nVersion: 1.0\n")
    assert reasons(libraries, layer) == ("no license or no license text in the layer: secretive",)


def test_what_is_compiled_into_a_library_is_in_the_notices_and_in_the_bill_of_materials(tmp_path: Path) -> None:
    layer = layer_with(tmp_path, "Name: Py_One\nVersion: 1.0\nLicense-Expression: MIT\n")
    crate = {"name": "lz4-sys", "version": "1.11.1", "purl": "pkg:cargo/lz4-sys@1.11.1"}
    components = [{**crate, "licenses": [{"expression": "BSD-3-Clause"}]}]
    sboms = layer / "python" / "library0-1.0.dist-info" / "sboms"
    sboms.mkdir()
    (sboms / "py-one.cyclonedx.json").write_text(json.dumps({"components": components}))
    carried = libraries(layer)
    assert "Compiled into Py_One:\n  lz4-sys 1.11.1 (BSD-3-Clause)\n" in notices(carried)
    bill = json.loads(completed(exported("a", "py-one"), carried, "0.3.0", 0))
    (compiled,) = bill["components"][0]["components"]
    assert (compiled["purl"], compiled["licenses"]) == (crate["purl"], [{"expression": "BSD-3-Clause"}])


CARRIED = [Library("Py_One", "1.0", "MIT", ("text",))]


def exported(serial: str, *names: str) -> str:
    components = [{"name": name, "version": "1.0", "purl": f"pkg:pypi/{name}@1.0"} for name in names]
    metadata = {"timestamp": serial, "component": {"name": "msk-vantiq-toolkit", "type": "library"}}
    return json.dumps(
        {"bomFormat": "CycloneDX", "serialNumber": serial, "metadata": metadata, "components": components}
    )


def test_the_bill_of_materials_has_licenses_and_is_the_same_each_time() -> None:
    bills = {completed(exported(serial, "py-one"), CARRIED, "0.3.0", 1_764_547_200) for serial in ("a", "b")}
    (text,) = bills
    bill = json.loads(text)
    assert bill["components"][0]["licenses"] == [{"expression": "MIT"}]
    assert bill["metadata"]["timestamp"] == "2025-12-01T00:00:00+00:00"
    assert bill["metadata"]["component"]["version"] == "0.3.0"
    assert bill["serialNumber"].startswith("urn:uuid:")


def test_a_bill_of_materials_that_the_layers_do_not_have_is_refused() -> None:
    assert reasons(completed, exported("a", "py-one", "py-two"), CARRIED, "0.3.0", 0) == (
        "the lock file and the layers do not have the same libraries: py-two",
    )
