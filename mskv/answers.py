"""The parts of the functions' answers that the commands read; all other fields are ignored."""

import msgspec


class TopicStep(msgspec.Struct, frozen=True):
    """One topic of a plan."""

    action: str
    topic: str


class TopicsPlan(msgspec.Struct, frozen=True):
    """What an apply would do."""

    steps: list[TopicStep] = []


class TopicsAnswer(msgspec.Struct, frozen=True):
    """Of TopicsFunction, to ``plan``."""

    status: str
    plan: TopicsPlan | None = None
    problems: list[str] = []


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
    listeners: list[Listener] = []
    findings: list[Finding] = []
    network: list[PathFinding] = []
    mapping: list[PathFinding] = []


class ConnectAnswer(msgspec.Struct, frozen=True):
    """Of ConnectFunction."""

    findings: list[Finding] = []


class LetterGroup(msgspec.Struct, frozen=True):
    """Dead letters that share topic, partition and reason."""

    topic: str
    reason: str
    letters: int
    partition: int | None = None
    code: str = ""


class Counts(msgspec.Struct, frozen=True):
    """What a replay did."""

    delivered: int = 0
    refused: int = 0


class RedriveAnswer(msgspec.Struct, frozen=True):
    """Of RedriveFunction."""

    groups: list[LetterGroup] = []
    waiting: int = 0
    done: Counts = Counts()
    stopped: str = ""


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
