"""Carry out a request of the topics function.

1. Read the declared topics: those of the request, otherwise of the function's own file.
2. Observe the cluster and compare: the plan.
3. Have the cluster check the plan; where the controller knows more than the plan, plan again.
4. An apply is refused if there is any problem; otherwise write, and wait until every broker shows it.
5. An export reads the topics of the cluster, and nothing that is declared.
6. A deletion is refused if there is any objection; otherwise delete, and wait until no broker shows the topics.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.backoff import Backoff
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError, NotBegunError, StageError
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.offsets import count_records
from msk_toolkit.kafka.session import Session
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.msk.cluster import cluster_kind
from msk_toolkit.settings.cluster import ClusterKind
from msk_toolkit.settings.names import split_names
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.topics.apply import OVERTAKEN_SECONDS, TopicChange, carry_out, check_plan, not_shown
from msk_toolkit.topics.approval import changed_since
from msk_toolkit.topics.declaration import read_declaration
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.delete import delete, objections, still_shown
from msk_toolkit.topics.drift import count_drift
from msk_toolkit.topics.export import export
from msk_toolkit.topics.observed import ObservedTopics, observe
from msk_toolkit.topics.plan import Plan, as_grown, plan
from msk_toolkit.topics.propagation import Propagation, await_propagation
from msk_toolkit.topics.render import change_lines, render_topics
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, TopicsStatus
from msk_toolkit.topics.warnings import NO_USES, Uses

# A new topic reaches every broker within some ten milliseconds.
_PAUSE_SECONDS = 0.05


def run_topics(
    request: TopicsRequest, settings: TopicsSettings, client: MakeClient, deadline: Deadline
) -> TopicsResponse:
    """Carry out a request.

    Raises:
        ToolkitError: the declaration, the credentials, or the connection to the brokers; nothing was changed.
    """
    if request.action == "export":
        return _exported(request, settings, client, deadline)
    declared = request.topics
    if declared is None or request.action == "delete":
        # What a request declares may protect more topics, never fewer.
        declared = [*(declared or []), *declared_topics(settings)]
    access = cluster_access(settings, client, deadline)
    with Session(access, settings.stage_timeout_seconds) as session:
        if request.action == "delete":
            return _delete(request, declared, session, deadline)
        kind = cluster_kind(settings, client, deadline)
        return carry_out_request(request, declared, session, kind, deadline, _uses(settings))


def declared_topics(settings: TopicsSettings) -> list[DeclaredTopic]:
    """The topics of the function's own file.

    Raises:
        ConfigurationError: with every mistake of the file.
    """
    return read_declaration(_path(settings.topics_file))


def carry_out_request(
    request: TopicsRequest,
    declared: Sequence[DeclaredTopic],
    session: Session,
    kind: ClusterKind,
    deadline: Deadline,
    uses: Uses = NO_USES,
) -> TopicsResponse:
    """Plan, check or apply over an open session.

    Raises:
        ConfigurationError: the request names topics that are not declared.
        NoBrokerError: no broker can be used; nothing was changed.
        NotBegunError: a broker did not answer; nothing was changed.
    """
    _check_only(request, declared)

    def decide() -> _Decision:
        observed = observe(session, declared, kind, deadline)
        return _Decision(_decided(request, declared, observed, uses), _missing(request, declared, observed, uses))

    try:
        # Also for a plan: what the cluster would refuse is not a plan.
        decided, problems = _checked(session, decide, deadline)
    except StageError as error:
        raise NotBegunError(f"nothing was changed: {error}") from error
    if request.action == "apply":
        return _applied(request, decided, problems, session, deadline)
    return _reported(request, decided, problems)


class _Decision(NamedTuple):
    """A plan, and a sentence for each topic that the stack needs and nobody declares."""

    plan: Plan
    missing: list[str]


def _missing(
    request: TopicsRequest, declared: Sequence[DeclaredTopic], observed: ObservedTopics, uses: Uses
) -> list[str]:
    """A mapping whose destination does not exist loses what it gives up, so it must not be made."""
    name = uses.given_up_topic
    # Other topics than the function's own are another stack's.
    if not name or request.topics is not None or request.only:
        return []
    if name in observed.others or name in {topic.name for topic in declared}:
        return []
    return [f"GivenUpTopic {name} does not exist, or the user may not see it: declare it in topics.yaml, or create it"]


def _check_only(request: TopicsRequest, declared: Sequence[DeclaredTopic]) -> None:
    if unknown := sorted(set(request.only) - {topic.name for topic in declared}):
        raise ConfigurationError("event", [f"only: {name} is not declared" for name in unknown])


def _decided(request: TopicsRequest, declared: Sequence[DeclaredTopic], observed: ObservedTopics, uses: Uses) -> Plan:
    """The plan for the topics that the request is about."""
    topics = declared
    if request.keep_partitions:
        topics = as_grown(declared, observed)
    if request.only:
        topics = [topic for topic in topics if topic.name in request.only]
    return plan(topics, observed, list_all=request.all, uses=uses)


def _reported(request: TopicsRequest, decided: Plan, problems: list[str]) -> TopicsResponse:
    # The plan's own refusals are shown with their topics.
    others = problems[sum(len(step.refusals) for step in decided.steps) :]
    if request.action != "check":
        return _with_table(TopicsResponse(request.action, "planned", "", problems=others), decided)
    drift = {kind.value: count for kind, count in count_drift(decided).items()}
    return _with_table(TopicsResponse("check", "checked", "", problems=others, drift=drift), decided)


def _applied(
    request: TopicsRequest, decided: Plan, problems: list[str], session: Session, deadline: Deadline
) -> TopicsResponse:
    if request.plan:
        problems = changed_since(request.plan, decided) or problems
    if problems:
        return _with_table(TopicsResponse("apply", "refused", "", problems=problems), decided)
    changes, behind = _written(decided, session, deadline)
    status = _status(changes, "applied")
    return _with_table(TopicsResponse("apply", status, "", changes=changes, behind=behind), decided)


def _written(decided: Plan, session: Session, deadline: Deadline) -> tuple[list[TopicChange], list[str]]:
    """How every write ended, and a sentence for each broker that does not show what was done."""
    with Propagation(session) as propagation:
        if decided.having("create") or decided.having("update"):
            propagation.begin_connecting(deadline)
        changes = carry_out(session, decided, deadline)
        missing = not_shown(decided, changes)
        if missing is None:
            return changes, []
        return changes, propagation.wait(missing, deadline)


def _status(changes: Iterable[TopicChange], complete: TopicsStatus) -> TopicsStatus:
    if all(change.is_done for change in changes):
        return complete
    return "incomplete"


def _uses(settings: TopicsSettings) -> Uses:
    return Uses(split_names(settings.forward_topics), settings.probe_topic, settings.given_up_topic)


def _checked(session: Session, decide: Callable[[], _Decision], deadline: Deadline) -> tuple[Plan, list[str]]:
    """A plan, and the cluster's problems with it.

    Any broker may be asked what there is, and learns of a change a little later than the controller: while the
    controller knows more than the plan, a new plan is made, so that what is written was checked as it is. Where the
    controller keeps refusing the plan, as it does for a topic that is marked for deletion, that is a problem like any
    other.
    """
    backoff: Backoff | None = None
    while True:
        decided, missing = decide()
        checked = check_plan(session, decided, deadline)
        # The time counts from the first plan that was overtaken.
        backoff = backoff or Backoff(
            deadline.at_most(OVERTAKEN_SECONDS), shortest_seconds=_PAUSE_SECONDS, longest_seconds=_PAUSE_SECONDS
        )
        if not checked.overtaken or not backoff.pause():
            return decided, [*checked.problems, *missing, *checked.overtaken]


def _with_table(response: TopicsResponse, decided: Plan) -> TopicsResponse:
    table = render_topics(decided, response.changes, response.problems, response.behind)
    return msgspec.structs.replace(response, table=table, plan=decided)


def _delete(
    request: TopicsRequest, declared: Sequence[DeclaredTopic], session: Session, deadline: Deadline
) -> TopicsResponse:
    names = [deletion.topic for deletion in request.delete]
    problems = _objections(request, declared, session, deadline)
    if problems:
        return _deleted(len(names), TopicsResponse("delete", "refused", "", problems=problems))
    changes = delete(session, names, deadline)
    behind = _still_shown(changes, session, deadline)
    status = _status(changes, "deleted")
    return _deleted(len(names), TopicsResponse("delete", status, "", changes=changes, behind=behind))


def _objections(
    request: TopicsRequest, declared: Sequence[DeclaredTopic], session: Session, deadline: Deadline
) -> list[str]:
    names = [deletion.topic for deletion in request.delete]
    cluster = session.query(lambda connection, until: read_metadata(connection, names, until), deadline)
    return objections(
        request.delete,
        {topic.name for topic in declared if topic.protected},
        {topic.name for topic in declared},
        cluster,
        lambda metadata, topics: count_records(session.access, metadata, topics, deadline, session.stage_seconds),
    )


def _still_shown(changes: Iterable[TopicChange], session: Session, deadline: Deadline) -> list[str]:
    """A sentence for each broker that shows a deleted topic."""
    gone = [change.topic for change in changes if change.is_done]
    if not gone:
        return []
    return await_propagation(session, still_shown(gone), deadline)


def _exported(
    request: TopicsRequest, settings: TopicsSettings, client: MakeClient, deadline: Deadline
) -> TopicsResponse:
    """The topics of the cluster, whatever is declared."""
    access = cluster_access(settings, client, deadline)
    with Session(access, settings.stage_timeout_seconds) as session:
        return export_request(request, session, deadline)


def export_request(request: TopicsRequest, session: Session, deadline: Deadline) -> TopicsResponse:
    """The cluster's topics over an open session.

    Raises:
        NoBrokerError: no broker can be used.
        StageError: a broker did not answer.
    """
    exported = export(session, request.only, request.after, deadline)
    left_out: dict[str, int] = {}
    table = f"{len(exported.topics)} topics exported."
    if exported.left:
        left_out["topics"] = exported.left
        table = f"{len(exported.topics)} topics exported, {exported.left} more come after them."
    lines = [f"! {problem}" for problem in exported.problems]
    return TopicsResponse(
        "export",
        "exported",
        "\n".join([*lines, table]),
        topics=exported.topics,
        next_after=exported.last,
        problems=exported.problems,
        left_out=left_out,
    )


def _deleted(requested: int, response: TopicsResponse) -> TopicsResponse:
    """The response with its table."""
    lines = change_lines(response.changes, response.problems, response.behind)
    ending = f"{len(response.done)} of {requested} topics deleted."
    return msgspec.structs.replace(response, table="\n".join([*lines, ending]))


def _path(topics_file: str) -> Path:
    # In Lambda the file is beside the handler; the working directory is the same there, but that is not documented.
    return Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / topics_file
