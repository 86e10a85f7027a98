"""How far a lane has come: every record that is done is counted at once, so that a failure leaves no doubt."""

from collections.abc import Callable, Sequence

from msk_toolkit.forward.decode import time_of
from msk_toolkit.forward.envelope import Document
from msk_toolkit.forward.lanes import Lane
from msk_toolkit.forward.outcome import Failure, LaneOutcome, RefusedRecord
from msk_toolkit.forward.request import RequestCounts


class LaneProgress:
    """Counts the records of one lane.

    Args:
        now: seconds since 1970; None where the records' ages are not measured.
    """

    def __init__(self, lane: Lane, now: Callable[[], float] | None) -> None:
        self._lane = lane
        self._now = now
        self._settled = 0
        self._dead_lettered = 0
        self._there_already = 0
        self._dropped = 0
        self._deleted = 0
        self._ages: list[float] = []
        self._refused: list[RefusedRecord] = []

    def delivered(self, documents: Sequence[Document], *, there_already: bool = False) -> None:
        """Vantiq has acknowledged these.

        Args:
            there_already: an earlier attempt had stored them.
        """
        self._settled += len(documents)
        self._deleted += documents[0].action == "delete"
        if there_already:
            self._there_already += len(documents)
        if self._now is not None:
            now = self._now()
            times = map(time_of, (document.record for document in documents))
            self._ages += [max(0.0, now - time / 1000) for time in times if time is not None]

    def dropped(self) -> None:
        """A tombstone that is not sent."""
        self._settled += 1
        self._dropped += 1

    def dead_lettered(self, refused: RefusedRecord) -> None:
        """Its dead letter is stored."""
        self._refused.append(refused)
        self._settled += 1
        self._dead_lettered += 1

    def blocked(self, refused: RefusedRecord) -> None:
        """It is refused for good and dead-lettering is off: it stays the lane's first record."""
        self._refused.append(refused)

    def outcome(self, failure: Failure | None, requests: RequestCounts) -> LaneOutcome:
        """What became of the lane, once it has stopped."""
        return LaneOutcome(
            lane=self._lane,
            settled=self._settled,
            dead_lettered=self._dead_lettered,
            failure=failure,
            retried=requests.retried,
            latencies=requests.latencies,
            throttled=requests.throttled,
            ages=self._ages,
            refused=self._refused,
            there_already=self._there_already,
            dropped=self._dropped,
            deleted=self._deleted,
        )
