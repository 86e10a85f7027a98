"""The forwarder against the local stand-in for Vantiq: the real client, over HTTP, with faults."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.forward.target_check import TargetCheck
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.token import Token

from local.vantiq import VantiqStandIn, running_standin
from tests.fakes.dead_letters_fake import FakeDeadLetters


class StandInSecret:
    """Secrets Manager, holding whatever token the stand-in takes now."""

    def __init__(self, standin: VantiqStandIn) -> None:
        self.standin = standin

    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803
        """See SecretsClient."""
        return {"SecretString": f'{{"token": "{self.standin.token}"}}'}


class Line:
    """A forwarder and what stands at its ends; with ``checked`` it asks Vantiq whether its targets keep records."""

    def __init__(self, standin: VantiqStandIn, *, checked: bool = False, **settings: Any) -> None:
        self.standin = standin
        told: dict[str, Any] = {
            "vantiq_target": "topic:/orders",
            "max_in_flight": 4,
            "vantiq_timeout_seconds": 2.0,
        } | settings
        self.settings = ForwarderSettings(vantiq_url=standin.url, vantiq_token_secret_arn="vantiq-token", **told)
        self.letters = FakeDeadLetters()
        self.client = VantiqClient.from_settings(self.settings, Token(StandInSecret(standin), "vantiq-token"))
        check = TargetCheck(self.settings, self.client) if checked else None
        self.forwarder = Forwarder(self.settings, DeliveryServices(self.client, self.letters), check)

    def forward(self, event: object, seconds: float = 60.0) -> BatchOutcome:
        """One invocation."""
        return self.forwarder.forward(event, Deadline(seconds))

    def offsets(self, partition: int) -> list[int]:
        """What arrived of one partition, in the order of arrival."""
        return [one["offset"] for one in self.standin.journal.values() if one["partition"] == partition]


@contextmanager
def line(*, checked: bool = False, **settings: Any) -> Iterator[Line]:
    """A stand-in with a topic, an unwinding topic and a type, and a forwarder before it."""
    with running_standin() as standin:
        standin.define("topics", {"name": "/orders"})
        standin.define("topics", {"name": "/unwound", "autoUnwind": True})
        standin.define("types", {"name": "Order", "properties": {}, "naturalKey": ["id"]})
        made = Line(standin, checked=checked, **settings)
        try:
            yield made
        finally:
            made.client.close()
