"""What a run of the consumer probe takes from what it reads."""

from typing import cast

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.batches import Fetched
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.current_format import KafkaRecord
from msk_toolkit.kafka.metadata import Partition, Topic
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe import consumer
from msk_toolkit.probe.check_brokers import BrokerCheck
from msk_toolkit.probe.context import KnownContext
from msk_toolkit.probe.options import ConsumerOptions
from msk_toolkit.probe.reading import Reader, Reading

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


def test_a_broker_that_no_reader_can_make_sense_of_has_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def ranges(leader: object, partitions: object) -> dict[int, tuple[int, int]]:
        raise ZeroDivisionError("what the broker sent")

    monkeypatch.setattr("msk_toolkit.probe.reading._Leader.ranges", ranges)
    connection = cast(BrokerConnection, object())
    check = BrokerCheck(BrokerAddress("b", 9092), StageLog(Deadline(30), 5), connection)
    topic = Topic("hb", 0, False, (Partition(0, 1, (1,), (1,)),))
    Reader({1: check}, topic, Reading(max_records=100), lambda seconds: None).read_newest()
    (row,) = check.log.results
    assert (row.stage, row.status, row.cause) == ("fetch", "failed", "protocol-error")
    assert "ZeroDivisionError in test_probe_reading.py" in (row.detail or "")
    assert "what the broker sent" not in (row.detail or "")


def test_a_position_behind_the_end_is_not_a_negative_lag() -> None:
    reading = read(1000, 1001)
    reading.note(0, Fetched([], 5))
    assert reading.lag == 0
