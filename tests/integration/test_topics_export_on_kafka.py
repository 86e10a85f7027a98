"""An export of real brokers: its plan changes nothing, whatever stands there."""

from pathlib import Path

import msgspec
import pytest
from kafka.admin import ACLOperation, ResourceType
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.session import Session
from msk_toolkit.topics.declaration import read_declaration
from msk_toolkit.topics.export import Export, export
from msk_toolkit.topics.request import TopicsRequest
from msk_toolkit.topics.run import export_request

from local.kafka import KafkaCluster
from mskv.answers import ExportAnswer
from mskv.topics_file import topics_file
from tests.integration.kafka_access import denied, plaintext, scram
from tests.integration.topics_runs import do, topic

pytestmark = pytest.mark.integration


def test_the_plan_of_a_written_export_says_unchanged_for_every_topic(kafka: KafkaCluster, tmp_path: Path) -> None:
    odd = topic(
        replication_factor=2,
        retention_ms="604800000",
        min_cleanable_dirty_ratio="0.7",
        cleanup_policy="compact,delete",
        preallocate="true",
        segment_bytes="1048577",
    )
    created = do(scram(kafka), topic(), odd, topic(partitions=5, replication_factor=1))
    assert created.status == "applied", created.table
    with Session(scram(kafka), 5) as session:
        response = export_request(TopicsRequest(action="export"), session, Deadline(20))
    assert (response.status, response.problems, response.next_after) == ("exported", [], "")
    answer = msgspec.convert(msgspec.to_builtins(response), ExportAnswer)
    file = tmp_path / "topics.yaml"
    file.write_text(topics_file(answer.topics, "a test"))
    declared = read_declaration(file)
    assert odd.name in {entry.name for entry in declared}
    assert not [entry.name for entry in declared if entry.name.startswith("__")]
    # Other tests leave topics that a plan refuses, such as one whose partitions have different numbers of replicas.
    plain = {entry.name for entry in answer.topics if not entry.note}
    planned = do(scram(kafka), *[entry for entry in declared if entry.name in plain], action="plan")
    assert planned.plan
    assert {step.action for step in planned.plan.steps} == {"unchanged"}, planned.table
    assert not [step.undeclared_config for step in planned.plan.steps if step.undeclared_config]
    assert planned.plan.undeclared == len(answer.topics) - len(plain)
    (exported,) = [entry for entry in answer.topics if entry.name == odd.name]
    assert exported.config == {
        "cleanup.policy": "compact,delete",
        "min.cleanable.dirty.ratio": "0.7",
        "preallocate": "true",
        "retention.ms": "7d",
        "segment.bytes": "1048577",
    }


def test_pages_have_every_topic_once_and_a_missing_one_is_a_problem(kafka: KafkaCluster) -> None:
    topics = [topic(), topic(), topic()]
    do(plaintext(kafka), *topics)
    names = sorted(entry.name for entry in topics)

    def page(after: str) -> Export:
        with Session(plaintext(kafka), 5) as session:
            return export(session, [*names, "no-such-topic"], after, Deadline(20), most_topics=2)

    first = page("")
    second = page(first.last)
    assert [[entry.name for entry in part.topics] for part in (first, second)] == [names[:2], names[2:]]
    assert (first.left, first.last, second.left, second.last) == (1, names[1], 0, "")
    assert [problem.partition(":")[0] for problem in first.problems] == ["no-such-topic"]


def test_a_topic_whose_settings_may_not_be_read_is_a_problem_and_not_exported(kafka: KafkaCluster) -> None:
    hidden, shown = topic(), topic()
    do(plaintext(kafka), hidden, shown)
    with denied(kafka, ResourceType.TOPIC, hidden.name, ACLOperation.DESCRIBE_CONFIGS):
        with Session(scram(kafka), 5) as session:
            exported = export(session, [hidden.name, shown.name], "", Deadline(20))
        assert [entry.name for entry in exported.topics] == [shown.name]
        (problem,) = exported.problems
        assert problem.startswith(f"{hidden.name}: ")
        assert "TOPIC_AUTHORIZATION_FAILED" in problem
