"""Records through the whole path: written to Kafka, followed to Vantiq, with progress bars on a terminal."""

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.demo.accounting import Account, Produced, account
from local.demo.journal import Deliveries, Place
from local.demo.records import Outgoing, produce
from local.system import System

DELIVERY_SECONDS = 90.0


class Traffic:
    """Writes records, and remembers them until they are counted."""

    def __init__(self, system: System, console: Console) -> None:
        self._system = system
        self._console = console
        self._deliveries = Deliveries(system.vantiq_journal, system.resources.cluster_arn)
        self._produced: list[Produced] = []

    def send(self, topic: str, records: list[Outgoing]) -> None:
        """Write records that Vantiq is to receive."""
        self._produced += self._produce(topic, records)

    def send_uncounted(self, topic: str, records: list[Outgoing]) -> None:
        """Write records that Vantiq is to refuse."""
        self._produce(topic, records)

    def delivered(self) -> bool:
        """Wait until Vantiq has everything; returns whether it got it in time."""
        places = self._places()
        with self._progress() as progress:
            task = progress.add_task("delivered to Vantiq", total=len(places))
            return self._deliveries.wait_for(
                places, DELIVERY_SECONDS, lambda count: progress.update(task, completed=count)
            )

    def missing(self) -> int:
        """How many records Vantiq has not accepted yet."""
        return len(self._places() - self._deliveries.read())

    def received(self, topic: str) -> list[dict[str, Any]]:
        """The envelopes of a topic's records that Vantiq has accepted, in its order."""
        places = self._places()
        envelopes = [envelope for envelope in self._deliveries.envelopes if envelope["topic"] == topic]
        return [envelope for envelope in envelopes if (topic, envelope["partition"], envelope["offset"]) in places]

    def polled(self) -> int:
        """How many records the event source mappings have read so far."""
        return sum(stats.polled for stats in self._system.poller_stats())

    def account(self) -> Account:
        """Everything that was produced against everything that Vantiq accepted."""
        self._deliveries.read()
        return account(self._produced, self._deliveries.envelopes)

    def _places(self) -> set[Place]:
        return {(record.topic, record.partition, record.offset) for record in self._produced}

    def _produce(self, topic: str, records: list[Outgoing]) -> list[Produced]:
        with self._progress() as progress:
            task = progress.add_task("produced", total=len(records))
            return produce(
                self._system.kafka.client_settings, topic, records, lambda count: progress.update(task, completed=count)
            )

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("  {task.description:20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            # What a log file keeps is the step's result.
            disable=not self._console.is_terminal,
        )
