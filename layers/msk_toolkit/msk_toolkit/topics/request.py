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
from msk_toolkit.topics.plan import Plan
from msk_toolkit.version import ResponseVersion, current_version

TopicsAction = Literal["plan", "apply", "check", "delete"]
TopicsStatus = Literal["planned", "applied", "checked", "deleted", "refused", "incomplete"]


class TopicsEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the function is to do; by default it only reports."""

    action: Annotated[
        TopicsAction,
        Meta(
            description="plan reports, apply carries it out, check counts drift for the schedule, delete deletes what "
            "is named."
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
            "them if empty. Not with delete."
        ),
    ] = []
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
    plan: Annotated[Plan | None, Meta(description="Absent for delete.")] = None
    changes: Annotated[list[TopicChange], Meta(description="Every write, and how it ended.")] = []
    problems: Annotated[list[str], Meta(description="Why nothing was changed, all of it.")] = []
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
            description="How many steps, changes and lines of the table are omitted, since Lambda accepts 6 MB; the "
            "function's log has the full table."
        ),
    ] = {}
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def parse_topics_request(event: Any) -> TopicsRequest:
    """An invocation's event as a request.

    Raises:
        ConfigurationError: with every mistake.
    """
    given: Any = None
    rest = event
    if isinstance(event, dict):
        # The topics have their own parser, which reports all of their mistakes.
        given = event.get("topics")
        rest = {key: value for key, value in event.items() if key != "topics"}
    problems: list[str] = []
    requested, topics = TopicsEvent(), None
    try:
        requested = read_event(rest, TopicsEvent, '{"action": "plan"}')
    except ConfigurationError as error:
        problems += error.problems
    try:
        topics = _topics(given)
    except ConfigurationError as error:
        problems += error.problems
    problems += _contradictions(requested)
    if problems:
        raise ConfigurationError("event", problems)
    return TopicsRequest(requested.action, topics, requested.plan, requested.all, requested.delete, requested.only)


def _topics(given: Any) -> list[DeclaredTopic] | None:
    """The topics of an event: a declaration, or its list of topics alone."""
    if given is None:
        return None
    document = given if isinstance(given, dict) else {"topics": given}
    return parse_declaration(document, "event")


def _contradictions(requested: TopicsEvent) -> list[str]:
    problems = []
    if requested.plan and requested.action != "apply":
        problems.append("plan belongs to the action apply")
    if bool(requested.delete) != (requested.action == "delete"):
        problems.append("the action delete and the list delete belong together")
    if requested.only and requested.action == "delete":
        problems.append("only belongs to plan, apply and check: delete names its topics itself")
    return problems
