"""A letter: the name of its object, the record in it, and where a replay would send that record."""

import json
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from msk_toolkit.aws.bucket import Entry, is_readable
from msk_toolkit.forward.dead_letters import LETTERS, DeadLetter, RecordRefusal, letter_name
from msk_toolkit.forward.decode import Batch, MalformedEventError, SourceRecord, decode
from msk_toolkit.settings.targets import Routes

REPLAYED = "replayed/"
# dead-letters/<cluster's name>/<its uuid>/<topic>/<partition>/<number>; a self-managed cluster's has no uuid.
_FEWEST_PARTS = 5


class LetterPlace(NamedTuple):
    """The record's topic and partition by a letter's name; no partition where the record itself has no known one."""

    topic: str
    partition: int | None


class LetterContent(NamedTuple):
    """What a letter's object holds: the letter, and its one record decoded, within its batch."""

    letter: DeadLetter
    batch: Batch
    record: SourceRecord


class LetterTarget(NamedTuple):
    """Where a letter goes in Vantiq, such as ``type:orders``; ``problem`` is why it has no target, empty otherwise."""

    target: str
    problem: str = ""


class Letter(NamedTuple):
    """A letter as it was read.

    Args:
        entry: its object.
        home: the name that its record gives it; another than the object's where that was renamed.
    """

    entry: Entry
    content: LetterContent
    home: str
    target: LetterTarget

    @property
    def refusal(self) -> RecordRefusal:
        """Why it was set aside."""
        return self.content.letter.refusal

    @property
    def record(self) -> SourceRecord:
        """Its record."""
        return self.content.record

    @property
    def cluster(self) -> str:
        """The Kafka cluster of its record."""
        return self.content.batch.cluster


def place_of(name: str) -> LetterPlace | None:
    """The place in a letter's name; None where it is not the name of a letter."""
    parts = name.removesuffix(".json").split("/")
    if not name.startswith(LETTERS) or not name.endswith(".json") or len(parts) < _FEWEST_PARTS:
        return None
    topic, partition = unquote(parts[-3]), parts[-2]
    return LetterPlace(topic, int(partition)) if partition.isdecimal() else LetterPlace(topic, None)


def read_letter(entry: Entry, body: bytes, routes: Routes) -> Letter | None:
    """A letter out of its object; None where the object holds something else."""
    content = parse_letter(body)
    if content is None:
        return None
    home = letter_name(content.record, content.batch.cluster)
    return Letter(entry, content, home, _target(routes, content.record))


def parse_letter(body: bytes) -> LetterContent | None:
    """What an object says if it is a letter with one record; None where it is not."""
    if not is_readable(body):
        return None
    try:
        letter = _decoded(body)
        batch = decode(letter.event)
    except (msgspec.ValidationError, ValueError, RecursionError, MalformedEventError):
        return None
    if batch.size != 1:
        return None
    record = next(records[0] for records in batch.partitions.values() if records)
    return LetterContent(letter, batch, record)


def _target(routes: Routes, record: SourceRecord) -> LetterTarget:
    topic = record.content.topic if record.content else record.place.rpartition("-")[0]
    try:
        return LetterTarget(str(routes.target_for(topic)))
    except ValueError as error:
        return LetterTarget("", str(error))


def _decoded(body: bytes) -> DeadLetter:
    try:
        return msgspec.json.decode(body, type=DeadLetter)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # A record with text that is not Unicode is escaped there, which only the standard library reads.
        return msgspec.convert(json.loads(body), DeadLetter)
