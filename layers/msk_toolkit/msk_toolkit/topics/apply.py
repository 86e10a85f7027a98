"""Observe the cluster, plan, create what is missing, and read back until the cluster agrees."""

import time
from collections.abc import Callable, Sequence

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError, ToolkitError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.conversation import Conversation
from msk_toolkit.kafka.entry import open_controller
from msk_toolkit.kafka.error_codes import broker_error
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.topics import NewTopic, create_topics, topic_configs
from msk_toolkit.topics.declaration import DeclaredTopic
from msk_toolkit.topics.plan import ObservedTopic, Plan, plan

_UNKNOWN_TOPIC = 3
_ALREADY_EXISTS = 36
_READ_BACK_SECONDS = 0.05


class TopicsNotCreatedError(ToolkitError):
    """The cluster refused topics, or they did not appear in time; says which were created all the same."""


def observe(
    conversation: Conversation, declared: Sequence[DeclaredTopic], deadline: Deadline
) -> dict[str, ObservedTopic]:
    """Every topic of the cluster but internal ones; configuration is read for declared ones only.

    Raises:
        StageError, BrokerError: the cluster did not answer, or denied it.
    """
    topics = read_metadata(conversation, None, deadline).topics
    names = {topic.name for topic in declared}
    if unlisted := sorted(names - topics.keys()):
        # The list leaves out what the user may not see; asked by name, the broker says so.
        topics |= read_metadata(conversation, unlisted, deadline).topics
    for name in sorted(names & topics.keys()):
        code = topics[name].error_code
        if code and code != _UNKNOWN_TOPIC:
            raise broker_error(f"Metadata of {name}", code)
    visible = {name: topic for name, topic in topics.items() if not topic.internal and not topic.error_code}
    configs = topic_configs(conversation, sorted(names & visible.keys()), deadline)
    return {
        name: ObservedTopic(name, len(topic.partitions), topic.replication_factor, configs.get(name, {}))
        for name, topic in visible.items()
    }


def run(
    declared: Sequence[DeclaredTopic],
    access: Access,
    *,
    write: bool,
    deadline: Deadline,
    stage_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Plan:
    """Plan, and with ``write`` also create what is missing; answers the plan that was carried out.

    Raises:
        NoBrokerError, StageError: the cluster can't be reached.
        ConfigurationError: the cluster finds a declared topic wrong; nothing was created.
        TopicsNotCreatedError: refused or not seen in time, after the check had passed.
    """
    with open_controller(access, deadline, stage_seconds) as controller:
        decided = plan(declared, observe(controller, declared, deadline))
        if not write or not decided.to_create:
            return decided
        if existing := _check(controller, _missing(declared, decided), deadline):
            # Another apply was faster, or the news of an earlier one had not reached this broker.
            _wait_until_seen(controller, existing, deadline, sleep)
            decided = plan(declared, observe(controller, declared, deadline))
        if decided.to_create:
            _create(controller, _missing(declared, decided), deadline)
            _wait_until_seen(controller, decided.to_create, deadline, sleep)
        return decided


def _missing(declared: Sequence[DeclaredTopic], decided: Plan) -> list[NewTopic]:
    return [
        NewTopic(topic.name, topic.partitions, topic.replication_factor, topic.config_text)
        for topic in declared
        if topic.name in decided.to_create
    ]


def _check(controller: Conversation, missing: Sequence[NewTopic], deadline: Deadline) -> set[str]:
    """Have the cluster judge the topics without creating any; answers those that it has after all."""
    refusals = create_topics(controller, missing, validate_only=True, deadline=deadline)
    wrong = [str(error) for name, error in sorted(refusals.items()) if not _exists(error)]
    if wrong:
        raise ConfigurationError("declared topics", [*wrong, "nothing was created"])
    return set(refusals)


def _create(controller: Conversation, missing: Sequence[NewTopic], deadline: Deadline) -> None:
    refusals = create_topics(controller, missing, validate_only=False, deadline=deadline)
    failed = {name: error for name, error in refusals.items() if not _exists(error)}
    if failed:
        created = sorted(topic.name for topic in missing if topic.name not in failed)
        raise TopicsNotCreatedError(
            f"{'; '.join(str(error) for _, error in sorted(failed.items()))}; "
            f"created: {', '.join(created) or 'none'}; run again to go on"
        )


def _wait_until_seen(
    controller: Conversation, names: set[str], deadline: Deadline, sleep: Callable[[float], None]
) -> None:
    # A topic is created in the controller's log first and reaches each broker's metadata a little later.
    while True:
        topics = read_metadata(controller, sorted(names), deadline).topics
        unseen = {
            name
            for name in names
            if name not in topics
            or topics[name].error_code
            or any(partition.leader < 0 for partition in topics[name].partitions)
        }
        if not unseen:
            return
        if deadline.remaining() <= _READ_BACK_SECONDS:
            raise TopicsNotCreatedError(
                f"created, but not yet served by the cluster: {', '.join(sorted(unseen))}; run again to check"
            )
        sleep(_READ_BACK_SECONDS)


def _exists(error: ToolkitError) -> bool:
    # Another apply may have been faster: then the topic is there, as wanted.
    return getattr(error, "code", None) == _ALREADY_EXISTS
