"""The letters that a request selects, read from the bucket some at a time, for a list as for a replay."""

from collections.abc import Iterator
from typing import NamedTuple

from msk_toolkit.aws.bucket import MOST_OBJECT_BYTES, Bucket, Entry, ObjectTooLargeError
from msk_toolkit.forward.dead_letters import LETTERS
from msk_toolkit.redrive.concurrently import OutOfTime, concurrently
from msk_toolkit.redrive.letters import Letter, LetterPlace, place_of, read_letter
from msk_toolkit.redrive.request import RedriveRequest
from msk_toolkit.settings.targets import Routes

_CHUNK_LETTERS = 500
# What is in memory at once: of a letter of 5 MB, three.
_CHUNK_BYTES = 16 * 1024 * 1024
# An array is never longer than the letters that are sent together: so many seconds' worth of the rate.
_CHUNK_SECONDS = 10


class OutOfTimeError(Exception):
    """The time was used up before all letters of a chunk were read."""


class Chunk(NamedTuple):
    """Letters that were read together.

    Args:
        entries: the objects that were read.
        letters: those of them that the request selects, in the objects' order.
        unreadable: names of objects that are not letters.
    """

    entries: list[Entry]
    letters: list[Letter]
    unreadable: list[str]


def read_letters(
    bucket: Bucket, request: RedriveRequest, routes: Routes, out_of_time: OutOfTime, records_per_second: float = 0
) -> Iterator[Chunk]:
    """The letters that a request selects, by partition and in offset order.

    Args:
        records_per_second: bounds a chunk to some seconds' worth of it; 0 for no such bound.

    Raises:
        AwsError: S3 refused.
        OutOfTimeError: the next chunk could not be read in time.
    """
    for entries in _chunks(_selected(bucket, request), request.limit, _most_letters(records_per_second)):
        bodies = concurrently(lambda entry: _body(bucket, entry), entries, out_of_time)
        yield _chunk(entries, bodies, request, routes)


def _body(bucket: Bucket, entry: Entry) -> bytes:
    """An object's content; nothing, which is not a letter, where it is too long to be one."""
    if entry.size > MOST_OBJECT_BYTES:
        return b""
    try:
        return bucket.read(entry.name)
    except ObjectTooLargeError:
        return b""


def _chunk(entries: list[Entry], bodies: list[bytes | None], request: RedriveRequest, routes: Routes) -> Chunk:
    letters: list[Letter] = []
    unreadable: list[str] = []
    for entry, body in zip(entries, bodies, strict=True):
        if body is None:
            raise OutOfTimeError
        letter = read_letter(entry, body, routes)
        if letter is None:
            unreadable.append(entry.name)
        elif _has_reason(request, letter):
            letters.append(letter)
    return Chunk(entries, letters, unreadable)


def _selected(bucket: Bucket, request: RedriveRequest) -> Iterator[Entry]:
    """The objects that a request selects as far as their names and times say; by partition, in offset order."""
    for entry in bucket.entries(LETTERS, request.after):
        place = place_of(entry.name)
        if place and _is_in_place(request, place) and _is_in_period(request, entry):
            yield entry


def _is_in_place(request: RedriveRequest, place: LetterPlace) -> bool:
    if request.topic and place.topic != request.topic:
        return False
    return request.partition is None or place.partition == request.partition


def _is_in_period(request: RedriveRequest, entry: Entry) -> bool:
    if request.since and entry.modified < request.since:
        return False
    return request.until is None or entry.modified < request.until


def _has_reason(request: RedriveRequest, letter: Letter) -> bool:
    if request.reason and letter.refusal.reason != request.reason:
        return False
    return not request.code or letter.refusal.code == request.code


def _most_letters(records_per_second: float) -> int:
    if not records_per_second:
        return _CHUNK_LETTERS
    return min(_CHUNK_LETTERS, max(1, int(records_per_second * _CHUNK_SECONDS)))


def _chunks(entries: Iterator[Entry], limit: int, most_letters: int) -> Iterator[list[Entry]]:
    """The entries, as many at a time as are read together; at most ``limit`` altogether, 0 for no limit."""
    chunk: list[Entry] = []
    size = 0
    for entry in _limited(entries, limit):
        if chunk and (len(chunk) >= most_letters or size + entry.size > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += entry.size
    if chunk:
        yield chunk


def _limited(entries: Iterator[Entry], limit: int) -> Iterator[Entry]:
    for number, entry in enumerate(entries):
        if limit and number >= limit:
            return
        yield entry
