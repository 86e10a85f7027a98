"""A forwarder whose tombstones delete rows in a stand-in for Vantiq."""

import json
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

from local.vantiq import VantiqStandIn, running_standin
from tests.fakes.clock_fake import FakeClock
from tests.fakes.dead_letters_fake import FakeDeadLetters
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_client_fake import FixedToken
from tests.unit.standin_client import TYPE, send

TEXT_KEY = {"name": "Order", "properties": {"id": {"type": "String"}}, "naturalKey": ["id"]}
NUMBER_KEY = {"name": "Order", "properties": {"id": {"type": "Integer"}}, "naturalKey": ["id"]}
TWO_KEYS = {
    "name": "Order",
    "properties": {"shop": {"type": "String"}, "id": {"type": "Integer"}},
    "naturalKey": ["shop", "id"],
}


def tombstone(offset: int, key: bytes | None, *, is_absent: bool = True, **more: Any) -> dict[str, Any]:
    """In either of the forms that Lambda was seen with."""
    made = record(offset, b"", key=key, **more)
    made["value"] = None
    if is_absent:
        del made["value"]
    return made


def document(offset: int, key: bytes, **columns: Any) -> dict[str, Any]:
    return record(offset, json.dumps(columns).encode(), key=key)


class Deleting:
    """A forwarder of values whose tombstones delete rows in a stand-in."""

    def __init__(self, standin: VantiqStandIn, **settings: Any) -> None:
        values = {"vantiq_target": "upsert:Order", "payload": "value", "tombstones": "delete", "max_attempts": 2}
        made = ForwarderSettings(vantiq_url=standin.url, vantiq_token_secret_arn="s", **(values | settings))  # type: ignore[arg-type]  # texts
        self.standin = standin
        self.letters = FakeDeadLetters()
        clock = FakeClock()
        self.client = VantiqClient.from_settings(made, FixedToken(standin.token))
        services = DeliveryServices(self.client, self.letters, random=lambda: 0.0)
        self.forwarder = Forwarder(made, services, TargetCheck(made, self.client, clock))

    def forward(self, *records: dict[str, Any]) -> BatchOutcome:
        return self.forwarder.forward(event(records), Deadline(20))

    def rows(self) -> list[Any]:
        return [
            {name: value for name, value in row.items() if not name.startswith(("_", "ars_"))}
            for row in send(self.standin, TYPE, method="GET").json()
        ]


@contextmanager
def deleting_from(definition: dict[str, Any], **settings: Any) -> Iterator[Deleting]:
    with running_standin() as standin:
        standin.define("types", definition)
        made = Deleting(standin, **settings)
        try:
            yield made
        finally:
            made.client.close()
