"""Serve a request of the topics function: observe, plan, and, if asked to, act."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.backoff import Backoff
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError, NotBegunError, StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.offsets import count_records
from msk_toolkit.kafka.session import Session
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.msk.cluster import cluster_kind
from msk_toolkit.settings.cluster import ClusterKind
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.topics.apply import OVERTAKEN_SECONDS, TopicChange, carry_out, check_plan, not_shown
from msk_toolkit.topics.approval import changed_since
from msk_toolkit.topics.declaration import read_declaration
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.delete import delete, objections, still_shown
from msk_toolkit.topics.drift import count_drift
from msk_toolkit.topics.observed import observe
from msk_toolkit.topics.plan import Plan, as_grown, plan
from msk_toolkit.topics.propagation import Propagation, await_propagation
from msk_toolkit.topics.render import change_lines, render_topics
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, TopicsStatus
from msk_toolkit.topics.warnings import NO_USES, Uses

# A new topic reaches every broker within some ten milliseconds.
_SHORTEST_PAUSE_SECONDS = 0.05


def run_topics(
    request: TopicsRequest, settings: TopicsSettings, client: MakeClient, deadline: Deadline
) -> TopicsResponse:
    """Carry out a request.

    Raises:
        ToolkitError: what was declared, the credentials, or the way to the brokers; nothing was changed.
    """
    declared = request.topics
    if declared is None or request.action == "delete":
        # What a request declares may protect more topics, but none the less.
        declared = [*(declared or []), *declared_topics(settings)]
    access = cluster_access(settings, client, deadline)
    with Session(access, settings.stage_timeout_seconds) as session:
        if request.action == "delete":
            return _delete(request, declared, session, access, settings.stage_timeout_seconds, deadline)
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
    if unknown := sorted(set(request.only) - {topic.name for topic in declared}):
        raise ConfigurationError("event", [f"only: {name} is not declared" for name in unknown])

    def decide() -> Plan:
        observed = observe(session, declared, kind, deadline)
        wanted = as_grown(declared, observed) if request.keep_partitions else declared
        chosen = [topic for topic in wanted if not request.only or topic.name in request.only]
        return plan(chosen, observed, list_all=request.all, uses=uses)

    try:
        # Also for a plan: what the cluster would refuse is no plan.
        decided, problems = _checked(session, decide, deadline)
    except StageError as error:
        raise NotBegunError(f"nothing was changed: {error}") from error
    if request.action == "apply":
        problems = (changed_since(request.plan, decided) if request.plan else []) or problems
        if problems:
            return _response(request, "refused", decided, problems=problems)
        return _applied(request, decided, session, deadline)
    drift = {str(name): count for name, count in count_drift(decided).items()} if request.action == "check" else {}
    status: TopicsStatus = "checked" if request.action == "check" else "planned"
    # The plan's own refusals stand with their topics.
    refusals = sum(len(step.refusals) for step in decided.steps)
    return _response(request, status, decided, problems=problems[refusals:], drift=drift)


def _applied(request: TopicsRequest, decided: Plan, session: Session, deadline: Deadline) -> TopicsResponse:
    with Propagation(session) as everyone:
        if decided.having("create") or decided.having("update"):
            everyone.get_ready(deadline)
        changes = carry_out(session, decided, deadline)
        missing = not_shown(decided, changes)
        behind = everyone.shows(missing, deadline) if missing else []
    complete = all(change.state == "done" for change in changes)
    return _response(request, "applied" if complete else "incomplete", decided, changes=changes, behind=behind)


def _uses(settings: TopicsSettings) -> Uses:
    forwarded = [name.strip() for name in settings.forward_topics.split(",") if name.strip()]
    return Uses(forwarded, settings.probe_topic)


def _checked(session: Session, decide: Callable[[], Plan], deadline: Deadline) -> tuple[Plan, list[str]]:
    """A plan, and what the cluster has against it.

    Any broker may be asked what there is, and hears of a change a little later than the controller: while the
    controller knows more than the plan, a new plan is made, so that what is written was checked as it is. Where it
    goes on to refuse the plan, as it does a topic that is marked for deletion, that is a problem like any other.
    """
    backoff: Backoff | None = None
    while True:
        decided = decide()
        checked = check_plan(session, decided, deadline)
        # The time counts from the first plan that was overtaken.
        backoff = backoff or Backoff(deadline.at_most(OVERTAKEN_SECONDS), shortest_seconds=_SHORTEST_PAUSE_SECONDS)
        if not checked.overtaken or not backoff.pause():
            return decided, checked.problems + checked.overtaken


def _response(
    request: TopicsRequest,
    status: TopicsStatus,
    decided: Plan,
    *,
    changes: Sequence[TopicChange] = (),
    problems: Sequence[str] = (),
    behind: Sequence[str] = (),
    drift: Mapping[str, int] | None = None,
) -> TopicsResponse:
    table = render_topics(decided, changes, problems, behind)
    return TopicsResponse(
        request.action, status, table, decided, list(changes), list(problems), list(behind), dict(drift or {})
    )


def _delete(
    request: TopicsRequest,
    declared: Sequence[DeclaredTopic],
    session: Session,
    access: Access,
    stage_seconds: float,
    deadline: Deadline,
) -> TopicsResponse:
    names = [each.topic for each in request.delete]
    cluster = session.query(lambda connection, until: read_metadata(connection, names, until), deadline)
    problems = objections(
        request.delete,
        {topic.name for topic in declared if topic.protected},
        {topic.name for topic in declared},
        cluster,
        lambda found, topics: count_records(access, found, topics, deadline, stage_seconds),
    )
    changes = [] if problems else delete(session, names, deadline)
    gone = [change.topic for change in changes if change.state == "done"]
    status: TopicsStatus = "refused" if problems else "deleted" if len(gone) == len(names) else "incomplete"
    behind = await_propagation(session, still_shown(gone), deadline) if gone else []
    lines = [*change_lines(changes, problems, behind), f"{len(gone)} of {len(names)} topics deleted."]
    return TopicsResponse("delete", status, "\n".join(lines), changes=changes, problems=problems, behind=behind)


def _path(topics_file: str) -> Path:
    # In Lambda the file lies beside the handler; the working directory is the same there, but nobody promises it.
    return Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / topics_file
