"""The contents of the bucket: letters counted by topic, partition and reason, and one letter shown."""

from typing import Any

import msgspec

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.redrive.concurrently import TIME_IS_USED_UP, OutOfTime
from msk_toolkit.redrive.import_failures import FAILURES
from msk_toolkit.redrive.letters import Letter, LetterPlace, parse_letter, place_of
from msk_toolkit.redrive.reading import OutOfTimeError, read_letters
from msk_toolkit.redrive.request import MOST_NAMED, Group, RedriveRequest, RedriveResponse
from msk_toolkit.settings.plain import with_valid_text
from msk_toolkit.settings.targets import Routes

# What a record itself holds, as opposed to its place.
_PAYLOAD = ("key", "value", "headers")
# Topic, partition, reason and code.
_Key = tuple[str, int | None, str, str]


def list_letters(bucket: Bucket, request: RedriveRequest, routes: Routes, *, out_of_time: OutOfTime) -> RedriveResponse:
    """Count the letters that a request selects; the same letters that its replay would send.

    Raises:
        AwsError: S3 refused.
    """
    groups: dict[_Key, Group] = {}
    unreadable: list[str] = []
    after, stopped = request.after, ""
    try:
        for chunk in read_letters(bucket, request, routes, out_of_time):
            unreadable += chunk.unreadable
            for letter in chunk.letters:
                _count(groups, letter)
            after = chunk.entries[-1].name
    except OutOfTimeError:
        stopped = TIME_IS_USED_UP
    return RedriveResponse(
        action=request.action,
        dry_run=True,
        groups=list(groups.values()),
        waiting=sum(1 for _ in bucket.entries(FAILURES)),
        unreadable=unreadable[:MOST_NAMED],
        stopped=stopped,
        next=_continuation(request, after, stopped),
    )


def _continuation(request: RedriveRequest, after: str, stopped: str) -> RedriveRequest | None:
    if not stopped:
        return None
    return msgspec.structs.replace(request, after=after)


def show(bucket: Bucket, request: RedriveRequest) -> RedriveResponse:
    """One letter; without the record's own content unless ``payload`` asks for it.

    Raises:
        AwsError: S3 refused, or there is no such object.
        ConfigurationError: it is not a letter.
    """
    content = parse_letter(bucket.read(request.name))
    if content is None:
        # Of anything else it is not known which part of it is the payload.
        raise ConfigurationError("event", [f"{request.name} is not a letter"])
    letter: dict[str, Any] = msgspec.to_builtins(content.letter)
    if not request.payload:
        letter = _without_payload(letter)
    # A letter of a broken record holds what no response can.
    return RedriveResponse(action="inspect", dry_run=True, letter=with_valid_text(letter))


def _without_payload(letter: dict[str, Any]) -> dict[str, Any]:
    event = letter["event"]
    partitions: dict[str, list[Any]] = {}
    for place, records in event["records"].items():
        partitions[place] = [_without(record, _PAYLOAD) for record in records]
    # Vantiq's message may quote the record.
    refusal = _without(letter["refusal"], ("detail",))
    return {**letter, "refusal": refusal, "event": {**event, "records": partitions}}


def _without(fields: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """The fields but for those; a record that is not an object has none that could be shown."""
    if not isinstance(fields, dict):
        return {}
    return {name: value for name, value in fields.items() if name not in names}


def _count(groups: dict[_Key, Group], letter: Letter) -> None:
    place = place_of(letter.home) or LetterPlace("", None)
    key = (place.topic, place.partition, letter.refusal.reason, letter.refusal.code)
    if key not in groups:
        groups[key] = _group(key, letter)
    modified = letter.entry.modified
    group = groups[key]
    group.letters += 1
    group.last = letter.entry.name
    group.oldest = min(group.oldest or modified, modified)
    group.newest = max(group.newest or modified, modified)


def _group(key: _Key, letter: Letter) -> Group:
    topic, partition, reason, code = key
    return Group(
        topic=topic,
        partition=partition,
        reason=with_valid_text(reason),
        code=with_valid_text(code),
        target=with_valid_text(letter.target.target or letter.target.problem),
        first=letter.entry.name,
        oldest=letter.entry.modified,
        newest=letter.entry.modified,
    )
