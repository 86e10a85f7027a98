"""The state of the whole path, as StatusFunction answers it; `mskv status` ignores all other fields."""

import msgspec


class PathProblem(msgspec.Struct, frozen=True, rename="camel"):
    """Something that is wrong, or not known; ``command`` can be copied."""

    severity: str
    part: str
    sentence: str
    detail: str = ""
    since: str | None = None
    since_at_least: bool = False
    tries: int = 0
    remedy: str = ""
    command: str = ""
    owner: str = ""
    runbook: str = ""
    log_group: str = ""


class PathMapping(msgspec.Struct, frozen=True, rename="camel"):
    """The event source mapping of a topic; records that match none of its ``filters`` are not forwarded."""

    state: str | None = None
    filters: int = 0

    @property
    def text(self) -> str:
        """``Enabled``, ``Enabled, filtered``; empty where it is not known."""
        if self.state and self.filters:
            return f"{self.state}, filtered"
        return self.state or ""


class PathTopic(msgspec.Struct, frozen=True, rename="camel"):
    """A forwarded topic; rates in records per second, times in seconds, None for what is not known."""

    topic: str
    state: str
    mapping: PathMapping
    in_per_second: float | None = None
    out_per_second: float | None = None
    behind_records: int | None = None
    behind_seconds: float | None = None
    last_delivery: str | None = None
    letters: int | None = None
    letters_at_least: bool = False
    is_heartbeat: bool = False


class PathBroker(msgspec.Struct, frozen=True, rename="camel"):
    """A broker."""

    name: str
    stage: str = ""
    detail: str = ""


class PathProbe(msgspec.Struct, frozen=True, rename="camel"):
    """The last run of a probe."""

    age_seconds: float | None = None


class PathBrokers(msgspec.Struct, frozen=True, rename="camel"):
    """The brokers by the probes' last runs."""

    health: str
    summary: str
    brokers: list[PathBroker] = []
    probes: list[PathProbe] = []


class PathTopicLetters(msgspec.Struct, frozen=True, rename="camel"):
    """The dead letters of a topic."""

    topic: str
    letters: int


class PathLetters(msgspec.Struct, frozen=True, rename="camel"):
    """The dead letters; ``waiting`` is None where that is not known."""

    waiting: int | None = None
    at_least: bool = False
    to_import: int = 0
    topics: list[PathTopicLetters] = []
    why: str = ""


class PathCheck(msgspec.Struct, frozen=True, rename="camel"):
    """A scheduled check."""

    state: str
    summary: str = ""
    age_seconds: float | None = None
    why: str = ""


class PathAlarm(msgspec.Struct, frozen=True, rename="camel"):
    """An alarm that is on."""

    name: str
    since: str | None = None


class PathAlarms(msgspec.Struct, frozen=True, rename="camel"):
    """The alarms; ``total`` is None where that is not known."""

    total: int | None = None
    on: list[PathAlarm] = []
    why: str = ""


class PathAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """Of StatusFunction."""

    health: str
    time: str
    brokers: PathBrokers
    letters: PathLetters
    declared: PathCheck
    targets: PathCheck
    alarms: PathAlarms
    topics: list[PathTopic] = []
    problems: list[PathProblem] = []
    unread: list[str] = []
