"""The last run of a probe, as its log has it."""

from typing import Any, get_args

import msgspec

from msk_toolkit.aws.call import call_within
from msk_toolkit.aws.log_lines import LogLine, newest_line
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.probe.results import BrokerReport, Health, Verdict

# The line that a probe writes at each run's end; every other line of the log is left out by it.
_PATTERN = f"{{ {' || '.join(f'($.verdict.status = "{status}")' for status in get_args(Health))} }}"
# A probe that has been silent for longer has been an alarm for longer, too.
_BACK_SECONDS = 2 * 86_400


class ProbeRun(msgspec.Struct, frozen=True):
    """The result of a run: the fields of the probe's log line that the matrix shows."""

    verdict: Verdict
    brokers: list[BrokerReport]


class LastRun(msgspec.Struct, frozen=True):
    """The last run of ``probe``, and its age in seconds; ``run`` is None where none is known, and ``why`` says why."""

    probe: str
    run: ProbeRun | None = None
    age_seconds: float = 0.0
    why: str = ""


def last_run(logs: Any, probe: str, group: str, *, now: float, deadline: Deadline) -> LastRun:
    """Look into the probe's log; what prevents that is in the result and not an error.

    Args:
        logs: boto3's ``logs`` client.
        probe: its name for people.
        group: its log group.
        now: seconds since 1970.
    """
    try:
        line = call_within(
            deadline,
            f"reading the log {group}",
            lambda: newest_line(logs, group, _PATTERN, _read, now=now, back_seconds=_BACK_SECONDS),
        )
    except ToolkitError as error:
        return LastRun(probe, why=str(error))
    if line is None:
        return LastRun(probe, why=f"not yet run, or not in the last {_BACK_SECONDS // 3600} hours; see the log {group}")
    written_at, run = line
    return LastRun(probe, run, max(0.0, now - written_at))


def _read(line: LogLine) -> tuple[float, ProbeRun] | None:
    try:
        return line.written_at, msgspec.json.decode(line.text, type=ProbeRun)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
