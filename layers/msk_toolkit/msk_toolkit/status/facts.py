"""What was read about the path; the decisions use these facts and no client. Times are in seconds since 1970."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.probe.last_run import LastRun


class Fact[Value](NamedTuple):
    """What was read; ``why`` says why it is None, or what of it is missing."""

    value: Value | None = None
    why: str = ""


class StackFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the stack declares.

    Args:
        option: see :class:`~msk_toolkit.status.model.PathStatus`.
        topics: those that are forwarded, without the heartbeats'.
        heartbeat_topic: empty where heartbeats are not forwarded.
        group_prefix: the consumer group of a topic is named by this and the topic.
        logs: log groups, by the function's name without the stack's: ``forwarder``, ``producer-probe``.
        checks_targets: whether a schedule checks the targets in Vantiq.
    """

    name: str
    region: str
    option: str
    topics: Sequence[str]
    heartbeat_topic: str = ""
    group_prefix: str = ""
    logs: Mapping[str, str] = {}
    checks_targets: bool = True
    stale_after_seconds: float = 1800.0

    @property
    def forwarded(self) -> list[str]:
        """All topics that a mapping reads."""
        heartbeats = [self.heartbeat_topic] if self.heartbeat_topic else []
        return [*self.topics, *(topic for topic in heartbeats if topic not in self.topics)]

    def group_of(self, topic: str) -> str:
        """The consumer group of the topic's mapping."""
        return f"{self.group_prefix}{topic}"


class PlaceCounts(msgspec.Struct, frozen=True):
    """Records of a partition in one invocation of the forwarder."""

    received: int = 0
    delivered: int = 0
    dead_lettered: int = 0
    dropped: int = 0


class PlaceFailure(msgspec.Struct, frozen=True):
    """Why an invocation did not finish a partition.

    Args:
        place: topic and partition, ``orders-0``; empty where the line does not name it.
        kind: of :class:`msk_toolkit.forward.outcome.Failure`.
        cause: an id of :class:`msk_toolkit.path_causes.PathCause`.
    """

    place: str = ""
    kind: str = "retriable"
    cause: str = ""
    reason: str = ""

    @property
    def topic(self) -> str:
        """The topic of the place."""
        return self.place.rpartition("-")[0]


class DeliveryLine(msgspec.Struct, frozen=True):
    """An invocation of the forwarder, by partition; no failure where all of it is done.

    ``ended`` is False for one that keeps trying: it will report once more. ``unfinished`` are all partitions that are
    not done, also those that others held up: ``failures`` has none for them.
    """

    at: float
    places: Mapping[str, PlaceCounts] = {}
    failures: Sequence[PlaceFailure] = ()
    ended: bool = True
    unfinished: Collection[str] = ()


class CrashLine(msgspec.Struct, frozen=True):
    """An invocation that could not even report: wrong settings, a timeout, too little memory."""

    at: float
    reason: str


class SetAsideLine(msgspec.Struct, frozen=True):
    """A record that was set aside, by the forwarder's line about it; no part of the record itself."""

    at: float
    place: str
    offset: int
    reason: str = ""
    status: int = 0
    code: str = ""

    @property
    def topic(self) -> str:
        """The topic of the place."""
        return self.place.rpartition("-")[0]


class Deliveries(msgspec.Struct, frozen=True):
    """The forwarder's log.

    Args:
        lines: the oldest first.
        since: from when on it was read in full.
        crashes: the oldest first.
    """

    lines: Sequence[DeliveryLine] = ()
    since: float = 0.0
    crashes: Sequence[CrashLine] = ()


class GroupReading(msgspec.Struct, frozen=True):
    """A consumer group at the time of a probe's run.

    Args:
        records: what it has not committed; None where it could not be determined, and ``detail`` says why.
        seconds: the age of the oldest of that.
        committed, end: sums over ``partitions`` partitions of the committed and of the last offsets, where known.
        detail: also what is left out.
    """

    at: float
    records: int | None
    seconds: float | None = None
    committed: int | None = None
    end: int | None = None
    partitions: int = 0
    detail: str = ""


class CheckLine(msgspec.Struct, frozen=True):
    """A scheduled check's line in its log; ``failed`` if it could not compare anything.

    Args:
        retention: of each forwarded topic that is declared and has a limit.
    """

    at: float
    summary: str
    findings: Sequence[str] = ()
    well: bool = True
    failed: bool = False
    retention: Mapping[str, float] = {}


class LetterCount(msgspec.Struct, frozen=True):
    """Dead letters of a topic, and when the first and the last of them was written."""

    topic: str
    letters: int
    oldest: float
    newest: float


class LetterFacts(msgspec.Struct, frozen=True):
    """The bucket; ``at_least`` if the listing was cut off."""

    topics: Sequence[LetterCount] = ()
    to_import: int = 0
    at_least: bool = False


class AlarmFact(msgspec.Struct, frozen=True):
    """An alarm of the stack."""

    name: str
    is_on: bool
    since: float | None = None
    description: str = ""


class FailingSince(msgspec.Struct, frozen=True):
    """When a broker's current failures began; ``at_least`` if it may have been before what was read."""

    at: float
    at_least: bool = False


class PathFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was read.

    Args:
        failing: by probe, as in ``probes``, and by broker, as in the log lines; for probes that report a fault.
        groups: the readings of each consumer group, the oldest first.
        refusals: the last records that were set aside, the oldest first; they explain the letters.
        mappings: by the topic that they read.
    """

    now: float
    stack: StackFacts
    probes: Sequence[LastRun] = ()
    failing: Mapping[str, Mapping[str, FailingSince]] = {}
    deliveries: Fact[Deliveries] = Fact()
    groups: Fact[Mapping[str, Sequence[GroupReading]]] = Fact()
    mappings: Fact[Mapping[str, MappingState]] = Fact()
    letters: Fact[LetterFacts] = Fact()
    refusals: Fact[Sequence[SetAsideLine]] = Fact()
    declared: Fact[CheckLine] = Fact()
    targets: Fact[CheckLine] = Fact()
    alarms: Fact[Sequence[AlarmFact]] = Fact()
