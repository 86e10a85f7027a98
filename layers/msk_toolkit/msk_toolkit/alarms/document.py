"""What a mail says, as data: the JSON for programs, of which the text is made."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.version import ResponseVersion, current_version


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An address to open."""

    label: str
    url: str


class MailProblem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is wrong, with the first thing to do.

    Args:
        cause: an id of docs/runbook.md; empty where the logs name none.
        sentence: what is wrong, complete in itself.
        detail: what the log, Lambda or Vantiq's answer says; never anything of a record.
        since: when it began, in ISO 8601 and UTC; None where that is not known.
        since_at_least: whether it may have begun before.
        tries: failed attempts since then, 0 where they are not counted.
        command: the command to begin with, to be copied.
        owner: who can fix it.
        runbook: the address of the documentation's section.
    """

    cause: str = ""
    sentence: str
    detail: str = ""
    broker: str = ""
    topics: list[str] = []
    since: str | None = None
    since_at_least: bool = False
    tries: int = 0
    remedy: str = ""
    command: str = ""
    owner: str = ""
    runbook: str = ""


class MailTopic(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A forwarded topic at the time of the mail; what is not known is None."""

    topic: str
    state: str
    behind_records: int | None = None
    behind_seconds: float | None = None
    in_per_second: float | None = None
    out_per_second: float | None = None
    last_delivery: str | None = None
    letters: int | None = None


class MailAlarm(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The alarm as CloudWatch reported it; ``kind`` is its logical id in the template, empty if it has none."""

    name: str
    kind: str
    changed: str
    reason: str = ""
    description: str = ""


class AlarmMail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mail about an alarm that went off or is over.

    Args:
        state: ``on`` or ``over``.
        headline: the alarm's meaning in a few words.
        problem: what is or was wrong.
        lasted_seconds: of what is over, None where its beginning is not known.
        still_there: whether the problem is there at the time of the mail, None where that is not known: an alarm also
            ends where nothing is delivered any more.
        topics: the forwarded topics, where the alarm is about records.
        set_aside: dead letters that wait, None where they are not known or not listed.
        loss: whether records were lost, in a sentence.
        also: other problems of the path at that time, a sentence each.
        unread: what could not be read, and why.
    """

    state: Literal["on", "over"]
    subject: Annotated[str, Meta(max_length=100, description="The mail's subject.")]
    headline: str
    stack: str
    region: str
    account: str
    alarm: MailAlarm
    problem: MailProblem
    lasted_seconds: float | None = None
    still_there: bool | None = None
    topics: list[MailTopic] = []
    set_aside: int | None = None
    loss: str = ""
    also: list[str] = []
    unread: list[str] = []
    links: list[Link] = []
    text: Annotated[str, Meta(description="The mail as people get it.")] = ""
    version: ResponseVersion = msgspec.field(default_factory=current_version)


class PlainMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that could not be explained, or a message that is not an alarm's."""

    subject: Annotated[str, Meta(max_length=100)]
    text: str


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """What is published: a subject of at most 100 ASCII characters, the text, and the same as JSON."""

    subject: str
    text: str
    json: str
