"""Letters of one chunk sent to Vantiq again; what is delivered is moved, what is refused stays with its new reason."""

from collections.abc import Callable
from itertools import groupby
from typing import Any, NamedTuple

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.aws.call import call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.forward.dead_letters import LETTERS, DeadLetterStore, letter_name
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.redrive.concurrently import TIME_IS_USED_UP, OutOfTime, concurrently
from msk_toolkit.redrive.letters import REPLAYED, Letter

# What a request that the end of the time cuts fails with, beside "late" itself.
_CUT = {"late", "retriable", "held"}

MakeForwarder = Callable[[DeadLetterStore], Forwarder]


class RefusedAgain:
    """A dead-letter store that writes a refused record's new reason into the letter that the record came from."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.homes: dict[str, str] = {}
        self.written: set[str] = set()

    def write(self, name: str, body: bytes, deadline: Deadline) -> None:
        """See :class:`DeadLetterStore`."""
        home = self.homes.get(name, name)
        call_within(deadline, f"writing {home}", lambda: self._bucket.write(home, body))
        self.written.add(name)


class Sent(NamedTuple):
    """What became of letters.

    Args:
        moved: names of letters that were delivered and moved.
        refused: names of letters that were refused and stay.
        stopped: why sending ended before the last one; empty where it did not.
        out_of_time: whether it ended for lack of time only.
    """

    moved: list[str]
    refused: list[str]
    stopped: str = ""
    out_of_time: bool = False


def event_of(letters: list[Letter]) -> dict[str, Any]:
    """One event with all of these letters' records."""
    records: dict[str, list[Any]] = {}
    for letter in letters:
        records.setdefault(letter.record.place, []).append(letter.record.raw)
    return {**letters[0].content.letter.event, "records": records}


class Sender:
    """Sends letters and moves what is delivered.

    Args:
        make: makes the forwarder around the store for refused letters.
        deadline: no move begins after it.
        out_of_time: whether to begin nothing new.
    """

    def __init__(self, bucket: Bucket, make: MakeForwarder, deadline: Deadline, out_of_time: OutOfTime) -> None:
        self._bucket = bucket
        self._store = RefusedAgain(bucket)
        self._forwarder = make(self._store)
        self._deadline = deadline
        self._out_of_time = out_of_time

    def send(self, letters: list[Letter]) -> Sent:
        """Send them, until the first failure.

        Raises:
            AwsError: S3 refused.
        """
        moved: list[str] = []
        refused: list[str] = []
        # Letters of two clusters never share an event: each has its own brokers and ids.
        for _, of_a_cluster in groupby(letters, key=_source):
            if self._out_of_time():
                return Sent(moved, refused, TIME_IS_USED_UP, out_of_time=True)
            sent = self._send(list(of_a_cluster))
            moved += sent.moved
            refused += sent.refused
            if sent.stopped:
                return sent._replace(moved=moved, refused=refused)
        return Sent(moved, refused)

    def _send(self, letters: list[Letter]) -> Sent:
        # A record may have two letters, the second under an older version's name: it is sent once.
        by_home = _by_home(letters)
        self._store.homes = {home: same[0].entry.name for home, same in by_home.items()}
        self._store.written.clear()
        outcome = self._forwarder.forward(event_of([same[0] for same in by_home.values()]), self._deadline)
        settled = _settled(outcome, letters[0].cluster)
        delivered = _names(by_home, settled - self._store.written)
        refused = _names(by_home, settled & self._store.written)
        moved, problem = self._move(delivered)
        if problem:
            return Sent(moved, refused, f"delivered letters could not be moved and would be sent again: {problem}")
        if not outcome.failures:
            return Sent(moved, refused)
        return Sent(moved, refused, outcome.failures[0].reason, self._only_late(outcome))

    def _only_late(self, outcome: BatchOutcome) -> bool:
        kinds = {failure.kind for failure in outcome.failures}
        return kinds == {"late"} or (kinds <= _CUT and self._out_of_time())

    def _move(self, names: list[str]) -> tuple[list[str], str]:
        """Move all of them, whichever of them fails; answers those that were moved, and the first problem."""
        problems = concurrently(self._move_letter, names, lambda: self._deadline.expired)
        moved: list[str] = []
        failed: list[str] = []
        for name, problem in zip(names, problems, strict=True):
            if problem == "":
                moved.append(name)
            else:
                failed.append(problem or TIME_IS_USED_UP)
        return moved, next(iter(failed), "")

    def _move_letter(self, name: str) -> str:
        """Move a letter; answers why it could not be moved, empty where it was."""
        to = REPLAYED + name.removeprefix(LETTERS)
        try:
            call_within(self._deadline, f"moving {name}", lambda: self._bucket.move(name, to))
        except AwsError as error:
            return str(error)
        return ""


def _by_home(letters: list[Letter]) -> dict[str, list[Letter]]:
    by_home: dict[str, list[Letter]] = {}
    for letter in letters:
        by_home.setdefault(letter.home, []).append(letter)
    return by_home


def _source(letter: Letter) -> tuple[str, str]:
    return letter.content.batch.source.event_source, letter.cluster


def _settled(outcome: BatchOutcome, cluster: str) -> set[str]:
    """The letters' names of the records that were delivered or refused."""
    names: set[str] = set()
    for lane in outcome.lanes:
        names.update(letter_name(record, cluster) for record in lane.lane.records[: lane.settled])
    return names


def _names(by_home: dict[str, list[Letter]], homes: set[str]) -> list[str]:
    """The letters' own names, in offset order: what the time leaves out when they are moved is at the end."""
    names: list[str] = []
    for home, letters in by_home.items():
        if home in homes:
            names += [letter.entry.name for letter in letters]
    return names
