"""What the function wrote in its own log when an alarm went off: its memory for the mail that says that it is over."""

from typing import Any

import msgspec
from aws_lambda_powertools import Logger

from msk_toolkit.alarms.change import AlarmChange
from msk_toolkit.alarms.document import MailProblem
from msk_toolkit.alarms.facts import AlarmStart
from msk_toolkit.aws.call import call_within
from msk_toolkit.aws.log_lines import LogLine, newest_line
from msk_toolkit.deadline import Deadline

LINE = "alarm mail"
# Alarms are rarely on for longer; the mail then doesn't say since when.
_BACK_SECONDS = 30 * 86_400.0


class _Line(msgspec.Struct, frozen=True):
    alarm: str
    at: float
    problem: MailProblem


def remember(logger: Logger, change: AlarmChange, problem: MailProblem) -> None:
    """Write the line of an alarm that went off."""
    logger.info(LINE, extra={"alarm": change.name, "at": change.at, "problem": msgspec.to_builtins(problem)})


def beginning_of(logs: Any, group: str, change: AlarmChange, *, now: float, deadline: Deadline) -> AlarmStart | None:
    """When the alarm that is over went off; None where the log doesn't say.

    Args:
        logs: boto3's ``logs`` client.
        group: the function's own log group.
        now: seconds since 1970.

    Raises:
        AwsError: denied, or no answer.
    """

    def read(line: LogLine) -> AlarmStart | None:
        try:
            entry = msgspec.json.decode(line.text, type=_Line)
        except msgspec.MsgspecError:
            return None
        if entry.alarm != change.name or entry.at > change.at:
            return None
        return AlarmStart(entry.at, entry.problem)

    pattern = f'{{ $.message = "{LINE}" }}'
    return call_within(
        deadline,
        f"reading the log {group}",
        lambda: newest_line(logs, group, pattern, read, now=now, back_seconds=_BACK_SECONDS),
    )
