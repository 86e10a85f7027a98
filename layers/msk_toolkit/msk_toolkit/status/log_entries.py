"""Lines of the functions' logs as facts; a line that is something else is None."""

import msgspec

from msk_toolkit.aws.log_lines import LogLine
from msk_toolkit.probe.results import BROKER_LINE, GROUP_LINE
from msk_toolkit.status.facts import (
    CheckLine,
    CrashLine,
    DeliveryLine,
    GroupReading,
    PlaceCounts,
    PlaceFailure,
    SetAsideLine,
)
from msk_toolkit.telemetry.metrics import Metric

_DELIVERED, _INCOMPLETE, _WAITS = "delivered", "delivery incomplete", "delivery waits"
# What reports an incomplete delivery to the mapping; the line before it has the reason.
_REPORTED = "DeliveryIncompleteError"
FORWARDER_PATTERN = (
    f'{{ ($.message = "{_DELIVERED}") || ($.message = "{_INCOMPLETE}*") || ($.message = "{_WAITS}*") || '
    '($.errorType = "*") || ($.record.status = "timeout") }'
)
BROKER_PATTERN = f'{{ $.message = "{BROKER_LINE}" }}'
GROUP_PATTERN = f'{{ $.message = "{GROUP_LINE}" }}'
# A complete apply leaves no difference, as a check that finds none.
CHECK_PATTERN = '{ ($.action = "check") || ($.action = "apply") }'
REFUSAL_PATTERN = '{ $.message = "record refused" }'
_LONGEST_REASON = 500


class _DeliveryEntry(msgspec.Struct, frozen=True):
    message: str
    places: dict[str, PlaceCounts] = {}
    failures: list[PlaceFailure] = []
    # With the offset of the first record that is not done.
    unfinished: dict[str, int] = {}


class _CrashEntry(msgspec.Struct, frozen=True):
    # Lambda's own line about an exception.
    errorType: str  # noqa: N815 - Lambda's name
    errorMessage: str = ""  # noqa: N815 - Lambda's name


class _RefusalEntry(msgspec.Struct, frozen=True):
    message: str
    place: str
    offset: int
    reason: str = ""
    status: int = 0
    code: str = ""


class _Report(msgspec.Struct, frozen=True):
    status: str


class _ReportEntry(msgspec.Struct, frozen=True):
    record: _Report


class _BrokerEntry(msgspec.Struct, frozen=True):
    message: str
    broker: str
    failed_stage: int


class _GroupEntry(msgspec.Struct, frozen=True):
    message: str
    group: str
    records: int | None = None
    seconds: float | None = None
    committed: int | None = None
    end: int | None = None
    partitions: int = 0
    detail: str = ""


class _TopicsEntry(msgspec.Struct, frozen=True):
    message: str
    action: str
    status: str
    problems: list[str] = []
    counts: dict[str, float] = {}
    retention_ms: dict[str, float] = {}
    only: list[str] = []


class _TargetsEntry(msgspec.Struct, frozen=True):
    message: str
    action: str
    targets: list[str]
    problems: list[str] = []
    counts: dict[str, float] = {}


def read_delivery(line: LogLine) -> DeliveryLine | None:
    """An invocation of the forwarder that reported what became of its records, or that they wait for now."""
    entry = _decoded(line, _DeliveryEntry)
    if entry is None or not (entry.places or entry.failures):
        return None
    if not entry.message.startswith((_DELIVERED, _INCOMPLETE, _WAITS)):
        return None
    ended = not entry.message.startswith(_WAITS)
    return DeliveryLine(line.written_at, entry.places, entry.failures, ended, list(entry.unfinished))


def read_crash(line: LogLine) -> CrashLine | None:
    """An invocation of the forwarder that ended without that."""
    crash = _decoded(line, _CrashEntry)
    if crash is not None and crash.errorType != _REPORTED:
        return CrashLine(line.written_at, f"{crash.errorType}: {crash.errorMessage}"[:_LONGEST_REASON])
    report = _decoded(line, _ReportEntry)
    if report is not None and report.record.status == "timeout":
        return CrashLine(line.written_at, "the function's timeout ended an invocation")
    return None


def read_refusal(line: LogLine) -> SetAsideLine | None:
    """A record that the forwarder set aside."""
    entry = _decoded(line, _RefusalEntry)
    if entry is None or entry.message != "record refused":
        return None
    return SetAsideLine(line.written_at, entry.place, entry.offset, entry.reason, entry.status, entry.code)


def broker_failed(line: LogLine) -> tuple[str, bool] | None:
    """A broker's name in a probe's line about it, and whether a stage failed."""
    entry = _decoded(line, _BrokerEntry)
    if entry is None or entry.message != BROKER_LINE:
        return None
    return entry.broker, entry.failed_stage > 0


def group_reading(line: LogLine) -> tuple[str, GroupReading] | None:
    """A group's name and its lag at the time of a run of the consumer probe."""
    entry = _decoded(line, _GroupEntry)
    if entry is None or entry.message != GROUP_LINE:
        return None
    reading = GroupReading(
        at=line.written_at,
        records=entry.records,
        seconds=entry.seconds,
        committed=entry.committed,
        end=entry.end,
        partitions=entry.partitions,
        detail=entry.detail,
    )
    return entry.group, reading


def topics_check(line: LogLine) -> CheckLine | None:
    """A check of all declared topics, or an apply, after which they are as declared."""
    entry = _decoded(line, _TopicsEntry)
    if entry is None or entry.only or entry.action not in {"check", "apply"}:
        return None
    drifted = bool(entry.counts.get(Metric.TOPICS_DRIFTED))
    retention = {topic: milliseconds / 1000 for topic, milliseconds in entry.retention_ms.items()}
    complete = entry.status in {"checked", "applied"}
    summary = entry.message
    if entry.status == "applied":
        summary = "applied, so the topics match their declaration"
    return CheckLine(
        line.written_at,
        summary,
        entry.problems,
        well=complete and not drifted,
        failed=not complete,
        retention=retention,
    )


def targets_check(line: LogLine) -> CheckLine | None:
    """A check of the targets in Vantiq."""
    entry = _decoded(line, _TargetsEntry)
    if entry is None or entry.action != "check":
        return None
    findings = [*entry.targets, *entry.problems]
    unfit = bool(entry.counts.get(Metric.TARGETS_UNFIT)) or bool(entry.problems)
    # Whether a target is fit is unknown where Vantiq could not be asked.
    return CheckLine(line.written_at, entry.message, findings, well=not findings, failed=bool(findings) and not unfit)


def _decoded[Entry](line: LogLine, form: type[Entry]) -> Entry | None:
    try:
        return msgspec.json.decode(line.text, type=form)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return None
