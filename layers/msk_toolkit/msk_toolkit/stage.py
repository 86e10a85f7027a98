"""The registry of stages: one row for each step from a broker's name to a commit.

A new stage is a row here, at the place where it is run. What publishes, draws or documents stages reads these rows;
tests/unit/test_stage_registry.py names whatever has to be written by hand and is still missing.
"""

from enum import StrEnum
from typing import Self


class Probe(StrEnum):
    """The probes, by the word that their names and log groups begin with."""

    PRODUCER = "producer"
    CONSUMER = "consumer"


class FaultClass(StrEnum):
    """Which kind of fault a failure counts as: each is a metric of its own."""

    NETWORK = "network"
    TLS = "tls"
    LOGIN = "login"
    PERMISSION = "permission"
    BROKER = "broker"
    LOSS = "loss"


_BOTH = frozenset(Probe)
_PRODUCER = frozenset({Probe.PRODUCER})
_CONSUMER = frozenset({Probe.CONSUMER})
_NEITHER: frozenset[Probe] = frozenset()


class Stage(StrEnum):
    """A step of a connection with a broker, in the order in which the steps are run.

    ``number`` is what the metric FailedStage and the log field ``failed_stage`` publish. It is not the position: a new
    stage takes the next free number wherever its row is, so that the numbers of the past keep their meaning. ``metric``
    is the name of the metric of the stage's latency in milliseconds; ``probes`` run it; ``fault_class`` is what its
    failures count as where their cause has no class of its own.
    """

    number: int
    metric: str
    probes: frozenset[Probe]
    fault_class: FaultClass
    position: int

    def __new__(cls, name: str, number: int, metric: str, probes: frozenset[Probe], fault_class: FaultClass) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.number = number
        member.metric = metric
        member.probes = probes
        member.fault_class = fault_class
        member.position = len(cls.__members__)
        return member

    DNS = "dns", 1, "DnsLatency", _BOTH, FaultClass.NETWORK
    TCP = "tcp", 2, "TcpLatency", _BOTH, FaultClass.NETWORK
    TLS = "tls", 3, "TlsLatency", _BOTH, FaultClass.TLS
    SASL = "sasl", 4, "SaslLatency", _BOTH, FaultClass.LOGIN
    METADATA = "metadata", 5, "MetadataLatency", _BOTH, FaultClass.BROKER
    ACL = "acl", 6, "AclLatency", _BOTH, FaultClass.BROKER
    PRODUCE = "produce", 7, "ProduceLatency", _PRODUCER, FaultClass.BROKER
    FETCH = "fetch", 8, "FetchLatency", _BOTH, FaultClass.BROKER
    COMMIT = "commit", 9, "CommitLatency", _CONSUMER, FaultClass.BROKER
    # Asked about a group and not about a broker: in no broker's report, and so without number and metric.
    LAG = "lag", 0, "", _NEITHER, FaultClass.BROKER

    def comes_after(self, other: "Stage") -> bool:
        """Whether this stage is run later than ``other``."""
        return self.position > other.position


def stages_of(probe: Probe) -> tuple[Stage, ...]:
    """The stages that a probe runs, in their order."""
    return tuple(stage for stage in Stage if probe in stage.probes)


PROBE_STAGES = tuple(stage for stage in Stage if stage.probes)
PRODUCER_STAGES = stages_of(Probe.PRODUCER)
CONSUMER_STAGES = stages_of(Probe.CONSUMER)
# What can be seen of a listener without credentials.
CONNECTION_STAGES = tuple(stage for stage in PROBE_STAGES if not stage.comes_after(Stage.SASL))
# What the numbers of FailedStage mean, for titles and documents: "0 none, 1 dns, 2 tcp, ...".
STAGE_NUMBERS = ", ".join(["0 none", *(f"{stage.number} {stage}" for stage in PROBE_STAGES)])
