"""What the redrive is asked, and what it answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.loading import read_event
from msk_toolkit.version import ResponseVersion, current_version

RedriveAction = Literal["list", "inspect", "adopt", "replay"]
Moment = Annotated[datetime, Meta(tz=True)]
# Each invocation begins with a letter: where only a few fit into its time, the rate would not be kept.
_SLOWEST = 0.1


class Counts(msgspec.Struct, frozen=True):
    """What was done so far, over every invocation of one redrive.

    Args:
        delivered: letters that Vantiq took, now below ``replayed/``.
        refused: letters that Vantiq refused again; they stay, with the new reason.
        adopted: records of the mapping's own failure objects and notices that became letters.
        gone: records of a notice that Kafka no longer has.
    """

    delivered: int = 0
    refused: int = 0
    adopted: int = 0
    gone: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.delivered + other.delivered,
            self.refused + other.refused,
            self.adopted + other.adopted,
            self.gone + other.gone,
        )


class RedriveRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which letters, and what to do about them; by default it only looks."""

    action: Annotated[
        RedriveAction,
        Meta(
            description="list: letters by topic, partition and reason. inspect: one letter. adopt: turn the mapping's "
            "own failure objects (or the given notices) into letters. replay: adopt, then send letters again."
        ),
    ] = "list"
    dry_run: Annotated[bool, Meta(description="adopt and replay change nothing until this is false.")] = True
    topic: Annotated[str, Meta(description="Only this Kafka topic.")] = ""
    partition: Annotated[Annotated[int, Meta(ge=0)] | None, Meta(description="Only this partition.")] = None
    reason: Annotated[str, Meta(description="Only letters with this reason, such as refused or mapping.")] = ""
    code: Annotated[str, Meta(description="Only letters with this error code.")] = ""
    since: Annotated[Moment | None, Meta(description="Only letters written at this moment or later (ISO 8601).")] = None
    until: Annotated[Moment | None, Meta(description="Only letters written before this moment.")] = None
    limit: Annotated[int, Meta(description="Most letters to look at; 0 means all.", ge=0)] = 0
    records_per_second: Annotated[
        float,
        Meta(description="Most letters sent in a second, 0.1 or more; 0 sets no limit.", ge=0, le=1_000_000),
    ] = 100.0
    name: Annotated[str, Meta(description="inspect: the letter's name.")] = ""
    payload: Annotated[bool, Meta(description="inspect: show key, value and headers too.")] = False
    notices: Annotated[
        list[Any],
        Meta(
            description="adopt: failure messages of an SQS or SNS destination, as objects or as text; the records come "
            "from Kafka."
        ),
    ] = []
    failure_topic: Annotated[
        str,
        Meta(
            description="adopt and replay: also what the mappings wrote to this Kafka topic, their kafka:// on-failure "
            "destination.",
            pattern=r"^[a-zA-Z0-9._-]{0,249}$",
        ),
    ] = ""
    after: Annotated[str, Meta(description="Go on behind this name; set by the function itself.")] = ""
    leg: Annotated[int, Meta(description="How often it went on; set by the function itself.", ge=0)] = 0
    so_far: Annotated[Counts, Meta(description="What was done before; set by the function itself.")] = Counts()


class Group(msgspec.Struct, kw_only=True):
    """Letters that share topic, partition and reason.

    Args:
        target: where a replay would send them, or why it can't.
    """

    topic: str
    partition: int | None
    reason: str
    code: str
    target: str
    letters: int = 0
    first: str = ""
    last: str = ""
    oldest: datetime | None = None
    newest: datetime | None = None


class RedriveResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found or done.

    Args:
        groups: list, and a replay's dry run.
        letter: inspect.
        waiting: failure objects of the mapping that are not adopted yet.
        done: over every invocation of this redrive.
        unreadable: objects that are no letter or failure object of a known form, the first twenty; they stay.
        without_target: why Kafka topics have no target in Vantiq, the first twenty; their letters stay.
        stopped: why it ended before the end; empty when nothing is left to do.
        next: the request that goes on where this one ended.
        continues: whether the function has started that itself.
    """

    action: RedriveAction
    dry_run: bool
    groups: list[Group] = []
    letter: dict[str, Any] | None = None
    waiting: int = 0
    done: Counts = Counts()
    unreadable: list[str] = []
    without_target: list[str] = []
    stopped: str = ""
    next: RedriveRequest | None = None
    continues: bool = False
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def parse_redrive_request(event: Any) -> RedriveRequest:
    """An invocation's event as a request; one of an SQS queue or SNS topic adopts the notices in it.

    Raises:
        ConfigurationError: with every mistake.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if isinstance(records, list):
        if not records:
            raise ConfigurationError("event", ["Records hold no messages of an SQS queue or SNS topic"])
        return RedriveRequest(action="adopt", dry_run=False, notices=[_message(record) for record in records])
    request = read_event(event, RedriveRequest, '{"action": "list"}')
    problems = []
    if request.action == "inspect" and not request.name:
        problems.append("inspect needs the name of a letter")
    if request.failure_topic and request.action not in {"adopt", "replay"}:
        problems.append("failure_topic belongs to the actions adopt and replay")
    if request.failure_topic and request.notices:
        problems.append("failure_topic and notices are two ways, for two requests")
    if 0 < request.records_per_second < _SLOWEST:
        problems.append(f"records_per_second is {_SLOWEST} or more, or 0 for no limit")
    if problems:
        raise ConfigurationError("event", problems)
    return request


def _message(record: Any) -> Any:
    """A message's text; what is none stays as it is, so that it fails by itself and keeps no other back."""
    try:
        return record["Sns"]["Message"] if "Sns" in record else record["body"]
    except (KeyError, TypeError):
        return record
