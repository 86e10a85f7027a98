"""What Lambda's event source mapping writes about records that it discarded, in every form that is documented."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.bucket import is_readable
from msk_toolkit.settings.plain import is_text

_PLACE = re.compile(r"([a-zA-Z0-9._-]{1,249})-([0-9]{1,10})")
_BEYOND_KAFKA = 2**63
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
    if not is_readable(body):
        raise UnknownFormError("it has more lists and objects than a failure can have")
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
        raise UnknownFormError(_fault(error)) from None
    if batch.event is None and not batch.ranges:
        raise UnknownFormError("it holds neither the event nor its offsets")
    return batch


def _fault(error: Exception) -> str:
    """What is wrong, without the value: a notification holds whatever its sender wrote."""
    if isinstance(error, _WrongFieldError):
        return str(error)
    if isinstance(error, KeyError):
        return f"it lacks {error.args[0]}"  # one of the names that are looked for
    if isinstance(error, msgspec.DecodeError):
        return "a text in it is not JSON"
    return f"a part of it has another form ({type(error).__name__})"


class _WrongFieldError(ValueError):
    """A field that can't be what a mapping writes; the text does not quote it."""


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
    for name, text in source.items():
        if not isinstance(text, str) or not is_text(text):
            raise _WrongFieldError(f"{name} is not text")
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
        raise _WrongFieldError("a name in recordsInfo is not that of a partition")
    first, last = _offset(offsets["firstRecordOffset"]), _offset(offsets["lastRecordOffset"])
    if first > last:
        raise _WrongFieldError("firstRecordOffset is greater than lastRecordOffset")
    return Range(matched.group(1), int(matched.group(2)), first, last)


def _offset(value: Any) -> int:
    """An offset, also as text or as the float that some writers make of it."""
    offset = int(value)
    if not 0 <= offset < _BEYOND_KAFKA:
        raise _WrongFieldError("an offset in recordsInfo is not one of Kafka's")
    return offset
