"""The built stack as it is handed out: zip files beside a template that names them."""

import re
import shutil
from pathlib import Path

from release.archive import zip_folder
from release.errors import ReleaseError

# topics.yaml lies in it, which is for whoever deploys to write: so it is not packed.
UNPACKED = "TopicsFunction"
_ARTIFACT = re.compile(r"^(      (?:CodeUri|ContentUri): )(\w+)$", re.MULTILINE)
# `sam build` makes these relative to where the sources are.
_SOURCE_FILE = re.compile(r"^(    (?:LicenseUrl|ReadmeUrl): )\S*?([\w.]+)$", re.MULTILINE)


def artifacts(template: str) -> list[str]:
    """The folders that a built template names, in its order."""
    return [match[2] for match in _ARTIFACT.finditer(template)]


def packaged_template(template: str) -> str:
    """The built template with a zip file in the place of each folder but one."""
    zipped = _ARTIFACT.sub(lambda match: f"{match[1]}{match[2]}{'' if match[2] == UNPACKED else '.zip'}", template)
    return _SOURCE_FILE.sub(r"\1\2", zipped)


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
