"""A redrive between a bucket in memory and a Vantiq without a socket, under a clock that only moves by waiting."""

from typing import Any

import msgspec
from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.dead_letters import DeadLetterStore, Refusal, letter, letter_name
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.deliver import Tools as DeliveryTools
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.redrive.replay import MakeForwarder
from msk_toolkit.redrive.request import RedriveRequest, RedriveResponse, parse_request
from msk_toolkit.redrive.serve import Tools, serve
from msk_toolkit.settings.forwarder import ForwarderSettings

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_events import event
from tests.fakes.s3_fake import FakeS3
from tests.fakes.vantiq_fake import FakeVantiq


class Desk:
    """A redrive on fakes."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        self.s3 = FakeS3()
        self.vantiq = FakeVantiq(took=lambda: self.clock.advance(0.01))
        self.invoked: list[RedriveRequest] = []
        told: dict[str, Any] = {"vantiq_target": "topic:/orders", "lanes": 2} | settings
        self.settings = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", **told)
        self.fetched: list[list[dict[str, Any]]] = []
        self.tools = Tools(
            Bucket("letters", self.s3),
            self.settings.targets,
            self.make,
            lambda wanted, deadline: self.fetched,
            self.invoked.append,
            now=lambda: 1_763_900_000.0,
        )

    def make(self, records_per_second: float) -> MakeForwarder:
        paced = msgspec.structs.replace(self.settings, records_per_second=records_per_second)

        def forwarder(store: DeadLetterStore) -> Forwarder:
            tools = DeliveryTools(self.vantiq, store, self.clock, lambda: 0.0, self.clock.wait, lambda: 0.5)
            return Forwarder(paced, tools)

        return forwarder

    def write(self, *records: dict[str, Any], reason: str = "refused", code: str = "c", **source: str) -> list[str]:
        """A letter for each record."""
        batch = decode(event(records) | source)
        names = []
        for one in (one for part in batch.partitions.values() for one in part):
            refused = Refusal(reason=reason, detail="secret words", target="topic:/orders", status=400, code=code)
            names.append(letter_name(one, batch.cluster))
            self.s3.put_object(Bucket="letters", Key=names[-1], Body=letter(one, batch, refused, 1.0))
        return names

    def ask(self, seconds: float = 900, **request: Any) -> RedriveResponse:
        return serve(parse_request(request), self.tools, Deadline(seconds, self.clock))

    def replay(self, **request: Any) -> RedriveResponse:
        return self.ask(action="replay", dry_run=False, **request)
