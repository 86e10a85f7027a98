"""What lies in the bucket: letters counted by topic, partition and reason, and one letter shown."""

from collections.abc import Callable
from typing import Any

import msgspec

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.redrive.import_failures import FAILURES
from msk_toolkit.redrive.letters import Letter, entries, means, open_letter, place_of
from msk_toolkit.redrive.replay import TIME_IS_USED_UP, chunks, read_all
from msk_toolkit.redrive.request import Group, RedriveRequest, RedriveResponse
from msk_toolkit.settings.targets import Routes

# What a record itself holds, as opposed to where it stood.
_PAYLOAD = ("key", "value", "headers")


def list_letters(
    bucket: Bucket, request: RedriveRequest, routes: Routes, *, enough: Callable[[], bool]
) -> RedriveResponse:
    """Count the letters that a request means; the same letters that its replay would send.

    Raises:
        AwsError: S3 refused.
    """
    groups: dict[tuple[str, int | None, str, str], Group] = {}
    unreadable: list[str] = []
    after, stopped = request.after, ""
    for chunk in chunks(entries(bucket, request), request.limit):
        read = read_all(bucket, chunk, enough)
        if read is None:
            stopped = TIME_IS_USED_UP
            break
        letters, strange = read
        unreadable += strange
        for letter in letters:
            if means(request, letter):
                _count(groups, letter, routes)
        after = chunk[-1].name
    return RedriveResponse(
        action=request.action,
        dry_run=True,
        groups=list(groups.values()),
        waiting=sum(1 for _ in bucket.entries(FAILURES)),
        unreadable=unreadable[:20],
        stopped=stopped,
        next=msgspec.structs.replace(request, after=after) if stopped else None,
    )


def show(bucket: Bucket, request: RedriveRequest) -> RedriveResponse:
    """One letter; without the record's own content unless ``payload`` asks for it.

    Raises:
        AwsError: S3 refused, or there is no such object.
        ConfigurationError: it is no letter.
    """
    opened = open_letter(bucket.read(request.name))
    if opened is None:
        # Of anything else nobody knows where in it the payload stands.
        raise ConfigurationError("event", [f"{request.name} is not a letter"])
    letter: dict[str, Any] = msgspec.to_builtins(opened[0])
    if not request.payload:
        letter = _without_payload(letter)
    return RedriveResponse(action="inspect", dry_run=True, letter=letter)


def _without_payload(letter: dict[str, Any]) -> dict[str, Any]:
    event = letter.get("event")
    partitions = event.get("records") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(partitions, dict):
        return {name: value for name, value in letter.items() if name != "event"}
    shown = {
        place: [
            {name: value for name, value in record.items() if name not in _PAYLOAD}
            for record in records
            if isinstance(record, dict)
        ]
        for place, records in partitions.items()
        if isinstance(records, list)
    }
    # Vantiq's words may quote the record.
    refusal = {name: value for name, value in (letter.get("refusal") or {}).items() if name != "detail"}
    return {**letter, "refusal": refusal, "event": {**event, "records": shown}}


def _count(groups: dict[tuple[str, int | None, str, str], Group], letter: Letter, routes: Routes) -> None:
    place = place_of(letter.home)
    topic, partition = (place.topic, place.partition) if place else ("", None)
    refusal = letter.content.refusal
    key = (topic, partition, refusal.reason, refusal.code)
    if key not in groups:
        groups[key] = Group(
            topic=topic, partition=partition, reason=refusal.reason, code=refusal.code, target=_target(routes, topic)
        )
    group = groups[key]
    group.letters += 1
    name, modified = letter.entry.name, letter.entry.modified
    group.first, group.last = group.first or name, name
    group.oldest = min(group.oldest or modified, modified)
    group.newest = max(group.newest or modified, modified)


def _target(routes: Routes, topic: str) -> str:
    try:
        return str(routes.target_for(topic))
    except ValueError as error:
        return str(error)
