"""A forwarder between a Vantiq without a socket and a dead-letter store in memory."""

from typing import Any

from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.decoding import RecordDecoding
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.settings.forwarder import ForwarderSettings

from tests.fakes.clock_fake import FakeClock
from tests.fakes.dead_letters_fake import FakeDeadLetters
from tests.fakes.kafka_events import event
from tests.fakes.vantiq_fake import FakeVantiq, Fault


class ForwarderHarness:
    """A forwarder on fakes, under a clock that only moves when a wait is requested."""

    def __init__(
        self,
        *faults: Fault,
        letters: FakeDeadLetters | None = None,
        bucket: bool = True,
        patient: bool = False,
        decoding: RecordDecoding | None = None,
        **settings: Any,
    ) -> None:
        self.clock = FakeClock()
        self.vantiq = FakeVantiq(*faults, took=lambda: self.clock.advance(0.01))
        self.letters = letters or FakeDeadLetters()
        values: dict[str, Any] = {"vantiq_target": "topic:/orders", "max_in_flight": 1} | settings
        self.settings = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", **values)
        self.forwarder = Forwarder(
            self.settings,
            DeliveryServices(
                self.vantiq,
                self.letters if bucket else None,
                clock=self.clock,
                now=lambda: 1_763_800_060.0,
                poll=self.clock.poll,
                random=lambda: 0.5,
                by_operator=self.letters,
            ),
            decoding=decoding,
            patient=patient,
        )

    def forward(self, *records: dict[str, Any], seconds: float = 60.0) -> BatchOutcome:
        """One invocation with these records."""
        return self.forwarder.forward(event(records), Deadline(seconds, self.clock))


def reasons(outcome: BatchOutcome) -> list[str]:
    """Why lanes stopped, the gravest first."""
    return [failure.kind for failure in outcome.failures]
