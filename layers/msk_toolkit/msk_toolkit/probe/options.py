"""What a run of a probe goes by, as one value."""

import time
from collections.abc import Callable, Sequence

import msgspec

from msk_toolkit.backoff import Sleep
from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.context import ClusterContext, KnownContext
from msk_toolkit.probe.heartbeat import Writer

# One for the life of the process: its numbers go on from run to run.
_WRITER = Writer()


class ProbeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What both probes go by.

    Args:
        topic: the topic of the heartbeats.
        deadline: when the whole run must have ended.
        stage_seconds: the most that one stage may take.
        warn_days: a certificate that expires within so many days is worth a warning. MSK renews its own long before.
        context: asked when the brokers have answered: how many there should be, and what explains a failure.
        now: seconds since 1970.
        sleep: pauses between attempts.
    """

    topic: str
    deadline: Deadline
    stage_seconds: float
    warn_days: float = 14.0
    context: ClusterContext = KnownContext()
    now: Callable[[], float] = time.time
    sleep: Sleep = time.sleep


class ProducerOptions(ProbeOptions, frozen=True, kw_only=True):
    """What the producer probe goes by.

    Args:
        writer: numbers the heartbeats; by default that of this process.
    """

    writer: Writer = _WRITER


class ConsumerOptions(ProbeOptions, frozen=True, kw_only=True):
    """What the consumer probe goes by.

    Args:
        group: the probe's own consumer group.
        max_records: so many records are read at most; the others are left to the next run.
        watched_groups: other groups, whose lag is reported.
    """

    group: str
    max_records: int = 1000
    watched_groups: Sequence[str] = ()
