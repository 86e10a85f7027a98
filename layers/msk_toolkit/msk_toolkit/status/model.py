"""The state of the whole path from Kafka to Vantiq: what the command line, the dashboard, the console and mails show.

Times are ISO 8601 in UTC, rates are records per second, durations are seconds. What is not known is None, and a field
``why`` beside it says why.
"""

from typing import Literal

import msgspec

from msk_toolkit.diagnose.finding import Severity
from msk_toolkit.probe.results import Health
from msk_toolkit.version import ResponseVersion, current_version

PathHealth = Literal["healthy", "degraded", "down", "unknown"]
Part = Literal["brokers", "mapping", "forwarder", "letters", "topics", "targets", "alarms", "status"]
# failing: its last delivery failed. not-polling: its mapping is off, or its pollers fail. behind: records wait. idle:
# the mapping works, and has had no record to read yet.
TopicState = Literal["in-step", "idle", "behind", "failing", "not-polling", "unknown"]


class Problem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that a person must do or know.

    Args:
        severity: an error if records do not arrive, or may be lost; a warning if they arrive, and something needs a
            person; a note if something is not known.
        cause: an id of :class:`msk_toolkit.causes.Cause` or :class:`msk_toolkit.path_causes.PathCause`, or empty where
            there is no row for it.
        sentence: what is wrong, complete in itself.
        detail: what the peer, Lambda or the log said, empty where that adds nothing.
        topics: the forwarded topics that it concerns; empty where it is about all or none.
        since: when it began, as far as the logs that were read go back; None where that is not known.
        since_at_least: whether it may have begun before ``since``.
        tries: failed attempts since then, 0 where they are not counted.
        remedy: what to do, in a sentence.
        command: the command that does it or shows more, to be copied; empty where there is none.
        owner: who can fix it.
        runbook: the address of the documentation's section.
        log_group: where the evidence is.
    """

    severity: Severity
    part: Part
    cause: str = ""
    sentence: str
    detail: str = ""
    topics: list[str] = []
    broker: str = ""
    since: str | None = None
    since_at_least: bool = False
    tries: int = 0
    remedy: str = ""
    command: str = ""
    owner: str = ""
    runbook: str = ""
    log_group: str = ""


class BrokerStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A broker by the last run of the probes; ``stage`` is the first one that failed, empty where none did."""

    name: str
    healthy: bool
    stage: str = ""
    detail: str = ""


class ProbeStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The last run of a probe; ``status`` is None where none is known."""

    probe: str
    status: Health | None = None
    summary: str = ""
    seen: str | None = None
    age_seconds: float | None = None
    stale: bool = False
    why: str = ""


class BrokersStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All brokers; ``brokers`` is empty where no probe has reported."""

    health: PathHealth
    summary: str
    brokers: list[BrokerStatus] = []
    probes: list[ProbeStatus] = []


class MappingStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event source mapping as Lambda describes it; ``state`` is None where it could not be asked.

    Args:
        filters: the number of its filters; records that match none of them are not forwarded.
    """

    id: str = ""
    state: str | None = None
    reason: str = ""
    result: str = ""
    why: str = ""
    filters: int = 0


class LastError(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why records of a topic are not delivered: the sentence and the remedy of the problem that it is part of."""

    cause: str = ""
    sentence: str
    remedy: str = ""
    command: str = ""
    since: str | None = None
    tries: int = 0


class TopicStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A forwarded topic.

    Args:
        in_per_second: records that producers write; None where it is not known, and ``rates_why`` says why.
        out_per_second: records that Vantiq accepted or that were set aside.
        behind_records: what the forwarder's consumer group has not committed.
        behind_seconds: the age of the oldest of those records.
        behind_age_seconds: how old those two are.
        last_delivery: when Vantiq last acknowledged a record of it, as far as the log was read.
        letters: dead letters that wait; ``letters_at_least`` if there may be more.
        is_heartbeat: whether it carries the probes' heartbeats and no data.
    """

    topic: str
    state: TopicState
    mapping: MappingStatus
    in_per_second: float | None = None
    out_per_second: float | None = None
    rates_why: str = ""
    behind_records: int | None = None
    behind_seconds: float | None = None
    behind_age_seconds: float | None = None
    behind_why: str = ""
    last_delivery: str | None = None
    last_delivery_why: str = ""
    letters: int | None = None
    letters_at_least: bool = False
    last_error: LastError | None = None
    is_heartbeat: bool = False


class TopicLetters(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The dead letters of a topic; ``oldest`` and ``newest`` are when the objects were written."""

    topic: str
    letters: int
    oldest: str | None = None
    newest: str | None = None


class LettersStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The dead letters that wait; ``waiting`` is None where the bucket could not be listed.

    Args:
        at_least: whether there may be more than ``waiting``, because the listing was cut off.
        to_import: objects of the mappings' on-failure destination that are not imported yet.
    """

    waiting: int | None = None
    at_least: bool = False
    to_import: int = 0
    topics: list[TopicLetters] = []
    why: str = ""


class CheckStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The result of a scheduled check: the declared topics, or the targets in Vantiq.

    Args:
        state: ``unknown`` where no check has run, or its log could not be read.
        summary: the check's own line.
        findings: what it found, a line each.
    """

    state: Literal["well", "differs", "unknown"]
    summary: str = ""
    findings: list[str] = []
    checked: str | None = None
    age_seconds: float | None = None
    why: str = ""


class AlarmStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An alarm that is on."""

    name: str
    since: str | None = None
    description: str = ""


class AlarmsStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The stack's alarms: those that are on, and how many there are; ``total`` is None where they could not be read."""

    total: int | None = None
    on: list[AlarmStatus] = []
    why: str = ""


class PathStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The state of the whole path.

    Args:
        health: ``down`` if a problem is an error and no topic is delivered, or no broker works; ``degraded`` if
            there is any other error or warning; ``unknown`` if nothing is wrong and something is not known.
        summary: the worst problem in a sentence, or that all is well.
        time: when it was made.
        option: what a command needs to find the stack: ``--stack NAME --region R``, or ``--local``.
        topics: the forwarded topics, the worst first.
        problems: the worst first.
        unread: what could not be read, and why; a sentence each.
    """

    health: PathHealth
    summary: str
    time: str
    stack: str
    region: str
    option: str
    brokers: BrokersStatus
    topics: list[TopicStatus] = []
    letters: LettersStatus
    declared: CheckStatus
    targets: CheckStatus
    alarms: AlarmsStatus
    problems: list[Problem] = []
    unread: list[str] = []
    version: ResponseVersion = msgspec.field(default_factory=current_version)
