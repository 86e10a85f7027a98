"""What a run of the consumer probe takes from what it reads."""

from msk_toolkit.kafka.batches import Fetched, KafkaRecord
from msk_toolkit.probe.reading import Reading


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
