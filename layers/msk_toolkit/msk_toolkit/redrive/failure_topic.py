"""A mapping's ``kafka://`` destination read: each message of that topic holds a record that the mapping gave up.

How far it was read stands in the bucket, beside what the mapping's S3 objects became: no consumer group, no further
permission.
"""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import msgspec

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.forward.decode import MalformedEventError
from msk_toolkit.redrive.concurrently import concurrently
from msk_toolkit.redrive.failures import Range, UnknownFormError, read_failure
from msk_toolkit.redrive.import_failures import FAILURES, IMPORTED, Fetch, ImportResult, OffsetSpans, letters_of
from msk_toolkit.redrive.request import Counts


class Progress(msgspec.Struct, frozen=True):
    """Up to which offset a partition was read; the offset itself was not."""

    next: int


def import_topic(
    bucket: Bucket,
    topic: str,
    spans: OffsetSpans,
    fetch: Fetch,
    deadline: Deadline,
    *,
    write: bool,
    enough: Callable[[], bool],
    now: Callable[[], float],
) -> ImportResult:
    """Write a letter for each record of each message that was not read yet; a letter that is there already stays.

    A message of another form is put among the mapping's failure objects, so that it is told each time and outlives the
    topic's retention.

    Args:
        write: without it nothing is written, and ``waiting`` counts the messages.
        enough: whether to stop, also within a partition.

    Raises:
        ToolkitError: S3 or a broker refused; what was written stays, and is written again to no effect.
    """
    counts, waiting = Counts(), 0
    before = _progress(bucket, topic)
    for partition, (first, end) in sorted(spans(topic, deadline).items()):
        start = max(before.get(partition, first), first)
        if start > end:
            # The topic was made anew and counts from the beginning.
            start = first
        for messages in fetch(Range(topic, partition, start, end - 1), deadline) if start < end else ():
            if enough():
                return ImportResult(counts, waiting, [], finished=False)
            if not write:
                waiting += len(messages)
                continue
            made = [each for message in messages for each in _objects(message, now)]
            written = concurrently(lambda each: bucket.write_new(*each), made, enough)
            if None in written:
                return ImportResult(counts, waiting, [], finished=False)
            letters = [is_new for (name, _), is_new in zip(made, written, strict=True) if not name.startswith(FAILURES)]
            counts += Counts(adopted=letters.count(True))
            bucket.write(_progress_name(topic, partition), msgspec.json.encode(Progress(messages[-1]["offset"] + 1)))
    return ImportResult(counts, waiting, [], finished=True)


def _objects(message: dict[str, Any], now: Callable[[], float]) -> list[tuple[str, bytes]]:
    """What a message becomes: letters, or itself where it is of another form."""
    body = b64decode(message.get("value", ""))
    try:
        failure = read_failure(body)
        if failure.event is None:
            raise UnknownFormError("no payload")  # a topic always gets one
        return list(letters_of(failure, failure.event, now))
    except (UnknownFormError, MalformedEventError):
        place = f"{message['topic']}/{message['partition']}/{message['offset']:020}"
        return [(f"{FAILURES}kafka/{place}", body)]


def _progress_name(topic: str, partition: int) -> str:
    return f"{IMPORTED}kafka/{topic}/{partition}.json"


def _progress(bucket: Bucket, topic: str) -> dict[int, int]:
    prefix = f"{IMPORTED}kafka/{topic}/"
    found: dict[int, int] = {}
    for entry in bucket.entries(prefix):
        number = entry.name.removeprefix(prefix).removesuffix(".json")
        try:
            found[int(number)] = msgspec.json.decode(bucket.read(entry.name), type=Progress).next
        except (ValueError, msgspec.MsgspecError) as error:
            raise AwsError(f"s3://{bucket.name}/{entry.name} does not say how far the topic was read") from error
    return found
