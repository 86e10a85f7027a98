"""While a group's coordinator is being decided, an operation is repeated; any other refusal is final."""

from collections.abc import Callable
from typing import Any

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.offsets import observe
from msk_toolkit.offsets.observe import at_coordinator
from msk_toolkit.stage import Stage


class Brokers:
    """Connections are the addresses themselves."""

    entry = "b-1"

    def to(self, address: str) -> str:
        return address


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Cause]], list[str]]:
    """Runs an operation that meets these refusals first; returns the brokers that it was sent to."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    named = iter(["b-1", "b-2", "b-3", "b-1"])
    monkeypatch.setattr(observe, "find_coordinator", lambda *_: next(named))

    def run(refusals: list[Cause]) -> list[str]:
        asked: list[str] = []

        def operation(coordinator: Any) -> list[str]:
            asked.append(coordinator)
            if len(asked) <= len(refusals):
                raise StageError(Stage.COMMIT, refusals[len(asked) - 1], coordinator, "refused")
            return asked

        brokers: Any = Brokers()
        return at_coordinator(brokers, "group", Deadline(5), operation)

    return run


def test_each_attempt_asks_anew_who_the_coordinator_is(run: Callable[[list[Cause]], list[str]]) -> None:
    assert run([Cause.COORDINATOR_MOVED, Cause.COORDINATOR_UNAVAILABLE]) == ["b-1", "b-2", "b-3"]


def test_a_refusal_that_does_not_pass_is_final(run: Callable[[list[Cause]], list[str]]) -> None:
    with pytest.raises(StageError) as caught:
        run([Cause.COORDINATOR_MOVED, Cause.GROUP_DENIED])
    assert (caught.value.cause, caught.value.peer) == (Cause.GROUP_DENIED, "b-2")
