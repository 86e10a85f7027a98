"""What Lambda's event source mapping writes about records that it discarded, in every form that is documented."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

_PLACE = re.compile(r"([a-zA-Z0-9._-]{1,249})-([0-9]{1,10})")
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError)


class UnknownFormError(Exception):
    """Not what a mapping writes."""


class Range(NamedTuple):
    """Records of one partition that the mapping discarded, from the first to the last offset."""

    topic: str
    partition: int
    first: int
    last: int

    @property
    def place(self) -> str:
        """The partition as the mapping names it, such as ``orders-0``."""
        return f"{self.topic}-{self.partition}"


class DiscardedBatch(NamedTuple):
    """One failure object or failure notification.

    Args:
        condition: why, such as ``RetryAttemptsExhausted``.
        invocations: how often the function was tried.
        function: ARN or name of the function that was tried; empty where it is not named.
        event: what the function was given; None in the form of SQS and SNS, which only names the ranges.
        source: the event's fields beside its records.
    """

    condition: str
    invocations: int
    event: dict[str, Any] | None
    source: dict[str, Any]
    ranges: list[Range]
    function: str = ""


def read_failure(body: bytes) -> DiscardedBatch:
    """What an object of the mapping's S3 destination says.

    Raises:
        UnknownFormError: it is not a failure object.
    """
    try:
        return discarded_batch(msgspec.json.decode(body))
    except (ValueError, RecursionError) as error:
        # Not JSON; text in it that is not UTF-8; or JSON that is nested too deeply.
        raise UnknownFormError(str(error)) from error


def discarded_batch(notification: Any) -> DiscardedBatch:
    """A failure notification, decoded or as text; ``payload`` is the event as text or as an object, ``recordInfo`` is
    also written ``recordsInfo``.

    Raises:
        UnknownFormError: it is not a failure notification.
    """
    try:
        batch = _parsed(_as_object(notification))
    except _MALFORMED as error:
        raise UnknownFormError(f"{type(error).__name__}: {error}") from error
    if batch.event is None and not batch.ranges:
        raise UnknownFormError("it holds neither the event nor its offsets")
    return batch


def _as_object(notification: Any) -> Any:
    fields = _decoded(notification)
    if fields.get("Type") == "Notification":
        # An SNS topic hands it on to a queue like this, unless raw delivery is set.
        return msgspec.json.decode(fields["Message"])
    return fields


def _decoded(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str) else value


def _parsed(fields: Any) -> DiscardedBatch:
    context, info = fields["requestContext"], fields["KafkaBatchInfo"]
    event, source = _event(fields), _source(info)
    return DiscardedBatch(
        condition=str(context.get("condition", "")),
        invocations=int(context.get("approximateInvokeCount", 0)),
        event=event,
        source=source,
        # They are not needed beside the event, and a Kafka topic gets them in another form.
        ranges=_ranges(info) if event is None else [],
        function=str(context.get("functionArn") or ""),
    )


def _event(fields: Any) -> dict[str, Any] | None:
    event = _decoded(fields.get("payload"))
    if event is not None and not isinstance(event, dict):
        raise UnknownFormError("its payload is not an event")
    return event


def _source(info: Any) -> dict[str, Any]:
    source = {name: info[name] for name in ("eventSourceArn", "bootstrapServers") if info.get(name)}
    # The notification doesn't say it; only a cluster on MSK has an ARN of its own.
    kind = "aws:kafka" if "eventSourceArn" in source else "SelfManagedKafka"
    return {"eventSource": kind, **source}


def _ranges(info: Any) -> list[Range]:
    ranges = info.get("recordInfo") or info.get("recordsInfo")
    if not isinstance(ranges, Mapping):
        return []
    return [_range(place, offsets) for place, offsets in ranges.items()]


def _range(place: str, offsets: Mapping[str, Any]) -> Range:
    matched = _PLACE.fullmatch(place)
    if matched is None:
        raise ValueError(f"{place} is not a partition")
    first, last = int(offsets["firstRecordOffset"]), int(offsets["lastRecordOffset"])
    return Range(matched.group(1), int(matched.group(2)), first, last)
