"""CHANGELOG.md: the section Unreleased becomes the section of a version."""

import re
from datetime import date

from release.errors import ReleaseError

_UNRELEASED = "## Unreleased"


def dated(changelog: str, version: str, day: date) -> str:
    """The changelog with what was unreleased under the version and the day, and an empty section for what comes next.

    Raises:
        ReleaseError: there is nothing unreleased, or the version has a section already.
    """
    if f"\n## {version} " in changelog:
        raise ReleaseError(
            f"CHANGELOG.md has a section {version} already: choose a new version with make version NEW=X.Y.Z"
        )
    if not section(changelog, "Unreleased"):
        raise ReleaseError("CHANGELOG.md has nothing in its section Unreleased: write down what has changed")
    return changelog.replace(_UNRELEASED, f"{_UNRELEASED}\n\n## {version} ({day.isoformat()})", 1)


def section(changelog: str, name: str) -> str:
    """The text of a section, without its heading; empty if there is none or nothing in it."""
    match = re.search(rf"^## {re.escape(name)}\b[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return match[1].strip() if match else ""
