"""The redrive's request and response."""

import logging
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.loading import read_event
from msk_toolkit.version import ResponseVersion, current_version

_logger = logging.getLogger(__name__)

RedriveAction = Literal["list", "inspect", "import", "replay"]
Moment = Annotated[datetime, Meta(tz=True)]
# Each invocation begins with a letter: where only a few fit into its time, the rate would not be kept.
_SLOWEST = 0.1
# Of a response's lists of names.
MOST_NAMED = 20
# Up to 0.2.0; accepted until OLD_NAMES_UNTIL.
_OLD_ACTIONS = {"adopt": "import"}
_OLD_FIELDS = {"notices": "failure_notifications", "leg": "hop"}
OLD_NAMES_UNTIL = "0.4.0"


class Counts(msgspec.Struct, frozen=True):
    """What was done so far, over every invocation of one redrive.

    Args:
        delivered: letters that Vantiq accepted, now below ``replayed/``.
        refused: letters that Vantiq refused again; they stay, with the new reason.
        imported: records that a mapping discarded and that became letters.
        gone: records that a failure notification names and Kafka no longer has.
        adopted: the same as ``imported``, under its name up to 0.2.0; until 0.4.0.
    """

    delivered: int = 0
    refused: int = 0
    imported: int = 0
    gone: int = 0
    adopted: int = 0

    def __post_init__(self) -> None:
        # A request that an earlier version started to go on with has the old name alone.
        imported = self.imported or self.adopted
        msgspec.structs.force_setattr(self, "imported", imported)
        msgspec.structs.force_setattr(self, "adopted", imported)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.delivered + other.delivered,
            self.refused + other.refused,
            self.imported + other.imported,
            self.gone + other.gone,
        )


class RedriveRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which letters, and what to do with them; by default they are listed."""

    action: Annotated[
        RedriveAction,
        Meta(
            description="list: letters by topic, partition and reason. inspect: one letter. import: make letters of "
            "what mappings discarded (their failure objects, or the given failure notifications). replay: import, then "
            "send letters again."
        ),
    ] = "list"
    dry_run: Annotated[bool, Meta(description="import and replay change nothing until this is false.")] = True
    topic: Annotated[str, Meta(description="Only this Kafka topic.")] = ""
    partition: Annotated[Annotated[int, Meta(ge=0)] | None, Meta(description="Only this partition.")] = None
    reason: Annotated[str, Meta(description="Only letters with this reason, such as refused or mapping.")] = ""
    code: Annotated[str, Meta(description="Only letters with this error code.")] = ""
    since: Annotated[Moment | None, Meta(description="Only letters written at this moment or later (ISO 8601).")] = None
    until: Annotated[Moment | None, Meta(description="Only letters written before this moment.")] = None
    limit: Annotated[int, Meta(description="Maximum number of letters to read; 0 means all.", ge=0)] = 0
    records_per_second: Annotated[
        float,
        Meta(description="Maximum letters sent per second, 0.1 or more; 0 means unlimited.", ge=0, le=1_000_000),
    ] = 100.0
    name: Annotated[str, Meta(description="inspect: the letter's name.")] = ""
    payload: Annotated[bool, Meta(description="inspect: show key, value and headers too.")] = False
    failure_notifications: Annotated[
        list[Any],
        Meta(
            description="import: messages of an SQS or SNS on-failure destination, as objects or as text; the records "
            "are fetched from Kafka."
        ),
    ] = []
    failure_topic: Annotated[
        str,
        Meta(
            description="import and replay: also what the mappings wrote to this Kafka topic, their kafka:// "
            "on-failure destination.",
            pattern=r"^[a-zA-Z0-9._-]{0,249}$(?!\n)",
        ),
    ] = ""
    accept: Annotated[
        list[str],
        Meta(
            description="import and replay: ARNs of clusters, functions and topics whose failure objects in the bucket "
            "are imported although they are not, or no longer, this stack's."
        ),
    ] = []
    after: Annotated[str, Meta(description="Continue behind this name; set by the function itself.")] = ""
    hop: Annotated[int, Meta(description="How often it was continued; set by the function itself.", ge=0)] = 0
    so_far: Annotated[Counts, Meta(description="What was done before; set by the function itself.")] = Counts()

    @property
    def lists_letters(self) -> bool:
        """Whether letters are counted and none is sent."""
        return self.action == "list" or (self.action == "replay" and self.dry_run)


class Group(msgspec.Struct, kw_only=True):
    """Letters that share topic, partition and reason.

    Args:
        target: where a replay would send them, or why they have no target.
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
    """The letters, or what was done with them.

    Args:
        groups: list, and a replay's dry run.
        letter: inspect.
        waiting: failure objects of the mapping that are not imported yet.
        done: over every invocation of this redrive.
        foreign: how many failure objects are of another cluster, mapping or topic; they stay.
        foreign_objects: the first twenty of them, each with the reason.
        unreadable: objects that are not a letter or failure object of a known form, the first twenty; they stay.
        without_target: why Kafka topics have no target in Vantiq, the first twenty; their letters stay.
        stopped: why it ended before the last letter; empty when nothing is left to do.
        next: the request that continues where this one ended.
        continues: whether the function has started that itself.
    """

    action: RedriveAction
    dry_run: bool
    groups: list[Group] = []
    letter: dict[str, Any] | None = None
    waiting: int = 0
    done: Counts = Counts()
    foreign: int = 0
    foreign_objects: list[str] = []
    unreadable: list[str] = []
    without_target: list[str] = []
    stopped: str = ""
    next: RedriveRequest | None = None
    continues: bool = False
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def parse_redrive_request(event: Any) -> RedriveRequest:
    """An invocation's event as a request; one of an SQS queue or SNS topic imports the failure notifications in it.

    Names of earlier versions are accepted, and logged as a warning.

    Raises:
        ConfigurationError: with every mistake.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if isinstance(records, list):
        return _import_of(records)
    example = '{"action": "list"}'
    # A notification that can't be read is refused by itself and keeps back none of the others.
    request = read_event(_with_current_names(event), RedriveRequest, example, unchecked=("failure_notifications",))
    if problems := _contradictions(request):
        raise ConfigurationError("event", problems)
    return request


def _import_of(records: list[Any]) -> RedriveRequest:
    if not records:
        raise ConfigurationError("event", ["Records hold no messages of an SQS queue or SNS topic"])
    notifications = [_message(record) for record in records]
    return RedriveRequest(action="import", dry_run=False, failure_notifications=notifications)


def _with_current_names(event: Any) -> Any:
    """The event without names of earlier versions.

    Raises:
        ConfigurationError: something is given under both of its names.
    """
    if not isinstance(event, dict):
        return event
    current = dict(event)
    _rename_action(current)
    problems = _rename_fields(current)
    if problems:
        raise ConfigurationError("event", problems)
    return current


def _rename_action(event: dict[str, Any]) -> None:
    action = event.get("action")
    if isinstance(action, str) and action in _OLD_ACTIONS:
        event["action"] = _OLD_ACTIONS[action]
        _warn("action ", action, _OLD_ACTIONS[action])


def _rename_fields(event: dict[str, Any]) -> list[str]:
    """Rename them, and return the problems: what is given under both of its names."""
    problems = []
    for old, name in _OLD_FIELDS.items():
        if old not in event:
            continue
        if name in event:
            problems.append(f"{old} is the old name of {name}: give {name} alone")
        event[name] = event.pop(old)
        _warn("", old, name)
    return problems


def _warn(kind: str, old: str, name: str) -> None:
    _logger.warning("%s%s was renamed to %s; the old name works until version %s", kind, old, name, OLD_NAMES_UNTIL)


def _contradictions(request: RedriveRequest) -> list[str]:
    problems = []
    if request.action == "inspect" and not request.name:
        problems.append("inspect needs the name of a letter")
    if request.accept and request.failure_notifications:
        problems.append("accept is for failure objects in the bucket, not for failure_notifications")
    if request.failure_topic:
        problems += _contradictions_of_topic(request)
    if 0 < request.records_per_second < _SLOWEST:
        problems.append(f"records_per_second must be {_SLOWEST} or more, or 0 for unlimited")
    return problems


def _contradictions_of_topic(request: RedriveRequest) -> list[str]:
    problems = []
    if request.action not in {"import", "replay"}:
        problems.append("failure_topic belongs to the actions import and replay")
    if request.failure_notifications:
        problems.append("failure_topic and failure_notifications can't be given together: make two requests")
    return problems


def _message(record: Any) -> Any:
    """A message's text; None where the record has none, so that it fails alone and blocks no other."""
    try:
        return record["Sns"]["Message"] if "Sns" in record else record["body"]
    except (KeyError, TypeError):
        return None
