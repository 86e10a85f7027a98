"""The letters in the bucket: their names, which of them are meant, and what is in them."""

import json
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from msk_toolkit.aws.bucket import Bucket, Entry
from msk_toolkit.forward.dead_letters import LETTERS, DeadLetter, letter_name
from msk_toolkit.forward.decode import Batch, MalformedEventError, SourceRecord, decode
from msk_toolkit.redrive.request import RedriveRequest
from msk_toolkit.settings.targets import Routes

REPLAYED = "replayed/"


class LetterPlace(NamedTuple):
    """Where a letter's record stood; no partition where the record itself could not be placed."""

    topic: str
    partition: int | None
    number: str


class Letter(NamedTuple):
    """A letter as it was read.

    Args:
        entry: its object.
        home: the name that its record gives it; another than the object's where somebody moved that.
        batch: of its one record.
    """

    entry: Entry
    content: DeadLetter
    batch: Batch
    record: SourceRecord
    home: str


def place_of(name: str) -> LetterPlace | None:
    """The place in a letter's name; None where it is not the name of a letter."""
    parts = name.removesuffix(".json").split("/")
    if not name.startswith(LETTERS) or not name.endswith(".json") or len(parts) < 5:
        return None
    topic, partition, number = parts[-3:]
    return LetterPlace(unquote(topic), int(partition) if partition.isdecimal() else None, number)


def entries(bucket: Bucket, request: RedriveRequest) -> Iterator[Entry]:
    """The letters that a request means as far as their names and times tell; by partition, in offset order."""
    for entry in bucket.entries(LETTERS, request.after):
        place = place_of(entry.name)
        if place is None:
            continue
        if request.topic and place.topic != request.topic:
            continue
        if request.partition is not None and place.partition != request.partition:
            continue
        if request.since and entry.modified < request.since:
            continue
        if request.until and entry.modified >= request.until:
            continue
        yield entry


def read_letter(entry: Entry, body: bytes) -> Letter | None:
    """A letter out of its object; None where the object holds something else."""
    opened = open_letter(body)
    if opened is None:
        return None
    content, batch, record = opened
    return Letter(entry, content, batch, record, letter_name(record, batch.cluster))


def open_letter(body: bytes) -> tuple[DeadLetter, Batch, SourceRecord] | None:
    """What an object says if it is a letter, with its one record; else None."""
    try:
        content = _parsed(body)
        batch = decode(content.event)
    except (msgspec.ValidationError, ValueError, RecursionError, MalformedEventError):
        return None
    records = [record for records in batch.partitions.values() for record in records]
    return (content, batch, records[0]) if len(records) == 1 else None


def means(request: RedriveRequest, letter: Letter) -> bool:
    """Whether a request means this letter, its reason included."""
    refusal = letter.content.refusal
    return (not request.reason or refusal.reason == request.reason) and (
        not request.code or refusal.code == request.code
    )


def no_target(routes: Routes, letter: Letter) -> str:
    """Why a letter has no target in Vantiq; empty where it has one."""
    content = letter.record.content
    topic = content.topic if content else letter.record.place.rpartition("-")[0]
    try:
        routes.target_for(topic)
    except ValueError as error:
        return str(error)
    return ""


def _parsed(body: bytes) -> DeadLetter:
    try:
        return msgspec.json.decode(body, type=DeadLetter)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # A record with text that is no Unicode stands there escaped, which only the standard library reads.
        return msgspec.convert(json.loads(body), DeadLetter)
