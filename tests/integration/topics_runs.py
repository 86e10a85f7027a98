"""Runs of plan, apply and check against the local cluster, and a look at what stands there."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.session import Session
from msk_toolkit.topics import writes
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.observed import ObservedTopic, observe
from msk_toolkit.topics.request import TopicsAction, TopicsRequest, TopicsResponse
from msk_toolkit.topics.run import carry_out_request
from msk_toolkit.topics.writes import WriteKind

from local.kafka import KafkaCluster
from tests.integration.kafka_access import new_name, plaintext


def topic(name: str | None = None, partitions: int = 2, replication_factor: int = 3, **config: str) -> DeclaredTopic:
    """A topic with a name of its own; underscores in keys stand for dots."""
    dotted = {key.replace("_", "."): value for key, value in config.items()}
    return DeclaredTopic(name or new_name("topic"), partitions, replication_factor, dotted)


def do(
    access: Access, *declared: DeclaredTopic, action: TopicsAction = "apply", seconds: float = 20, **more: Any
) -> TopicsResponse:
    """One run over a session of its own."""
    with Session(access, 5) as session:
        return carry_out_request(TopicsRequest(action=action, **more), declared, session, "standard", Deadline(seconds))


def run(
    declared: Sequence[DeclaredTopic], access: Access, *, write: bool, deadline: Deadline, stage_seconds: float
) -> None:
    """For tests of other parts that need topics: bring them there, or with write=False only look."""
    with Session(access, stage_seconds) as session:
        request = TopicsRequest(action="apply" if write else "plan")
        response = carry_out_request(request, declared, session, "standard", deadline)
    assert response.status in {"applied", "planned"}, response.table


def stands(kafka: KafkaCluster, name: str) -> ObservedTopic | None:
    """A topic as it stands; None where it does not exist."""
    with Session(plaintext(kafka), 5) as session:
        return observe(session, [DeclaredTopic(name, 1, 1)], "standard", Deadline(10)).topics.get(name)


def own_config(kafka: KafkaCluster, name: str) -> dict[str, str]:
    """The keys that are set on the topic itself."""
    found = stands(kafka, name)
    assert found
    return {key: setting.value for key, setting in found.config.items() if setting.source == "topic"}


def states(response: TopicsResponse) -> list[tuple[str, str, str]]:
    """Topic, kind and end of every write."""
    return [(change.topic, change.change, change.state) for change in response.changes]


def before_sending(monkeypatch: pytest.MonkeyPatch, kind: WriteKind, happens: Callable[[], object]) -> None:
    """Let something happen between the check of the whole plan and the first write of a kind."""

    def wrapped(send: Any) -> Any:
        def sending(connection: Any, steps: Any, validate_only: bool, deadline: Deadline) -> Any:
            if not validate_only:
                happens()
            return send(connection, steps, validate_only, deadline)

        return sending

    changed = [write._replace(send=wrapped(write.send)) if write.kind == kind else write for write in writes.WRITES]
    monkeypatch.setattr(writes, "WRITES", tuple(changed))
