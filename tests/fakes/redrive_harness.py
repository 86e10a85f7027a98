"""A redrive between a bucket in memory and a Vantiq without a socket, under a clock that only moves by waiting."""

import itertools
import json
from datetime import UTC, datetime
from typing import Any

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.dead_letters import DeadLetterStore, RecordRefusal, letter, letter_name
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.decoding import RecordDecoding
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.kafka.records import KafkaRecord
from msk_toolkit.redrive.environment import replaying
from msk_toolkit.redrive.failures import Range
from msk_toolkit.redrive.fetch import as_event
from msk_toolkit.redrive.request import RedriveRequest, RedriveResponse, parse_redrive_request
from msk_toolkit.redrive.run import RedriveServices, run_redrive
from msk_toolkit.redrive.scope import Scope
from msk_toolkit.redrive.sending import MakeForwarder
from msk_toolkit.settings.forwarder import ForwarderSettings

from local.event_source_mapping.destination import failure_record
from local.event_source_mapping.event import Partition, Record, Source
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.event_source_mapping.outcome import Batch, Condition, Dead
from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_events import ARN, event
from tests.fakes.s3_fake import FakeS3
from tests.fakes.vantiq_fake import FakeVantiq

NOW = datetime(2026, 11, 22, 17, 5, 13, tzinfo=UTC)
SOURCE = Source(ARN, "b-1.demo:9096")
MAPPING = Mapping(
    function_name="forwarder",
    event_source_arn=ARN,
    topics=("orders",),
    consumer_group_id="group",
    starting_position=StartingPosition.LATEST,
)
SCOPE = Scope(ARN, "forwarder", frozenset({"my.or-ders", "orders"}))
RECORDS = tuple(
    Record(Partition("my.or-ders", p), n, 1_763_800_000_000, b"\xff%d" % n, b"k", (("h", b"\xff"), ("h", None)))
    for p, n in itertools.product(range(2), range(3, 6))
)


def failure(records: tuple[Record, ...] = RECORDS) -> dict[str, Any]:
    """What the local mapping writes, in the documented form."""
    return failure_record(MAPPING, SOURCE, Dead(Batch(records, attempts=2), Condition.RETRIES), NOW)


def notification(records: tuple[Record, ...] = RECORDS) -> dict[str, Any]:
    """The same for a queue: without the payload."""
    record = failure(records)
    del record["payload"]
    return record


def as_fetched(records: tuple[Record, ...]) -> list[dict[str, Any]]:
    """What Kafka gives again of them."""
    return [
        as_event(
            Range(record.partition.topic, record.partition.number, 0, 0),
            KafkaRecord(record.offset, record.timestamp, record.key, record.value, record.headers, 0),
        )
        for record in records
    ]


class RedriveHarness:
    """A redrive on fakes."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        self.s3 = FakeS3()
        self.vantiq = FakeVantiq(took=lambda: self.clock.advance(0.01))
        self.invoked: list[RedriveRequest] = []
        values: dict[str, Any] = {"vantiq_target": "topic:/orders", "max_in_flight": 2} | settings
        self.settings = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", **values)
        self.fetched: list[list[dict[str, Any]]] = []
        self.decoding: RecordDecoding | None = None
        self.spans: dict[int, tuple[int, int]] = {}
        self.services = RedriveServices(
            Bucket("letters", self.s3),
            self.settings.targets,
            self.make,
            lambda ranges, deadline: self.fetched,
            lambda topic, deadline: self.spans,
            SCOPE,
            frozenset({"given-up"}),
            self.invoked.append,
            now=lambda: 1_763_900_000.0,
            record_ids=self.settings.record_ids,
        )

    def make(self, records_per_second: float, reserve_seconds: float) -> MakeForwarder:
        paced = replaying(self.settings, records_per_second, reserve_seconds)

        def forwarder(store: DeadLetterStore) -> Forwarder:
            tools = DeliveryServices(self.vantiq, store, self.clock, lambda: 0.0, self.clock.poll, lambda: 0.5)
            return Forwarder(paced, tools, decoding=self.decoding)

        return forwarder

    def write(self, *records: dict[str, Any], reason: str = "refused", code: str = "c", **source: str) -> list[str]:
        """A letter for each record."""
        batch = decode(event(records) | source)
        names = []
        for record in itertools.chain.from_iterable(batch.partitions.values()):
            refused = RecordRefusal(reason=reason, detail="secret words", target="topic:/orders", status=400, code=code)
            names.append(letter_name(record, batch.cluster))
            self.s3.put_object(Bucket="letters", Key=names[-1], Body=letter(record, batch, refused, 1.0))
        return names

    def ask(self, seconds: float = 900, **request: Any) -> RedriveResponse:
        return run_redrive(parse_redrive_request(request), self.services, Deadline(seconds, self.clock))

    def replay(self, **request: Any) -> RedriveResponse:
        return self.ask(action="replay", dry_run=False, **request)


def put(harness: RedriveHarness, content: Any, number: int = 0) -> str:
    """Put a failure object where the mapping would; returns its name."""
    name = f"aws/lambda/mapping-id/my.or-ders-0/2026/11/22/2026-11-22T17.05.13-{number}"
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    harness.s3.put_object(Bucket="letters", Key=name, Body=content)
    return name
