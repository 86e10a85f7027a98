"""What a run of the consumer probe takes from what it reads."""

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.batches import Fetched
from msk_toolkit.kafka.current_format import KafkaRecord
from msk_toolkit.probe import consumer
from msk_toolkit.probe.context import KnownContext
from msk_toolkit.probe.options import ConsumerOptions
from msk_toolkit.probe.reading import Reading

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_broker_fake import plain


def read(*times: int) -> Reading:
    reading = Reading(max_records=100)
    reading.begin(0, None, 0, len(times))
    records = [KafkaRecord(offset, time, None, b"v") for offset, time in enumerate(times)]
    reading.note(0, Fetched(records, len(times)))
    return reading


def test_a_record_without_a_time_makes_no_heartbeat_half_a_century_old() -> None:
    assert read(-1, -1).newest is None
    assert read(-1, 7, 5).newest == 7
    assert read(-1).count == 1


def test_the_wait_for_msks_answer_makes_no_heartbeat_older(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock(1_000.0)

    class SlowContext(KnownContext, frozen=True):
        def expected_brokers(self) -> int | None:
            clock.advance(5)
            return None

    def run(consumption: consumer._Consumption) -> None:
        consumption.reading = read(999_000)

    monkeypatch.setattr(consumer, "check_brokers", lambda *_: [])
    monkeypatch.setattr(consumer._Consumption, "run", run)
    options = ConsumerOptions(
        topic="hb", group="g", deadline=Deadline(30), stage_seconds=1, context=SlowContext(), now=clock
    )
    assert consumer.run_consumer_probe(plain(9092), options).newest_age_ms == 1000
