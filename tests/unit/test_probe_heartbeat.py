"""The heartbeats' numbers: what is missing, what stands twice, and from run to run."""

import msgspec
from msk_toolkit.kafka.records import KafkaRecord
from msk_toolkit.probe.heartbeat import Heartbeat, HeartbeatSequence, MissingHeartbeats, Writer

PARTITION = 2


def beat(writer: str, number: int) -> bytes:
    return Heartbeat("nonce", 1, 0, writer, number).as_bytes()


def records(*values: bytes | None) -> list[KafkaRecord]:
    return [KafkaRecord(100 + index, 0, None, value) for index, value in enumerate(values)]


def after(*values: bytes | None, before: str = "") -> HeartbeatSequence:
    sequence = HeartbeatSequence.from_text(PARTITION, before)
    sequence.note(records(*values))
    return sequence


def seen(*values: bytes | None, before: str = "") -> tuple[int, int]:
    sequence = after(*values, before=before)
    return sum(each.count for each in sequence.missing), sequence.duplicates


def test_numbers_in_a_row_are_fine_wherever_they_begin() -> None:
    assert seen(beat("a", 7), beat("a", 8), beat("a", 9)) == (0, 0)


def test_each_missing_number_is_an_acknowledged_record_that_is_lost() -> None:
    assert seen(beat("a", 1), beat("a", 4)) == (2, 0)


def test_what_is_missing_is_told_with_its_place() -> None:
    first, second = after(beat("a", 1), beat("b", 1), beat("a", 4), beat("b", 3)).missing
    assert first == MissingHeartbeats(PARTITION, "a", 2, 3, 102)
    assert str(first) == "2 to 3 of writer a in partition 2, before offset 102"
    assert str(second) == "2 of writer b in partition 2, before offset 103"


def test_a_number_that_comes_twice_stands_although_its_write_had_failed() -> None:
    assert seen(beat("a", 1), beat("a", 2), beat("a", 2), beat("a", 3)) == (0, 1)


def test_writers_that_overlap_are_counted_apart() -> None:
    assert seen(beat("a", 1), beat("b", 5), beat("a", 2), beat("b", 6)) == (0, 0)


def test_what_is_no_heartbeat_is_passed_over() -> None:
    old = msgspec.json.encode({"nonce": "n", "broker": 1, "sentAt": 0})
    assert seen(beat("a", 1), None, b"\xff", b"[]", b"text", old, beat("a", 2)) == (0, 0)


def test_a_run_goes_on_from_what_the_last_one_committed() -> None:
    first = after(beat("a", 1), beat("b", 3)).as_text()
    assert seen(beat("a", 3), before=first) == (1, 0)
    assert seen(beat("b", 3), before=first) == (0, 1)


def test_a_commit_of_somebody_else_says_nothing() -> None:
    for text in ("", "hello", "a:x", ":4", "a:1 nonsense"):
        assert HeartbeatSequence.from_text(PARTITION, text).last == {}


def test_a_commit_stays_small_however_many_writers_there_were() -> None:
    sequence = after(*(beat(f"writer-{number:05}", 1) for number in range(1000)))
    assert list(sequence.last) == ["writer-00996", "writer-00997", "writer-00998", "writer-00999"]


def test_a_number_goes_on_only_when_it_was_acknowledged() -> None:
    writer = Writer()

    def number(partition: int = 0) -> int:
        return writer.heartbeat("topic", partition, 1, 0).sequence

    assert (number(), number()) == (1, 1)
    writer.acknowledged("topic", 0, 1)
    assert (number(), number(1)) == (2, 1)


def test_a_number_that_two_brokers_wrote_while_the_partition_moved_counts_once() -> None:
    writer = Writer()
    for _ in range(2):
        writer.acknowledged("topic", 0, 1)
    assert writer.heartbeat("topic", 0, 1, 0).sequence == 2
    writer.acknowledged("topic", 0, 2)
    writer.acknowledged("topic", 0, 1)
    assert writer.heartbeat("topic", 0, 1, 0).sequence == 3
