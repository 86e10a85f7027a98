"""The runbook has a section for every cause, where a verdict's link leads."""

import re

import pytest
from msk_toolkit.causes import Cause, Owner
from msk_toolkit.path_causes import PathCause

from docs.runbook import CONFIRM, runbook_page
from docs.runbook_path import CONFIRM_PATH
from tests.mskv_syntax import not_understood

PAGE = runbook_page("")


def test_every_cause_can_be_confirmed_and_nothing_else() -> None:
    assert list(CONFIRM) != []
    assert CONFIRM.keys() == set(Cause)
    assert CONFIRM_PATH.keys() == set(PathCause)


def test_every_cause_has_its_section_under_its_own_name() -> None:
    headings = [line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## ")]
    assert headings == [*PathCause, *Cause]
    assert len(set(headings)) == len(headings)
    sections = len(headings)
    assert PAGE.count("**Meaning:**") == PAGE.count("**Confirm:**") == PAGE.count("**Fix:**") == sections


@pytest.mark.parametrize("cause", PathCause)
def test_a_cause_of_the_path_has_owner_remedy_and_the_exact_command(cause: PathCause) -> None:
    assert isinstance(cause.owner, Owner)
    assert cause.meaning.endswith((".", ")."))
    assert cause.remedy.endswith((".", ")."))
    section = PAGE.split(f"## {cause}\n")[1].split("\n## ")[0]
    assert f"**Meaning:** {cause.meaning} **Owner:** {cause.owner}." in section
    assert f"**Fix:** {cause.remedy}\n\n```sh\n{cause.command}\n```" in section
    assert cause.command.startswith(("mskv ", "sam remote invoke "))


@pytest.mark.parametrize("cause", [*PathCause, *Cause])
def test_the_page_begins_with_a_table_of_all_causes(cause: Cause | PathCause) -> None:
    assert f"| [{cause}](#{cause}) | {cause.meaning} | {cause.owner} |" in PAGE


SHOWN = sorted({match[1] for match in re.finditer(r"(?:^|`)(mskv [^`\n]+)", PAGE, re.MULTILINE)} - {"mskv is"})


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_of_the_page_is_one_that_the_command_line_understands(command: str) -> None:
    assert not_understood(command.replace("TOPIC/PARTITION/OFFSET", "orders/0/42")) == ""


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    assert not_understood("mskv mapping start orders")
    assert not_understood("mskv lag --fast")


def test_a_command_names_the_topic_that_the_problem_is_about() -> None:
    assert PathCause.MAPPING_DISABLED.command_for("orders") == "mskv mapping enable orders"
    assert PathCause.MAPPING_DISABLED.command_for("") == "mskv mapping enable TOPIC"
