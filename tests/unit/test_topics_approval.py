"""An approved plan: what an apply with it is refused for."""

import msgspec
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.session import Session
from msk_toolkit.topics.approval import changed_since
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.plan import plan
from msk_toolkit.topics.request import TopicsRequest
from msk_toolkit.topics.run import carry_out_request

from tests.fakes.kafka_broker_fake import plain
from tests.fakes.kafka_topics_fake import TopicsBroker
from tests.fakes.topics_model import cluster, standing


def declared(name: str, partitions: int) -> DeclaredTopic:
    return DeclaredTopic(name, partitions, 3)


def test_an_approved_plan_is_refused_for_every_topic_that_has_changed() -> None:
    approved = plan([declared("a", 1), declared("b", 1), declared("gone", 1)], cluster(standing("b", 1, 3)))
    now = plan([declared("a", 1), declared("b", 1), declared("c", 1)], cluster(standing("a", 1, 3)))
    assert changed_since(approved, now) == [
        "c: is not in the approved plan",
        "gone: was approved, but is no longer declared",
        "a: has changed since the plan was approved (create, now unchanged)",
        "b: has changed since the plan was approved (unchanged, now create)",
    ]


@pytest.mark.parametrize(
    ("approved_on", "words"),
    [
        ("test", "the plan was approved for cluster test; the current one is live"),
        ("", "the plan names no cluster; the current one is live"),
    ],
)
def test_another_clusters_plan_is_refused_though_all_topics_stand_alike(approved_on: str, words: str) -> None:
    topics = [declared("a", 1)]
    approved, now = (
        plan(topics, msgspec.structs.replace(cluster(standing("a", 1, 3)), cluster_id=each))
        for each in (approved_on, "live")
    )
    assert changed_since(approved, now) == [words]
    assert changed_since(now, now) == []


@pytest.mark.enable_socket
def test_an_approved_plan_is_carried_out_on_its_own_cluster_and_on_no_other() -> None:
    statuses = []
    approved = None
    for cluster_id, action in (("test", "plan"), ("live", "apply"), ("test", "apply")):
        with TopicsBroker({}, cluster_id=cluster_id).serving() as port, Session(plain(port), 0.5) as session:
            request = TopicsRequest(action, plan=approved)  # type: ignore[arg-type]
            response = carry_out_request(request, [DeclaredTopic("orders", 1, 1)], session, "standard", Deadline(5))
        approved = approved or response.plan
        statuses.append(response.status)
    assert statuses == ["planned", "refused", "applied"]


@pytest.mark.enable_socket
@pytest.mark.parametrize(("only", "status"), [(["orders"], "applied"), ([], "refused")])
def test_an_approved_plan_of_some_topics_is_carried_out_where_the_request_names_them(
    only: list[str], status: str
) -> None:
    topics = [DeclaredTopic(name, 1, 1) for name in ("orders", "events")]
    with TopicsBroker({}, cluster_id="test").serving() as port, Session(plain(port), 0.5) as session:
        approved = carry_out_request(TopicsRequest("plan", only=["orders"]), topics, session, "standard", Deadline(5))
        request = TopicsRequest("apply", plan=approved.plan, only=only)
        assert carry_out_request(request, topics, session, "standard", Deadline(5)).status == status
