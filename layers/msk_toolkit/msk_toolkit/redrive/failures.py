"""What Lambda's event source mapping writes about records that it gave up: read in every form that is documented."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

_PLACE = re.compile(r"([a-zA-Z0-9._-]{1,249})-([0-9]{1,10})")


class UnknownFormError(Exception):
    """Not what a mapping writes."""


class Range(NamedTuple):
    """Records of one partition that the mapping gave up, from the first to the last offset."""

    topic: str
    partition: int
    first: int
    last: int


class DiscardedBatch(NamedTuple):
    """One failure object or notice.

    Args:
        condition: why, such as ``RetryAttemptsExhausted``.
        invocations: how often the function was tried.
        event: what the function was given; None in the form of SQS and SNS, which only names the ranges.
        source: the event's fields beside its records.
    """

    condition: str
    invocations: int
    event: dict[str, Any] | None
    source: dict[str, Any]
    ranges: list[Range]


def read_failure(body: bytes) -> DiscardedBatch:
    """What an object of the mapping's S3 destination says.

    Raises:
        UnknownFormError: it is none.
    """
    try:
        return discarded_batch(msgspec.json.decode(body))
    except (ValueError, RecursionError) as error:
        # No JSON; text in it that is no UTF-8; or JSON that is nested too deeply.
        raise UnknownFormError(str(error)) from error


def discarded_batch(said: Any) -> DiscardedBatch:
    """A failure record, decoded or as text; ``payload`` is the event as text or as an object, ``recordInfo`` is also
    written ``recordsInfo``.

    Raises:
        UnknownFormError: it is none.
    """
    try:
        said = msgspec.json.decode(said) if isinstance(said, str) else said
        if said.get("Type") == "Notification":
            # An SNS topic hands it on to a queue like this, unless raw delivery is set.
            said = msgspec.json.decode(said["Message"])
        context, info = said["requestContext"], said["KafkaBatchInfo"]
        payload = said.get("payload")
        event = msgspec.json.decode(payload) if isinstance(payload, str) else payload
        if event is not None and not isinstance(event, dict):
            raise UnknownFormError("its payload is no event")
        # Beside the event nobody needs them, and a Kafka topic gets them in another form.
        ranges = (info.get("recordInfo") or info.get("recordsInfo") or {}) if event is None else {}
        source = {name: info[name] for name in ("eventSourceArn", "bootstrapServers") if info.get(name)}
        found = DiscardedBatch(
            condition=str(context.get("condition", "")),
            invocations=int(context.get("approximateInvokeCount", 0)),
            event=event,
            # The notice doesn't say it; only a cluster on MSK has an ARN of its own.
            source={"eventSource": "aws:kafka" if "eventSourceArn" in source else "SelfManagedKafka", **source},
            ranges=[_range(place, offsets) for place, offsets in ranges.items()] if isinstance(ranges, Mapping) else [],
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise UnknownFormError(f"{type(error).__name__}: {error}") from error
    if found.event is None and not found.ranges:
        raise UnknownFormError("it holds neither the event nor its offsets")
    return found


def _range(place: str, offsets: Mapping[str, Any]) -> Range:
    matched = _PLACE.fullmatch(place)
    if matched is None:
        raise ValueError(f"{place} is no partition")
    first, last = int(offsets["firstRecordOffset"]), int(offsets["lastRecordOffset"])
    return Range(matched.group(1), int(matched.group(2)), first, last)
