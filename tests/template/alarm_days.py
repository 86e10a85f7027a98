"""A stack's days: what runs by its schedule, minute by minute, and the faults of every class."""

from collections.abc import Iterator
from typing import NamedTuple

from msk_toolkit.causes import Cause
from msk_toolkit.probe.results import BrokerReport
from msk_toolkit.stage import FaultClass, Stage

from tests.fakes.kafka_events import record
from tests.fakes.path_facts import healthy_facts
from tests.fakes.probe_runs import healthy_broker
from tests.template.alarm_mailer import AlarmMailer
from tests.template.alarm_world import AlarmWorld
from tests.template.functions_that_tell import SETTLED, Functions, failing

HOUR = 60
FAULTS: dict[FaultClass, tuple[Stage, Cause]] = {
    FaultClass.NETWORK: (Stage.TCP, Cause.CONNECTION_REFUSED),
    FaultClass.TLS: (Stage.TLS, Cause.TLS_EXPIRED),
    FaultClass.LOGIN: (Stage.SASL, Cause.AUTHENTICATION_FAILED),
    FaultClass.PERMISSION: (Stage.ACL, Cause.TOPIC_DENIED),
    FaultClass.BROKER: (Stage.METADATA, Cause.NOT_IN_METADATA),
    FaultClass.LOSS: (Stage.FETCH, Cause.RECORD_LOST),
}
PROBES = ("producer", "consumer")
# Of what runs every half an hour: the period, and the minute of the first run.
CHECKS = {"check": (30, 7), "targets": (30, 9)}
TWO = [record(0), record(1)]
HEALTHY = [healthy_broker(broker) for broker in (1, 2, 3)]


class Batch(NamedTuple):
    """What an invocation of the forwarder printed, and whether it ended in an error."""

    printed: str
    failed: bool


class Day:
    """A stack's day: what runs by its schedule, and what a test puts in place of it.

    A run is what a handler printed in it; where it stays the same it is printed again, and not run again.
    """

    def __init__(self, functions: Functions, every: int = 5, mailer: AlarmMailer | None = None, **answers: str) -> None:
        schedule = f"rate({every} minute{'' if every == 1 else 's'})"
        schedules = {"ProducerProbeSchedule": schedule, "ConsumerProbeSchedule": schedule}
        self.world = AlarmWorld(mailer, **schedules, **answers)
        self.every = every
        self.runs: dict[str, str | Iterator[str] | None] = {
            "producer": functions.probe("producer"),
            "consumer": functions.probe("consumer"),
            "check": functions.check(SETTLED),
            "targets": functions.check_targets(),
            "look": functions.look(healthy_facts()),
        }

    def go_on(self, minutes: int, each_minute: Batch | Iterator[Batch] | None = None) -> list[str]:
        """Let time pass, with an invocation of the forwarder in each minute; answers whose mails were sent."""
        before = len(self.world.mails)
        for _ in range(minutes):
            for name, run in self.runs.items():
                period, first = CHECKS.get(name, (self.every, 2))
                if run is not None and self.world.minute % period == first % period:
                    self.world.printed(run if isinstance(run, str) else next(run))
            if each_minute:
                self.forwarded(each_minute if isinstance(each_minute, Batch) else next(each_minute))
            self.world.pass_minute()
        return [name for _, name in self.world.mails[before:]]

    def forwarded(self, batch: Batch) -> None:
        """An invocation of the forwarder in this minute."""
        self.world.printed(batch.printed)
        self.world.invoked("ForwarderFunction", failed=batch.failed)


def seen(stage: str, cause: str) -> list[BrokerReport]:
    """Two healthy brokers, and one that fails like this."""
    return [*HEALTHY[:2], failing(3, stage, cause)]
