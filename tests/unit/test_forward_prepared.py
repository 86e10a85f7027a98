"""The next group of a lane's documents is made at most once, and what keeps it from being made shows in its turn."""

from collections.abc import Iterator

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.envelope import Document
from msk_toolkit.forward.prepared import PreparedGroups
from msk_toolkit.vantiq.connection import HttpResponse

from tests.fakes.forwarder_harness import ForwarderHarness, reasons
from tests.fakes.kafka_events import record
from tests.fakes.vantiq_fake import refusal


def group(number: int) -> list[Document]:
    return [Document(SourceRecord("orders-0", number, None, None), b"%d" % number)]


def test_groups_come_once_each_however_often_they_are_prepared() -> None:
    made: list[int] = []

    def groups() -> Iterator[list[Document]]:
        for number in range(3):
            made.append(number)
            yield group(number)

    prepared = PreparedGroups(groups())
    taken = []
    for _ in range(3):
        prepared.prepare()
        prepared.prepare()
        taken.append(prepared.take())
        assert made == list(range(len(taken)))
    assert taken == [group(0), group(1), group(2)]
    prepared.prepare()
    assert [prepared.take(), prepared.take()] == [[], []]


def test_a_group_that_cannot_be_made_is_an_error_in_its_turn_and_never_the_end() -> None:
    def groups() -> Iterator[list[Document]]:
        yield group(0)
        raise MemoryError

    prepared = PreparedGroups(groups())
    assert prepared.take() == group(0)
    prepared.prepare()
    for _ in range(3):
        with pytest.raises(MemoryError):
            prepared.take()


def test_a_failure_to_prepare_leaves_the_request_in_flight_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = ForwarderHarness(max_batch_records=5)
    send = harness.vantiq.send

    async def preparing(
        method: str, path: str, body: bytes, deadline: Deadline, meanwhile: object = None
    ) -> HttpResponse:
        response = await send(method, path, body, deadline)
        assert callable(meanwhile)
        meanwhile()
        return response

    def broken(groups: Iterator[list[Document]], end: object) -> list[Document]:
        raise MemoryError

    harness.vantiq.send = preparing  # type: ignore[method-assign]
    with monkeypatch.context() as patch:
        calls = iter([next])
        patch.setattr(
            "msk_toolkit.forward.prepared.next",
            lambda groups, end: next(calls, broken)(groups, end),
            raising=False,
        )
        outcome = harness.forward(*[record(number) for number in range(10)])
    assert (outcome.delivered, reasons(outcome)) == (5, ["retriable"])
    assert outcome.unfinished == {"orders-0": 5}
    assert harness.vantiq.offsets() == [0, 1, 2, 3, 4]
    assert harness.forward(*[record(number) for number in range(10)]).failures == []
    assert harness.vantiq.offsets() == list(range(10))


def test_a_prepared_group_waits_for_the_attempts_of_the_one_before() -> None:
    left = [refusal(503)] * 3
    harness = ForwarderHarness(lambda path, documents: left.pop() if left else None, max_batch_records=2)
    assert harness.forward(*[record(number) for number in range(6)]).failures == []
    assert harness.vantiq.offsets() == [0, 1, 2, 3, 4, 5]
