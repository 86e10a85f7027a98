"""The topics function's request and response."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.loading import read_event
from msk_toolkit.topics.apply import TopicChange
from msk_toolkit.topics.declaration import Declaration, parse_declaration
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.delete import Deletion
from msk_toolkit.topics.export import ExportedTopic
from msk_toolkit.topics.plan import Plan
from msk_toolkit.version import ResponseVersion, current_version

TopicsAction = Literal["plan", "apply", "check", "delete", "export"]
TopicsStatus = Literal["planned", "applied", "checked", "deleted", "exported", "refused", "incomplete"]


class TopicsEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the function is to do; by default it only reports."""

    action: Annotated[
        TopicsAction,
        Meta(
            description="plan reports, apply carries it out, check counts drift for the schedule, delete deletes what "
            "is named, export returns the cluster's topics as a declaration."
        ),
    ] = "plan"
    topics: Annotated[
        Declaration | list[Any] | None,
        Meta(
            description="Topics declared in the request instead of in topics.yaml: its content, or its list of topics. "
            "With delete they protect, beside those of topics.yaml."
        ),
    ] = None
    plan: Annotated[
        Plan | None,
        Meta(description="With apply: the plan that was approved; refused if the cluster has changed since."),
    ] = None
    only: Annotated[
        list[str],
        Meta(
            description="Only these declared topics, so that a refusal of one does not hold back the others. All of "
            "them if empty. With export: these topics of the cluster. Not with delete."
        ),
    ] = []
    after: Annotated[
        str,
        Meta(description="With export: only topics whose names come after this one, nextAfter of an earlier response."),
    ] = ""
    all: Annotated[bool, Meta(description="List the names of topics that are not declared, too.")] = False
    delete: Annotated[list[Deletion], Meta(description="With delete: the topics, each named twice.")] = []


class TopicsRequest(msgspec.Struct, frozen=True):
    """An event whose topics have been parsed.

    ``keep_partitions`` accepts a topic that has more partitions than declared: a rollback can't remove them.
    """

    action: TopicsAction = "plan"
    topics: list[DeclaredTopic] | None = None
    plan: Plan | None = None
    all: bool = False
    delete: list[Deletion] = []
    only: list[str] = []
    keep_partitions: bool = False
    after: str = ""


class TopicsResponse(msgspec.Struct, frozen=True, rename="camel"):
    """The plan, how its changes ended, and the same as a table for a person."""

    action: TopicsAction
    status: Annotated[
        TopicsStatus,
        Meta(
            description="refused: nothing was changed, see problems. incomplete: see changes for what was done and "
            "what was not; run it again to continue."
        ),
    ]
    table: str
    plan: Annotated[Plan | None, Meta(description="Absent for delete and export.")] = None
    changes: Annotated[list[TopicChange], Meta(description="Every write, and how it ended.")] = []
    problems: Annotated[
        list[str], Meta(description="Why nothing was changed, all of it; with export, what could not be read.")
    ] = []
    behind: Annotated[
        list[str],
        Meta(
            description="Brokers that did not show within 12 s what was written, and why. It is done nevertheless, "
            "and they catch up by themselves."
        ),
    ] = []
    drift: Annotated[dict[str, int], Meta(description="With check: how many topics show each kind of drift.")] = {}
    left_out: Annotated[
        dict[str, int],
        Meta(
            description="How many topics, steps, changes and lines of the table are omitted, since Lambda accepts "
            "6 MB; the function's log has the full table."
        ),
    ] = {}
    topics: Annotated[
        list[ExportedTopic],
        Meta(description="With export: the topics in the order of their names, up to 2,000 in a response."),
    ] = []
    next_after: Annotated[
        str,
        Meta(description="With export: repeat the request with this as after for the topics left out; empty if none."),
    ] = ""
    version: ResponseVersion = msgspec.field(default_factory=current_version)

    @property
    def done(self) -> list[TopicChange]:
        """The changes that are done."""
        return [change for change in self.changes if change.is_done]

    @property
    def created(self) -> int:
        """How many topics were created."""
        return sum(change.change == "create" for change in self.done)

    @property
    def changed(self) -> int:
        """How many topics were changed, beside those that were created."""
        return len({change.topic for change in self.done}) - self.created


def parse_topics_request(event: Any) -> TopicsRequest:
    """An invocation's event as a request.

    Raises:
        ConfigurationError: with every mistake.
    """
    problems: list[str] = []
    requested, topics = TopicsEvent(), None
    try:
        requested = read_event(_without_topics(event), TopicsEvent, '{"action": "plan"}')
    except ConfigurationError as error:
        problems += error.problems
    try:
        topics = _topics(event)
    except ConfigurationError as error:
        problems += error.problems
    problems += _contradictions(requested)
    if topics is not None and requested.action == "export":
        problems.append("topics do not belong to the action export: it reads those of the cluster")
    if problems:
        raise ConfigurationError("event", problems)
    return TopicsRequest(
        requested.action,
        topics,
        requested.plan,
        requested.all,
        requested.delete,
        requested.only,
        after=requested.after,
    )


def _without_topics(event: Any) -> Any:
    """The rest of an event: the topics have their own parser, which reports all of their mistakes."""
    if isinstance(event, dict):
        return {key: value for key, value in event.items() if key != "topics"}
    return event


def _topics(event: Any) -> list[DeclaredTopic] | None:
    """The topics of an event: a declaration, or its list of topics alone."""
    if not isinstance(event, dict) or event.get("topics") is None:
        return None
    given = event["topics"]
    if isinstance(given, dict):
        return parse_declaration(given, "event")
    return parse_declaration({"topics": given}, "event")


def _contradictions(requested: TopicsEvent) -> list[str]:
    is_delete = requested.action == "delete"
    contradictions = {
        "plan belongs to the action apply": requested.plan is not None and requested.action != "apply",
        "the action delete and the list delete belong together": bool(requested.delete) != is_delete,
        "after belongs to the action export": bool(requested.after) and requested.action != "export",
        "only belongs to plan, apply, check and export: delete names its topics itself": bool(requested.only)
        and is_delete,
    }
    return [problem for problem, applies in contradictions.items() if applies]
