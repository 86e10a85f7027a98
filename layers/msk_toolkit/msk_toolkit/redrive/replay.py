"""Letters sent to Vantiq again, in offset order per partition; what is delivered leaves, what is refused stays."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any, NamedTuple

from msk_toolkit.aws.bounded import call_within
from msk_toolkit.aws.bucket import Bucket, Entry
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.forward.dead_letters import LETTERS, DeadLetterStore, letter_name
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.redrive.letters import REPLAYED, Letter, entries, means, read_letter
from msk_toolkit.redrive.request import Counts, RedriveRequest

_CHUNK_LETTERS = 500
_CHUNK_BYTES = 16 * 1024 * 1024
# Requests to S3 at the same time: each takes some 20 ms.
_AT_ONCE = 8

MakeForwarder = Callable[[DeadLetterStore], Forwarder]


class Replay(NamedTuple):
    """How far it came.

    Args:
        after: go on behind this name.
        looked: letters up to there.
        stopped: why it ended before the end.
        out_of_time: whether only the time is to blame, so that going on is all it needs.
    """

    counts: Counts
    unreadable: list[str]
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
    bucket: Bucket, make: MakeForwarder, request: RedriveRequest, deadline: Deadline, *, enough: Callable[[], bool]
) -> Replay:
    """Replay the letters that a request means, chunk by chunk, until the end, the first failure, or ``enough``.

    Args:
        make: makes the forwarder around the store that refused letters go to.

    What was delivered and could not be moved any more will be delivered again, with the same id.

    Raises:
        ConfigurationError: a Kafka topic has no valid target.
    """
    store = RefusedAgain(bucket)
    forwarder = make(store)
    done = Replay(Counts(), [], request.after)
    try:
        for chunk in chunks(entries(bucket, request), request.limit):
            if enough():
                return done._replace(stopped="the time is used up", out_of_time=True)
            letters, unreadable = read_all(bucket, chunk)
            done.unreadable.extend(unreadable)
            meant = [letter for letter in letters if means(request, letter)]
            # Letters of two clusters never share an event: each has its own brokers and ids.
            for _, same in groupby(meant, key=lambda letter: (letter.batch.source.event_source, letter.batch.cluster)):
                sent = _send(bucket, forwarder, store, list(same), deadline)
                done = done._replace(counts=done.counts + sent.counts)
                if sent.stopped:
                    return done._replace(stopped=sent.stopped, out_of_time=sent.late)
            done = done._replace(after=chunk[-1].name, looked=done.looked + len(chunk))
    except AwsError as error:
        return done._replace(stopped=str(error))
    return done


def read_all(bucket: Bucket, chunk: Iterable[Entry]) -> tuple[list[Letter], list[str]]:
    """The letters of these objects in their order, and the names of those that hold something else.

    Raises:
        AwsError: S3 refused.
    """
    chunk = list(chunk)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        bodies = list(pool.map(lambda entry: bucket.read(entry.name), chunk))
    found = [(entry, read_letter(entry, body)) for entry, body in zip(chunk, bodies, strict=True)]
    return [letter for _, letter in found if letter], [entry.name for entry, letter in found if letter is None]


def event_of(letters: list[Letter]) -> dict[str, Any]:
    """One event with all of these letters' records."""
    records: dict[str, list[Any]] = {}
    for letter in letters:
        records.setdefault(letter.record.place, []).append(letter.record.raw)
    return {**letters[0].content.event, "records": records}


class _Sent(NamedTuple):
    counts: Counts
    stopped: str
    late: bool = False


def _send(
    bucket: Bucket, forwarder: Forwarder, store: RefusedAgain, letters: list[Letter], deadline: Deadline
) -> _Sent:
    store.homes = {letter.home: letter.entry.name for letter in letters}
    store.written.clear()
    outcome = forwarder.forward(event_of(letters), deadline)
    cluster = letters[0].batch.cluster
    settled = {letter_name(record, cluster) for lane in outcome.lanes for record in lane.lane.records[: lane.settled]}
    delivered = [store.homes[name] for name in settled - store.written]
    counts = Counts(delivered=len(delivered), refused=len(store.written))
    if unmoved := _move(bucket, delivered):
        return _Sent(counts, f"delivered letters could not be moved and would be sent again: {unmoved}")
    reason = outcome.failures[0].reason if outcome.failures else ""
    return _Sent(counts, reason, late=all(failure.kind == "late" for failure in outcome.failures))


def _move(bucket: Bucket, names: list[str]) -> str:
    """Move them all, whatever happens to one of them; answers the first failure."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        moves = [pool.submit(bucket.move, name, REPLAYED + name.removeprefix(LETTERS)) for name in names]
    return next((str(error) for move in moves if (error := move.exception())), "")


def chunks(found: Iterator[Entry], limit: int) -> Iterator[list[Entry]]:
    """The entries, as many at a time as are read and sent together; at most ``limit`` in all, 0 for no limit."""
    chunk: list[Entry] = []
    size = 0
    for number, entry in enumerate(found):
        if limit and number >= limit:
            break
        if chunk and (len(chunk) >= _CHUNK_LETTERS or size + entry.size > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += entry.size
    if chunk:
        yield chunk
