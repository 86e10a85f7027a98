"""What the topics function is asked and what it answers."""

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
    """What the function is to do; by default it only looks."""

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
            description="Declared topics to look at or bring up to date, and no others: so that what is refused about "
            "one holds back no other. All of them if empty. Not with delete."
        ),
    ] = []
    all: Annotated[bool, Meta(description="List the names of topics that nobody declared, too.")] = False
    delete: Annotated[list[Deletion], Meta(description="With delete: the topics, each named twice.")] = []


class TopicsRequest(msgspec.Struct, frozen=True):
    """An event whose topics have been parsed.

    ``keep_partitions`` takes a topic that has more partitions than declared as it is: a rollback can't undo them.
    """

    action: TopicsAction = "plan"
    topics: list[DeclaredTopic] | None = None
    plan: Plan | None = None
    all: bool = False
    delete: list[Deletion] = []
    only: list[str] = []
    keep_partitions: bool = False


class TopicsResponse(msgspec.Struct, frozen=True, rename="camel"):
    """The plan, what became of it, and the same as a table for a person."""

    action: TopicsAction
    status: Annotated[
        TopicsStatus,
        Meta(
            description="refused: nothing was changed, see problems. incomplete: see changes for what was done and "
            "what was not; run it again to go on."
        ),
    ]
    table: str
    plan: Annotated[Plan | None, Meta(description="Absent for delete.")] = None
    changes: Annotated[list[TopicChange], Meta(description="Every write, and how it ended.")] = []
    problems: Annotated[list[str], Meta(description="Why nothing was changed, all of it.")] = []
    behind: Annotated[
        list[str],
        Meta(
            description="Brokers that did not show within 12 s what was written, and why. It is done all the same, "
            "and they catch up by themselves."
        ),
    ] = []
    drift: Annotated[dict[str, int], Meta(description="With check: how many topics show each kind of drift.")] = {}
    left_out: Annotated[
        dict[str, int],
        Meta(
            description="How many steps, changes and lines of the table the answer has no room for, as Lambda takes "
            "6 MB; the function's log has the whole table."
        ),
    ] = {}
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def parse_topics_request(event: Any) -> TopicsRequest:
    """An invocation's event as a request.

    Raises:
        ConfigurationError: with every mistake.
    """
    given = event.get("topics") if isinstance(event, dict) else None
    # The topics have their own parser, which reports all of their mistakes.
    rest = {key: event[key] for key in event if key != "topics"} if isinstance(event, dict) else event
    problems: list[str] = []
    asked, topics = TopicsEvent(), None
    try:
        asked = read_event(rest, TopicsEvent, '{"action": "plan"}')
    except ConfigurationError as error:
        problems += error.problems
    try:
        if given is not None:
            topics = parse_declaration(given if isinstance(given, dict) else {"topics": given}, "event")
    except ConfigurationError as error:
        problems += error.problems
    if asked.plan and asked.action != "apply":
        problems.append("plan belongs to the action apply")
    if bool(asked.delete) != (asked.action == "delete"):
        problems.append("the action delete and the list delete belong together")
    if asked.only and asked.action == "delete":
        problems.append("only belongs to plan, apply and check: delete names its topics itself")
    if problems:
        raise ConfigurationError("event", problems)
    return TopicsRequest(asked.action, topics, asked.plan, asked.all, asked.delete, asked.only)
