"""An alarm's text is the mail if nothing else can be made: what is wrong, the first command, the runbook."""

import re

import pytest
from msk_toolkit.version import document_url

from tests.mskv_syntax import not_understood
from tests.template.stack import Stack
from tests.unit.test_documents import DOCS

STACK = Stack(HeartbeatTarget="topic:/heart")
ALARMS = [*STACK.names("AWS::CloudWatch::Alarm"), *STACK.names("AWS::CloudWatch::CompositeAlarm")]
_TEXT = re.compile(r"\. First: (mskv .+) --stack shop --region eu-central-1\. See (\S+)$")
# CloudWatch's limit.
_LONGEST = 1024
_RUNBOOK = document_url("docs/runbook.md")


def description(alarm: str) -> str:
    text: str = STACK.properties(alarm)["AlarmDescription"]
    return text


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_says_what_is_wrong_what_to_type_first_and_where_to_read_on(alarm: str) -> None:
    match = _TEXT.search(description(alarm))
    assert match, description(alarm)
    page, _, section = match[2].partition("#")
    assert page == _RUNBOOK
    assert not section or f"\n## {section}\n" in (DOCS / "runbook.md").read_text("utf-8")
    assert len(description(alarm)) <= _LONGEST


@pytest.mark.parametrize("alarm", ALARMS)
def test_the_first_command_is_one_of_the_command_line(alarm: str) -> None:
    match = re.search(r"First: (mskv .+)\. See ", description(alarm))
    assert match
    assert not_understood(match[1]) == ""
