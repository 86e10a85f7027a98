"""Delete topics whose names were given twice; everything is checked before the first topic is deleted."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.backoff import Backoff, Sleep
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError, ToolkitError
from msk_toolkit.kafka.bootstrap import NoBrokerError
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import ErrorCode, error_name
from msk_toolkit.kafka.metadata import ClusterMetadata, Topic, read_metadata
from msk_toolkit.kafka.session import Session
from msk_toolkit.kafka.topics import NewTopic, create_topics, delete_topics
from msk_toolkit.topics.apply import TopicChange, may_have_begun, undone_state
from msk_toolkit.topics.observed import is_internal
from msk_toolkit.topics.propagation import FindMissing

Guard = Literal["protected", "declared", "internal", "not-empty"]
# What a broker answers for a name, as a sentence about it.
_ANSWERS: Mapping[int, str] = {
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: "is not on the cluster: check the name",
    ErrorCode.TOPIC_AUTHORIZATION_FAILED: "Kafka does not show it to the functions' user, or has no such topic: check "
    "the name, and the user's ACLs",
}
CountRecords = Callable[[ClusterMetadata, Sequence[str]], dict[str, int]]


class Deletion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic to delete."""

    topic: str
    confirm: Annotated[str, Meta(description="The topic's name once more.")]
    although: Annotated[
        list[Guard], Meta(description="What would keep the topic from being deleted, and is accepted.")
    ] = []


def objections(
    deletions: Sequence[Deletion],
    protected: set[str],
    declared: set[str],
    cluster: ClusterMetadata,
    count: CountRecords,
) -> list[str]:
    """What keeps the topics from being deleted, all of it.

    Args:
        deletions: the request.
        protected: names of the topics that are declared as protected.
        declared: names of all declared topics: the next apply would create them again.
        cluster: the metadata of these topics.
        count: counts the records of topics; called last, and only if it matters.
    """
    problems = _repeated(deletions)
    for deletion in deletions:
        problems += _objections(deletion, protected, declared, cluster)
    return problems or _records_lost(deletions, cluster, count)


def _repeated(deletions: Sequence[Deletion]) -> list[str]:
    named = Counter(deletion.topic for deletion in deletions)
    return [f"{name}: is named more than once" for name, times in named.items() if times > 1]


def _records_lost(deletions: Sequence[Deletion], cluster: ClusterMetadata, count: CountRecords) -> list[str]:
    uncounted = [deletion.topic for deletion in deletions if "not-empty" not in deletion.although]
    if not uncounted:
        return []
    return list(_not_empty(count(cluster, uncounted)))


def _not_empty(counts: Mapping[str, int]) -> Iterator[str]:
    for name, records in counts.items():
        if records:
            yield f"{name}: holds {records:,} records; add although: [not-empty] to delete them with it"


def _objections(deletion: Deletion, protected: set[str], declared: set[str], cluster: ClusterMetadata) -> Iterator[str]:
    name = deletion.topic
    if deletion.confirm != name:
        yield f"{name}: confirm must repeat the topic's name"
    topic = cluster.topics.get(name)
    if topic is None:
        yield f"{name}: {_ANSWERS[ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]}"
    elif topic.error_code:
        yield f"{name}: {_ANSWERS.get(topic.error_code) or f'Kafka answers {error_name(topic.error_code)} for it'}"
    else:
        yield from _declaration_guards(deletion, protected, declared)
        yield from _internal_guard(deletion, topic)


def _declaration_guards(deletion: Deletion, protected: set[str], declared: set[str]) -> Iterator[str]:
    name = deletion.topic
    if name in protected and "protected" not in deletion.although:
        yield f"{name}: is declared as protected; add although: [protected] to delete it nevertheless"
    elif name in declared and not {"declared", "protected"} & set(deletion.although):
        yield (
            f"{name}: is declared in topics.yaml, so the next apply would create it again: remove it from there first, "
            "or add although: [declared]"
        )


def _internal_guard(deletion: Deletion, topic: Topic) -> Iterator[str]:
    if is_internal(topic) and "internal" not in deletion.although:
        name = deletion.topic
        yield f"{name}: is one of Kafka's internal topics; add although: [internal] to delete it nevertheless"


def delete(session: Session, names: Sequence[str], deadline: Deadline, sleep: Sleep = time.sleep) -> list[TopicChange]:
    """Delete the topics and read back until they are gone; answers how each deletion ended.

    Never raises for what the cluster does: what was done must be reported.
    """
    left = set(names)
    backoff = Backoff(deadline, sleep)
    reasons = _send(session, names, deadline)
    try:
        _await_removal(session, left, _refused(reasons), deadline, backoff)
        marked = _marked(session, set(names) - left, deadline)
    except (StageError, NoBrokerError) as error:
        reasons |= {name: reasons.get(name, error) for name in left}
        marked = set()
    return [_ended(name, left, marked, reasons.get(name)) for name in names]


def _refused(reasons: Mapping[str, ToolkitError]) -> set[str]:
    """The topics whose deletion was refused and will not happen.

    Any other may still take effect, and is sent once only: a second one could delete what was created in the meantime.
    """
    return {name for name, error in reasons.items() if not may_have_begun(error)}


def _await_removal(session: Session, left: set[str], refused: set[str], deadline: Deadline, backoff: Backoff) -> None:
    """Remove from ``left`` what the cluster no longer shows, until that is all but the refused."""
    while left:
        left &= session.query(still_shown(frozenset(left)), deadline)
        if left <= refused or not backoff.pause():
            return


def _marked(session: Session, names: Collection[str], deadline: Deadline) -> set[str]:
    """The topics that no broker shows and that can't be created again.

    With ZooKeeper a topic with a replica on a broker that is down is only marked for deletion until it is back.
    """

    def marked(connection: BrokerConnection, until: Deadline) -> set[str]:
        topics = [NewTopic(name, 1, 1, {}) for name in sorted(names)]
        errors = create_topics(connection, topics, validate_only=True, deadline=until)
        return {name for name, error in errors.items() if error.code == ErrorCode.TOPIC_ALREADY_EXISTS}

    if not names:
        return set()
    return session.query(marked, deadline)


def _send(session: Session, names: Sequence[str], deadline: Deadline) -> dict[str, ToolkitError]:
    # Reading back needs its share.
    until = deadline.at_most(deadline.remaining() / 2)
    try:
        return dict(session.execute(lambda connection, share: delete_topics(connection, names, share), until))
    except (StageError, NoBrokerError) as error:
        return dict.fromkeys(names, error)


def still_shown(names: Collection[str]) -> FindMissing:
    """Asks a broker which of these topics it still shows."""

    def shown(connection: BrokerConnection, deadline: Deadline) -> set[str]:
        topics = read_metadata(connection, sorted(names), deadline, operations=False).topics
        return {name for name in names if topics[name].error_code != ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}

    return shown


def _ended(name: str, left: set[str], marked: set[str], error: ToolkitError | None) -> TopicChange:
    if name in marked:
        detail = "marked for deletion until all brokers that hold its replicas are back; or it was created again"
        return TopicChange(name, "delete", "unknown", detail)
    if name not in left:
        return TopicChange(name, "delete", "done")
    if error is None:
        return TopicChange(name, "delete", "unknown", "accepted, but the cluster still shows it")
    return TopicChange(name, "delete", undone_state(has_begun=may_have_begun(error)), str(error))
