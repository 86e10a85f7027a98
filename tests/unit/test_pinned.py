"""Whatever is downloaded and run is named by its hash: no place installs by name and version alone."""

import re
import tomllib
from pathlib import Path

import pytest

from local.compat import VERSIONS
from local.kafka.checksums import ChecksumError, file_of, verify, write
from local.kafka.jars import KafkaUnavailableError, kafka_jars
from local.kafka.versions import DEFAULT_VERSION
from tests.wording_rules import ROOT

LOCKS = sorted((ROOT / "locks").glob("*.txt"))
LAYERS = sorted((ROOT / "layers").glob("*/requirements.txt"))
DOWNLOADS = re.compile(
    r"""pip\W{1,4}(install|sync)|["' ]tool\W{1,4}run|uvx |npx |npm (install|ci)|playwright install"""
    r"""|apt-get -qq install|urlretrieve|\bcurl |\bwget |MavenContext\(|docker pull|"build", "--quiet", "--wheel\""""
)
HASHED = "--require-hashes"
# The others, by file, with what stands in for a hash on the line.
OTHERWISE = {
    ".ci/chromium": "Debian signs its packages",
    ".ci/docker": "Debian signs its packages",
    ".ci/kcat": "Debian signs its packages",
    ".ci/shells": "Debian signs its packages",
    ".ci/tinyproxy": "Debian signs its packages",
    "local/kafka/jars.py": "compared with local/kafka/checksums before they are used",
    "local/sam_version.py": "advice to the user, which runs nothing",
    "tests/contract/apicurio.py": "compared with its hash before it is used",
    "tests/template/test_command_line_alone.py": "as a user runs it: with the newest of its dependencies",
    # A user's commands that the runbook names.
    "docs/runbook_path.py": "advice to the user, which runs nothing",
}
NOT_OURS = {"build", "__pycache__"}
# How many lines behind a command its options may stand.
REACH = 4


def sources() -> list[str]:
    """The project's files that can run something: not its documents, nor what tools and builds bring."""
    names = []
    for folder, folders, files in ROOT.walk():
        folders[:] = [name for name in folders if name == ".ci" or not (name.startswith(".") or name in NOT_OURS)]
        names += [str((folder / file).relative_to(ROOT)) for file in files]
    return sorted(name for name in names if not name.endswith((".md", ".lock", ".svg", ".png", ".pyc")))


def downloads(name: str) -> list[str]:
    """The places of a file that download something, each with the lines that follow."""
    path = ROOT / name
    if not path.is_file() or name == "tests/unit/test_pinned.py":
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return ["\n".join(lines[i : i + REACH]) for i, line in enumerate(lines) if DOWNLOADS.search(line.split("# ")[0])]


def requirements(text: str) -> list[str]:
    """The entries of a requirements file, each with its hashes."""
    joined = text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def test_every_place_that_downloads_demands_hashes_or_says_what_stands_in_for_them() -> None:
    places = {name: downloads(name) for name in sources() if not name.startswith("findings/")}
    places = {name: commands for name, commands in places.items() if commands}
    assert {"Makefile", "layers/msk_toolkit/Makefile", "local/aws/emulator.py", "local/kafka/java.py"} <= set(places)
    assert set(OTHERWISE) <= set(places), "these download nothing any more"
    open_places = []
    for name, commands in places.items():
        open_places += [f"{name}: {text}" for text in commands if name not in OTHERWISE and HASHED not in text]
    assert open_places == []


def test_the_findings_name_exact_versions() -> None:
    commands = [text for name in sources() if name.startswith("findings/") for text in downloads(name)]
    assert commands
    # Jars are resolved by a call that names none: their exact version, in Maven's form, follows it.
    jars = [text for text in commands if "MavenContext" in text.splitlines()[0]]
    packages = [text.splitlines()[0] for text in commands if text not in jars]
    assert [text for text in packages if "==" not in text] == []
    assert [text for text in jars if not re.search(r'"[\w.]+:[\w.]+:\d[\w.]*"', text)] == []


@pytest.mark.parametrize("lock", [*LOCKS, *LAYERS], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_requirement_of_a_lock_is_one_version_with_hashes(lock: Path) -> None:
    entries = requirements(lock.read_text(encoding="utf-8"))
    assert entries
    pattern = re.compile(r"[\w.-]+(\[[\w,-]+\])?==\S+ (; [^-]* )? *(--hash=sha256:[0-9a-f]{64} *)+")
    assert [entry[:60] for entry in entries if not pattern.fullmatch(entry.replace("     ", " ").strip() + " ")] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_has_what_its_source_asks_for(lock: Path) -> None:
    asked = requirements(lock.with_suffix(".in").read_text(encoding="utf-8"))
    names = {entry.partition("==")[0] for entry in requirements(lock.read_text(encoding="utf-8"))}
    assert {re.split(r"[=<>[]", entry)[0].strip() for entry in asked} <= names
    exact = [entry for entry in asked if "==" in entry]
    assert [entry for entry in exact if f"{entry} " not in lock.read_text(encoding="utf-8")] == []


def test_every_package_of_the_projects_lock_has_hashes() -> None:
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    registry = [package for package in packages if "registry" in package["source"]]
    others = [package["name"] for package in packages if "registry" not in package["source"]]
    assert others == ["msk-vantiq-toolkit"]
    for package in registry:
        files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        assert files, package["name"]
        assert all(file["hash"].startswith("sha256:") for file in files), package["name"]


def test_versions_that_stand_in_two_places_are_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    locked = {package["name"]: package.get("version") for package in packages}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    builds = [entry.split()[0] for entry in requirements((ROOT / "locks" / "build.txt").read_text(encoding="utf-8"))]
    assert project["tool"]["uv"]["build-constraint-dependencies"] == builds
    # The emulator expands the template exactly as `sam validate` does.
    translator = f"aws-sam-translator=={locked['aws-sam-translator']}"
    assert translator in (ROOT / "locks" / "ministack.in").read_text(encoding="utf-8").splitlines()
    oldest = re.search(r"^OLDEST_SAM := (\S+)$", makefile, re.MULTILINE)
    assert oldest
    assert f"aws-sam-cli=={oldest[1]}" in (ROOT / "locks" / "oldest-sam.in").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("version", sorted({*VERSIONS, DEFAULT_VERSION}))
def test_every_version_of_kafka_that_is_tested_has_its_checksums(version: str) -> None:
    lines = file_of(version).read_text(encoding="utf-8").splitlines()
    assert len(lines) > 15
    assert all(re.fullmatch(r"[0-9a-f]{64}  [\w.-]+\.jar", line) for line in lines)


@pytest.fixture
def jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two jars whose checksums are written down as those of version 1.0.0."""
    monkeypatch.setattr("local.kafka.checksums.FOLDER", tmp_path / "checksums")
    library = tmp_path / "lib"
    library.mkdir()
    (library / "a.jar").write_bytes(b"a")
    (library / "b.jar").write_bytes(b"b")
    write("1.0.0", library)
    return library


def test_the_very_jars_are_accepted(jars: Path) -> None:
    verify("1.0.0", jars)


@pytest.mark.parametrize("change", ["another", "missing", "unexpected"])
def test_jars_that_differ_are_refused_by_name(jars: Path, change: str) -> None:
    if change == "another":
        (jars / "b.jar").write_bytes(b"c")
    elif change == "missing":
        (jars / "b.jar").unlink()
    else:
        (jars / "b.jar").rename(jars / "a2.jar")
    with pytest.raises(ChecksumError, match=r"1\.0\.0\.sha256 lists: .*b\.jar"):
        verify("1.0.0", jars)


def test_a_version_without_checksums_is_not_downloaded_and_the_message_says_how_to_write_them(tmp_path: Path) -> None:
    with pytest.raises(KafkaUnavailableError, match=r"python -m local\.kafka 3\.99\.0"):
        kafka_jars("3.99.0", tmp_path)
    assert list(tmp_path.iterdir()) == []
