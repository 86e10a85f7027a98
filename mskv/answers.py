"""The parts of the functions' answers that the commands read; all other fields are ignored."""

from typing import Any

import msgspec


class TopicStep(msgspec.Struct, frozen=True):
    """One topic of a plan."""

    action: str
    topic: str


class TopicsPlan(msgspec.Struct, frozen=True):
    """What an apply would do."""

    steps: list[TopicStep]


class TopicsAnswer(msgspec.Struct, frozen=True):
    """Of TopicsFunction; ``drift`` counts topics by kind, to ``check``."""

    status: str
    plan: TopicsPlan | None = None
    problems: list[str] = []
    drift: dict[str, int] = {}
    table: str = ""


class OffsetsAnswer(msgspec.Struct, frozen=True):
    """Of TopicsFunction, about the offsets of a group; ``moves`` go back to it as they are."""

    status: str
    group: str
    state: str = ""
    moves: list[dict[str, Any]] = []
    repeated: int = 0
    skipped: int = 0
    problems: list[str] = []
    table: str = ""


class ExportedTopic(msgspec.Struct, frozen=True):
    """A topic of the cluster as topics.yaml declares it; ``note`` is what a declaration can't say."""

    name: str
    partitions: int
    replication_factor: int
    config: dict[str, str] = {}
    note: str = ""


class ExportAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """Of TopicsFunction, to ``export``; with ``next_after`` the topics that come after these are asked for."""

    topics: list[ExportedTopic]
    problems: list[str] = []
    next_after: str = ""


class Verdict(msgspec.Struct, frozen=True, rename="camel"):
    """A probe's."""

    status: str
    summary: str
    remedy: str | None = None
    runbook: str | None = None
    warnings: list[str] = []
    findings: list[str] = []


class ProbeAnswer(msgspec.Struct, frozen=True):
    """Of either probe."""

    verdict: Verdict
    table: str = ""


class GroupLag(msgspec.Struct, frozen=True):
    """How far a consumer group is behind; None where that is not known."""

    group: str
    records: int | None = None
    seconds: float | None = None
    detail: str | None = None


class LagAnswer(msgspec.Struct, frozen=True):
    """Of ConsumerProbeFunction."""

    groups: list[GroupLag]


class Listener(msgspec.Struct, frozen=True, rename="camel"):
    """One listener as diagnose probed it."""

    network: str
    protocol: str
    in_use: bool
    status: str
    summary: str


class PathFinding(msgspec.Struct, frozen=True):
    """What diagnose reports of the network paths, or of the mapping's pollers."""

    severity: str
    code: str
    text: str
    remedy: str = ""


class Finding(msgspec.Struct, frozen=True):
    """What connect or diagnose reports."""

    severity: str
    subject: str
    text: str


class DiagnoseAnswer(msgspec.Struct, frozen=True):
    """Of DiagnoseFunction."""

    summary: str
    status: str = ""
    table: str = ""
    listeners: list[Listener] = []
    findings: list[Finding] = []
    network: list[PathFinding] = []
    mapping: list[PathFinding] = []


class ModeUse(msgspec.Struct, frozen=True):
    """Whether a client can use an auth mode; ``known`` is false where only documents say so."""

    usable: bool
    known: bool
    reason: str


class ConnectMode(msgspec.Struct, frozen=True):
    """An auth mode of the cluster."""

    mode: str
    state: str
    vantiq: ModeUse
    forwarder: ModeUse


class ClientFiles(msgspec.Struct, frozen=True):
    """Texts by the files' names; they may hold the password."""

    files: dict[str, str] = {}


class RoundTrip(msgspec.Struct, frozen=True):
    """Whether a message was sent to Kafka through Vantiq's source, and received through it."""

    topic: str
    published: bool
    received: bool


class Registration(msgspec.Struct, frozen=True):
    """What was planned, or done, in Vantiq; ``test`` after a registration."""

    table: str
    test: RoundTrip | None = None


class PollerAccess(msgspec.Struct, frozen=True):
    """What the mappings' pollers need on topics and groups."""

    acls: list[str] = []
    statements: list[dict[str, Any]] = []
    notes: list[str] = []


class ConnectAnswer(msgspec.Struct, frozen=True):
    """Of ConnectFunction."""

    pollers: PollerAccess | None = None
    findings: list[Finding] = []
    auth_modes: list[ConnectMode] = []
    client: ClientFiles | None = None
    registration: Registration | None = None


class CheckedTarget(msgspec.Struct, frozen=True):
    """A target of the forwarder: ``fit``, ``unfit`` or ``unknown``, and why."""

    state: str
    reason: str = ""


class TargetsAnswer(msgspec.Struct, frozen=True):
    """Of ConnectFunction, to ``check``."""

    targets: list[CheckedTarget]
    table: str = ""
    problems: list[str] = []


class LetterGroup(msgspec.Struct, frozen=True):
    """Dead letters that share topic, partition and reason."""

    topic: str
    reason: str
    letters: int
    partition: int | None = None
    code: str = ""
    target: str = ""
    oldest: str | None = None


class Counts(msgspec.Struct, frozen=True):
    """What a replay did."""

    delivered: int = 0
    refused: int = 0
    imported: int = 0
    gone: int = 0


class RedriveAnswer(msgspec.Struct, frozen=True):
    """Of RedriveFunction."""

    groups: list[LetterGroup] = []
    waiting: int = 0
    done: Counts = Counts()
    stopped: str = ""
    continues: bool = False
    unreadable: list[str] = []
    without_target: list[str] = []


class LetterAnswer(msgspec.Struct, frozen=True):
    """Of RedriveFunction, to ``inspect``; the letter's fields differ by its reason."""

    letter: dict[str, Any]


class Written(msgspec.Struct, frozen=True):
    """Of ProducerProbeFunction, to ``write_record``."""

    topic: str
    partition: int
    offset: int
    id: str


class Followed(msgspec.Struct, frozen=True):
    """Of ConsumerProbeFunction, to ``follow_record``."""

    done: bool
    group: str
    committed: int | None = None
    detail: str = ""
