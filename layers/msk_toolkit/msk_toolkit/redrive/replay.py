"""Letters sent to Vantiq again, in offset order per partition; what is delivered leaves, what is refused stays."""

from collections.abc import Callable, Iterator
from itertools import groupby, takewhile
from typing import Any, NamedTuple

from msk_toolkit.aws.bucket import Bucket, Entry
from msk_toolkit.aws.call import call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.forward.dead_letters import LETTERS, DeadLetterStore, letter_name
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.redrive.concurrently import concurrently
from msk_toolkit.redrive.letters import REPLAYED, Letter, entries, means, no_target, read_letter
from msk_toolkit.redrive.request import Counts, RedriveRequest
from msk_toolkit.settings.targets import Routes

TIME_IS_USED_UP = "the time is used up"
_CHUNK_LETTERS = 500
_CHUNK_BYTES = 16 * 1024 * 1024
# An array is never longer than the letters that are sent together: so many seconds' worth of the rate.
_CHUNK_SECONDS = 10
# What a request that the end of the time cuts fails with, beside "late" itself.
_CUT = {"late", "retriable", "held"}

MakeForwarder = Callable[[DeadLetterStore], Forwarder]


class Replay(NamedTuple):
    """How far it came.

    Args:
        without_target: why Kafka topics have no target in Vantiq; their letters are passed over.
        after: go on behind this name.
        looked: letters up to there, and those behind it that left.
        stopped: why it ended before the end.
        out_of_time: whether only the time is to blame, so that going on is all it needs.
    """

    counts: Counts
    unreadable: list[str]
    without_target: list[str]
    after: str
    looked: int = 0
    stopped: str = ""
    out_of_time: bool = False


class RefusedAgain:
    """A dead-letter store that puts a refused record's new reason into the letter it came from."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.homes: dict[str, str] = {}
        self.written: set[str] = set()

    def write(self, name: str, body: bytes, deadline: Deadline) -> None:
        """See :class:`DeadLetterStore`."""
        home = self.homes.get(name, name)
        call_within(deadline, f"writing {home}", lambda: self._bucket.write(home, body))
        self.written.add(name)


def replay(
    bucket: Bucket,
    make: MakeForwarder,
    routes: Routes,
    request: RedriveRequest,
    deadline: Deadline,
    *,
    enough: Callable[[], bool],
) -> Replay:
    """Replay the letters that a request means, chunk by chunk, until the end, the first failure, or ``enough``.

    Args:
        make: makes the forwarder around the store that refused letters go to; its reserve leaves time for moves.
        deadline: no move begins after it.
        enough: whether to begin nothing new; true a little before the forwarder itself stops.

    What was delivered and could not be moved any more will be delivered again, with the same id.
    """
    sending = _Sending(bucket, make, deadline, enough)
    done = Replay(Counts(), [], [], request.after)
    try:
        for chunk in chunks(entries(bucket, request), request.limit, request.records_per_second):
            read = read_all(bucket, chunk, enough)
            if read is None:
                return done._replace(stopped=TIME_IS_USED_UP, out_of_time=True)
            letters, unreadable = read
            done.unreadable.extend(unreadable)
            meant = [(letter, no_target(routes, letter)) for letter in letters if means(request, letter)]
            done.without_target.extend(dict.fromkeys(why for _, why in meant if why and why not in done.without_target))
            sendable = [letter for letter, why in meant if not why]
            sent = sending.send(sendable)
            done = _advanced(done, chunk, sendable, sent)
            if sent.stopped:
                return done._replace(stopped=sent.stopped, out_of_time=sent.late)
    except AwsError as error:
        return done._replace(stopped=str(error))
    return done


def read_all(bucket: Bucket, chunk: list[Entry], enough: Callable[[], bool]) -> tuple[list[Letter], list[str]] | None:
    """The letters of these objects in their order, and the names of those that hold something else; None where the time
    did not suffice.

    Raises:
        AwsError: S3 refused.
    """
    bodies = concurrently(lambda entry: bucket.read(entry.name), chunk, enough)
    found = [(entry, read_letter(entry, body)) for entry, body in zip(chunk, bodies, strict=True) if body is not None]
    if len(found) < len(chunk):
        return None
    return [letter for _, letter in found if letter], [entry.name for entry, letter in found if letter is None]


def event_of(letters: list[Letter]) -> dict[str, Any]:
    """One event with all of these letters' records."""
    records: dict[str, list[Any]] = {}
    for letter in letters:
        records.setdefault(letter.record.place, []).append(letter.record.raw)
    return {**letters[0].content.event, "records": records}


class _Sent(NamedTuple):
    """Names of letters that left, and of those that were refused and stay."""

    moved: list[str]
    refused: list[str]
    stopped: str = ""
    late: bool = False


class _Sending:
    """Sends letters and moves what is delivered."""

    def __init__(self, bucket: Bucket, make: MakeForwarder, deadline: Deadline, enough: Callable[[], bool]) -> None:
        self._bucket = bucket
        self._store = RefusedAgain(bucket)
        self._forwarder = make(self._store)
        self._deadline = deadline
        self._enough = enough

    def send(self, letters: list[Letter]) -> _Sent:
        """Send them, until the first failure."""
        moved: list[str] = []
        refused: list[str] = []
        # Letters of two clusters never share an event: each has its own brokers and ids.
        for _, same in groupby(letters, key=lambda letter: (letter.batch.source.event_source, letter.batch.cluster)):
            if self._enough():
                return _Sent(moved, refused, TIME_IS_USED_UP, late=True)
            sent = self._send(list(same))
            moved += sent.moved
            refused += sent.refused
            if sent.stopped:
                return sent._replace(moved=moved, refused=refused)
        return _Sent(moved, refused)

    def _send(self, letters: list[Letter]) -> _Sent:
        # A record may have two letters, one of them under an older version's name: it is sent once.
        homes: dict[str, list[Letter]] = {}
        for letter in letters:
            homes.setdefault(letter.home, []).append(letter)
        store = self._store
        store.homes = {home: same[0].entry.name for home, same in homes.items()}
        store.written.clear()
        outcome = self._forwarder.forward(event_of([same[0] for same in homes.values()]), self._deadline)
        cluster = letters[0].batch.cluster
        settled = {
            letter_name(record, cluster) for lane in outcome.lanes for record in lane.lane.records[: lane.settled]
        }
        delivered = [letter.entry.name for home in settled - store.written for letter in homes[home]]
        refused = [letter.entry.name for home in settled & store.written for letter in homes[home]]
        moved, trouble = self._move(delivered)
        if trouble:
            return _Sent(moved, refused, f"delivered letters could not be moved and would be sent again: {trouble}")
        kinds = {failure.kind for failure in outcome.failures}
        late = kinds == {"late"} or (kinds <= _CUT and self._enough())
        return _Sent(moved, refused, outcome.failures[0].reason if outcome.failures else "", late)

    def _move(self, names: list[str]) -> tuple[list[str], str]:
        """Move them, whatever happens to one of them; answers which were, and the first failure."""

        def move(name: str) -> str:
            to = REPLAYED + name.removeprefix(LETTERS)
            try:
                call_within(self._deadline, f"moving {name}", lambda: self._bucket.move(name, to))
            except AwsError as error:
                return str(error)
            return ""

        said = concurrently(move, names, lambda: self._deadline.expired)
        troubles = [TIME_IS_USED_UP if one is None else one for one in said]
        moved = [name for name, trouble in zip(names, troubles, strict=True) if not trouble]
        return moved, next(filter(None, troubles), "")


def _advanced(done: Replay, chunk: list[Entry], meant: list[Letter], sent: _Sent) -> Replay:
    """Behind this chunk; where it was not finished, only up to its first letter that is still to be sent."""
    waiting = {letter.entry.name for letter in meant}.difference(sent.moved, sent.refused)
    passed = list(takewhile(lambda entry: entry.name not in waiting, chunk))
    behind = {entry.name for entry in chunk[len(passed) :]}
    return done._replace(
        counts=done.counts + Counts(delivered=len(sent.moved), refused=len(sent.refused)),
        after=passed[-1].name if passed else done.after,
        looked=done.looked + len(passed) + len(behind.intersection(sent.moved)),
    )


def chunks(found: Iterator[Entry], limit: int, records_per_second: float = 0) -> Iterator[list[Entry]]:
    """The entries, as many at a time as are read and sent together; at most ``limit`` in all, 0 for no limit."""
    most = (
        min(_CHUNK_LETTERS, max(1, int(records_per_second * _CHUNK_SECONDS))) if records_per_second else _CHUNK_LETTERS
    )
    chunk: list[Entry] = []
    size = 0
    for number, entry in enumerate(found):
        if limit and number >= limit:
            break
        if chunk and (len(chunk) >= most or size + entry.size > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += entry.size
    if chunk:
        yield chunk
