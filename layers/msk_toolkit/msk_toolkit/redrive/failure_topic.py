"""A mapping's ``kafka://`` destination: each message of that topic holds a record that the mapping discarded.

How far it was read is recorded in the bucket, beside the imported S3 objects: no consumer group, no further permission.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.forward.decode import MalformedEventError
from msk_toolkit.redrive.failures import Range, UnknownFormError, read_failure
from msk_toolkit.redrive.import_failures import (
    FAILURES,
    IMPORTED,
    Fetch,
    ImportContext,
    ImportResult,
    NamedBody,
    OffsetSpans,
)
from msk_toolkit.redrive.request import Counts
from msk_toolkit.redrive.scope import ForeignError


class Progress(msgspec.Struct, frozen=True):
    """The offset of a partition from which to read on."""

    next: int


def import_topic(
    context: ImportContext, topic: str, spans: OffsetSpans, fetch: Fetch, deadline: Deadline
) -> ImportResult:
    """Write a letter for each record of each message that was not read yet; a letter that is there already stays.

    A message of another form, or of another cluster, mapping or topic, is put among the mapping's failure objects, so
    that it is reported every time and outlives the topic's retention. In a dry run ``waiting`` counts the messages.

    Raises:
        ToolkitError: S3 or a broker refused; what was written stays, and writing it again changes nothing.
    """
    counts, waiting = Counts(), 0
    before = _progress(context.bucket, topic)
    for unread in _unread(topic, spans(topic, deadline), before):
        for messages in fetch(unread, deadline):
            if context.out_of_time():
                return ImportResult(counts, waiting, [], finished=False, foreign=[])
            if not context.write:
                waiting += len(messages)
                continue
            written = _import_messages(context, messages)
            if written is None:
                return ImportResult(counts, waiting, [], finished=False, foreign=[])
            counts += Counts(imported=written)
            progress = Progress(messages[-1]["offset"] + 1)
            context.bucket.write(_progress_name(topic, unread.partition), msgspec.json.encode(progress))
    return ImportResult(counts, waiting, [], finished=True, foreign=[])


def _unread(topic: str, spans: Mapping[int, tuple[int, int]], before: Mapping[int, int]) -> Iterator[Range]:
    for partition, (first, end) in sorted(spans.items()):
        start = max(before.get(partition, first), first)
        if start > end:
            # The topic was re-created and counts from the beginning.
            start = first
        if start != end:
            yield Range(topic, partition, start, end - 1)


def _import_messages(context: ImportContext, messages: list[dict[str, Any]]) -> int | None:
    """Write what the messages become; answers how many letters are new, None where there was no time for all."""
    objects: list[NamedBody] = []
    for message in messages:
        objects += _objects(context, message)
    letters = 0
    for (name, _), is_new in zip(objects, context.write_new(objects), strict=True):
        if is_new is None:
            return None
        letters += is_new and not name.startswith(FAILURES)
    return letters


def _objects(context: ImportContext, message: dict[str, Any]) -> list[NamedBody]:
    """What a message becomes: letters, or itself where it is of another form or foreign."""
    body = b64decode(message.get("value", ""))
    try:
        failure = read_failure(body)
        if failure.event is None:
            raise UnknownFormError("no payload")  # a topic always gets one
        context.scope.check(failure)
        return list(context.letters_of(failure, failure.event))
    except (UnknownFormError, MalformedEventError, ForeignError):
        place = f"{message['topic']}/{message['partition']}/{message['offset']:020}"
        return [(f"{FAILURES}kafka/{place}", body)]


def _progress_name(topic: str, partition: int) -> str:
    return f"{IMPORTED}kafka/{topic}/{partition}.json"


def _progress(bucket: Bucket, topic: str) -> dict[int, int]:
    prefix = f"{IMPORTED}kafka/{topic}/"
    offsets: dict[int, int] = {}
    for entry in bucket.entries(prefix):
        number = entry.name.removeprefix(prefix).removesuffix(".json")
        try:
            offsets[int(number)] = msgspec.json.decode(bucket.read(entry.name), type=Progress).next
        except (ValueError, msgspec.MsgspecError) as error:
            raise AwsError(f"s3://{bucket.name}/{entry.name} does not say how far the topic was read") from error
    return offsets
