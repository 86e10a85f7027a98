"""The built stack as it is handed out: zip files beside a template that names them."""

import re
import shutil
from pathlib import Path

from release.archive import zip_folder
from release.errors import ReleaseError

# topics.yaml lies in it, which is for whoever deploys to write: so it is not packed.
UNPACKED = "TopicsFunction"
_ARTIFACT = re.compile(r"^(      (?:CodeUri|ContentUri): )(\w+)$", re.MULTILINE)
# Only here: with these in the template each deployment would upload the two files, and builds would name other paths.
_LICENSE_ID = re.compile(r"^(    SpdxLicenseId: .*)$", re.MULTILINE)
_DOCUMENTS = "    LicenseUrl: LICENSE\n    ReadmeUrl: README.md"


def artifacts(template: str) -> list[str]:
    """The folders that a built template names, in its order."""
    return [match[2] for match in _ARTIFACT.finditer(template)]


def packaged_template(template: str) -> str:
    """The built template as it is published: zip files in the place of all folders but one, license and README."""
    zipped = _ARTIFACT.sub(lambda match: match[1] + _packed_name(match[2]), template)
    return _LICENSE_ID.sub(rf"\1\n{_DOCUMENTS}", zipped)


def _packed_name(name: str) -> str:
    if name == UNPACKED:
        return name
    return f"{name}.zip"


def package_stack(build: Path, target: Path) -> None:
    """Write the template and its artifacts into a folder.

    Raises:
        ReleaseError: the build lacks a folder that its template names.
    """
    template = (build / "template.yaml").read_text(encoding="utf-8")
    names = artifacts(template)
    missing = [name for name in names if not (build / name).is_dir()]
    if missing or UNPACKED not in names:
        raise ReleaseError(f"the build is not complete: {', '.join(missing) or UNPACKED} is missing")
    for name in names:
        if name == UNPACKED:
            shutil.copytree(build / name, target / name)
        else:
            zip_folder(build / name, target / f"{name}.zip")
    (target / "template.yaml").write_text(packaged_template(template), encoding="utf-8")
