"""The heartbeats' numbers: what is missing, what stands twice, and from run to run."""

import msgspec
from msk_toolkit.probe.heartbeat import Heartbeat, Sequence, Writer, totals


def beat(writer: str, number: int) -> bytes:
    return msgspec.json.encode(Heartbeat("nonce", 1, 0, writer, number))


def seen(*values: bytes | None, before: str = "") -> tuple[int, int]:
    sequence = Sequence.from_text(before)
    sequence.note(values)
    return totals({0: sequence})


def test_numbers_in_a_row_are_fine_wherever_they_begin() -> None:
    assert seen(beat("a", 7), beat("a", 8), beat("a", 9)) == (0, 0)


def test_each_missing_number_is_an_acknowledged_record_that_is_lost() -> None:
    assert seen(beat("a", 1), beat("a", 4)) == (2, 0)


def test_a_number_that_comes_twice_stands_although_its_write_had_failed() -> None:
    assert seen(beat("a", 1), beat("a", 2), beat("a", 2), beat("a", 3)) == (0, 1)


def test_writers_that_overlap_are_counted_apart() -> None:
    assert seen(beat("a", 1), beat("b", 5), beat("a", 2), beat("b", 6)) == (0, 0)


def test_what_is_no_heartbeat_is_passed_over() -> None:
    old = msgspec.json.encode({"nonce": "n", "broker": 1, "sentAt": 0})
    assert seen(beat("a", 1), None, b"\xff", b"[]", b"text", old, beat("a", 2)) == (0, 0)


def test_a_run_goes_on_from_what_the_last_one_committed() -> None:
    first = Sequence.from_text("")
    first.note([beat("a", 1), beat("b", 3)])
    assert seen(beat("a", 3), before=first.as_text()) == (1, 0)
    assert seen(beat("b", 3), before=first.as_text()) == (0, 1)


def test_a_commit_of_somebody_else_says_nothing() -> None:
    for text in ("", "hello", "a:x", ":4", "a:1 nonsense"):
        assert Sequence.from_text(text).last == {}


def test_a_commit_stays_small_however_many_writers_there_were() -> None:
    sequence = Sequence.from_text("")
    sequence.note(beat(f"writer-{number:05}", 1) for number in range(1000))
    assert list(sequence.last) == ["writer-00996", "writer-00997", "writer-00998", "writer-00999"]


def test_a_number_goes_on_only_when_it_was_acknowledged() -> None:
    writer = Writer()

    def number(partition: int = 0) -> int:
        return msgspec.json.decode(writer.heartbeat("topic", partition, 1, 0), type=Heartbeat).sequence

    assert (number(), number()) == (1, 1)
    writer.acknowledged("topic", 0)
    assert (number(), number(1)) == (2, 1)
