"""The change of an alarm's state, read from CloudWatch's message on the SNS topic.

The form is CloudWatch's own of messages to SNS (user guide, "Alarm notifications"); a mail needs part of it.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

from msk_toolkit.settings.plain import with_valid_text

AlarmState = Literal["ALARM", "OK", "INSUFFICIENT_DATA"]


class AlarmChange(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that changed its state; ``at`` is when, in seconds since 1970."""

    name: str
    state: AlarmState
    before: AlarmState
    at: float
    reason: str = ""
    description: str = ""

    @property
    def is_on(self) -> bool:
        """Whether it goes off."""
        return self.state == "ALARM"

    @property
    def is_over(self) -> bool:
        """Whether it was on and is no longer; an alarm that was never on has nothing to report."""
        return self.state == "OK" and self.before == "ALARM"


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where the SNS topic is that a message came from, and with it the stack."""

    partition: str
    region: str
    account: str


class TopicMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message on the topic; ``change`` is None where it is not CloudWatch's, such as a test by hand."""

    text: str
    origin: Origin
    change: AlarmChange | None = None


class SnsMessage(msgspec.Struct, frozen=True, rename="pascal"):
    """A message as SNS hands it to a function; of an alarm it is CloudWatch's JSON."""

    topic_arn: str
    message: str


class SnsRecord(msgspec.Struct, frozen=True, rename="pascal"):
    """One of an event's messages."""

    sns: SnsMessage


class SnsEvent(msgspec.Struct, frozen=True, rename="pascal"):
    """An event of SNS; every other event has no records, and sends nothing."""

    records: list[SnsRecord] = []


class _Body(msgspec.Struct, frozen=True, rename="pascal"):
    alarm_name: str
    new_state_value: AlarmState
    old_state_value: AlarmState
    state_change_time: str
    new_state_reason: str | None = None
    alarm_description: str | None = None


def read_messages(event: Any) -> list[TopicMessage]:
    """The messages of an event; none where the event is not of SNS."""
    try:
        records = msgspec.convert(with_valid_text(event), SnsEvent).records
    except (msgspec.ValidationError, RecursionError):
        return []
    return [_message(record.sns) for record in records]


def _message(sns: SnsMessage) -> TopicMessage:
    # arn:partition:sns:region:account:name
    parts = [*sns.topic_arn.split(":"), "", "", "", "", ""]
    origin = Origin(partition=parts[1] or "aws", region=parts[3], account=parts[4])
    return TopicMessage(text=sns.message, origin=origin, change=_change(sns.message))


def _change(text: str) -> AlarmChange | None:
    try:
        body = msgspec.json.decode(text, type=_Body)
        at = datetime.fromisoformat(body.state_change_time).timestamp()
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    return AlarmChange(
        name=body.alarm_name,
        state=body.new_state_value,
        before=body.old_state_value,
        at=at,
        reason=body.new_state_reason or "",
        description=body.alarm_description or "",
    )
