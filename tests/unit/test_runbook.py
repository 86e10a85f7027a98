"""The runbook has a section for every cause, where a verdict's link leads."""

from msk_toolkit.causes import Cause

from docs.runbook import CONFIRM, runbook_page


def test_every_cause_can_be_confirmed_and_nothing_else() -> None:
    assert list(CONFIRM) != []
    assert CONFIRM.keys() == set(Cause)


def test_every_cause_has_its_section_under_its_own_name() -> None:
    page = runbook_page("")
    headings = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert headings == list(Cause)
    assert page.count("**Meaning:**") == page.count("**Confirm:**") == page.count("**Fix:**") == len(Cause)
