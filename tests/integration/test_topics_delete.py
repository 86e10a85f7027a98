"""Deleting topics on a real cluster: only what is named twice, and only if nothing speaks against it."""

from typing import Any

import pytest
from kafka import KafkaProducer
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.delete import Deletion, Guard
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse
from msk_toolkit.topics.run import run_topics

from local.kafka import KafkaCluster
from tests.integration.kafka_access import new_name, plaintext
from tests.integration.topics_runs import do, stands, states, topic

pytestmark = pytest.mark.integration


def delete(kafka: KafkaCluster, *deletions: Deletion, declared: list[DeclaredTopic] | None = None) -> TopicsResponse:
    settings = TopicsSettings(bootstrap_servers=kafka.bootstrap("PLAINTEXT"), auth_mode="none")
    request = TopicsRequest("delete", declared or [], delete=list(deletions))

    def client(service: str) -> Any:
        raise AssertionError(f"{service} has no part in this")

    return run_topics(request, settings, client, Deadline(20))


def test_an_empty_topic_that_is_named_twice_is_deleted(kafka: KafkaCluster) -> None:
    wanted = [topic(), topic()]
    do(plaintext(kafka), *wanted)
    outcome = delete(kafka, *(Deletion(each.name, each.name) for each in wanted))
    assert (outcome.status, states(outcome)) == ("deleted", [(each.name, "delete", "done") for each in wanted])
    assert [stands(kafka, each.name) for each in wanted] == [None, None]


def test_one_objection_keeps_all_from_being_deleted_and_all_are_told(kafka: KafkaCluster) -> None:
    good, misspelt, kept = topic(), topic(), topic()
    do(plaintext(kafka), good, misspelt, kept)
    missing = new_name("missing")
    outcome = delete(
        kafka,
        Deletion(good.name, good.name),
        Deletion(misspelt.name, good.name),
        Deletion(kept.name, kept.name),
        Deletion(missing, missing),
        Deletion("__consumer_offsets", "__consumer_offsets"),
        declared=[DeclaredTopic(kept.name, 2, 3, protected=True)],
    )
    assert outcome.status == "refused"
    for name, words in [
        (misspelt.name, "confirm must repeat"),
        (kept.name, "declared as protected"),
        (missing, "is not on the cluster: check the name"),
        ("__consumer_offsets", ""),
    ]:
        assert any(problem.startswith(name) and words in problem for problem in outcome.problems), outcome.problems
    assert all(stands(kafka, each.name) for each in (good, misspelt, kept))


def test_a_topic_with_records_goes_only_when_that_is_said(kafka: KafkaCluster) -> None:
    full = topic(None, 3)
    do(plaintext(kafka), full)
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    for partition in range(3):
        producer.send(full.name, b"record", partition=partition).get(10)
    producer.close()
    refused = delete(kafka, Deletion(full.name, full.name))
    assert refused.problems == [f"{full.name}: holds 3 records; add although: [not-empty] to delete them with it"]
    assert stands(kafka, full.name)
    assert delete(kafka, Deletion(full.name, full.name, ["not-empty"])).status == "deleted"


@pytest.mark.parametrize(("although", "status"), [([], "refused"), (["protected"], "deleted")])
def test_a_protected_topic_goes_only_when_that_is_said(kafka: KafkaCluster, although: list[Guard], status: str) -> None:
    kept = topic()
    do(plaintext(kafka), kept)
    protected = [DeclaredTopic(kept.name, 2, 3, protected=True)]
    assert delete(kafka, Deletion(kept.name, kept.name, although), declared=protected).status == status


def test_a_topic_named_twice_in_one_request_is_refused(kafka: KafkaCluster) -> None:
    wanted = topic()
    do(plaintext(kafka), wanted)
    outcome = delete(kafka, Deletion(wanted.name, wanted.name), Deletion(wanted.name, wanted.name))
    assert outcome.problems == [f"{wanted.name}: is named more than once"]
