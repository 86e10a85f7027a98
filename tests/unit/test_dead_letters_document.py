"""docs/dead-letters.md: its command for erasing really names every version, and its folders are those of the code."""

import re
from typing import Any

import jmespath
import pytest
from msk_toolkit.forward.dead_letters import LETTERS
from msk_toolkit.redrive.import_failures import FAILURES, IMPORTED
from msk_toolkit.redrive.letters import REPLAYED

from tests.template.stack import raw_template
from tests.unit.test_documents import DOCS

PAGE = (DOCS / "dead-letters.md").read_text(encoding="utf-8")
VERSION = {"Key": "a", "VersionId": "1", "IsLatest": False, "Size": 5}
MARKER = {"Key": "a", "VersionId": "2", "IsLatest": True}


@pytest.mark.parametrize(
    ("listed", "named"),
    [
        ({"Versions": [VERSION], "DeleteMarkers": [MARKER]}, ["1", "2"]),
        ({"Versions": [VERSION]}, ["1"]),
        ({"DeleteMarkers": [MARKER]}, ["2"]),
        ({}, []),
    ],
)
def test_every_version_and_marker_is_erased(listed: dict[str, Any], named: list[str]) -> None:
    (query,) = re.findall(r"--query '([^']+)'", PAGE)
    found = jmespath.search(query, listed)
    assert [each["VersionId"] for each in found["Objects"]] == named
    assert all(each.keys() == {"Key", "VersionId"} for each in found["Objects"])
    assert found["Quiet"] is True


def test_the_page_names_every_folder() -> None:
    folders = re.findall(r"^\| `([a-z/-]+/)` \|", PAGE, re.MULTILINE)
    assert sorted(folders) == sorted([LETTERS, REPLAYED, FAILURES, IMPORTED])


def test_the_page_says_the_defaults_of_the_template() -> None:
    parameters = raw_template()["Parameters"]
    assert f"{parameters['DeadLetterVersionDays']['Default']} days | `DeadLetterVersionDays`" in PAGE
    assert parameters["DeadLetterDays"]["Default"] == 0
