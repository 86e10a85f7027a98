"""How many questions a plan of many topics asks."""

from collections import Counter
from typing import Any

import pytest
from msk_toolkit.kafka.connection import BrokerConnection

from local.kafka import KafkaCluster
from tests.integration.kafka_access import new_name, scram
from tests.integration.topics_runs import do, topic

pytestmark = pytest.mark.integration


def test_three_hundred_topics_take_one_metadata_and_one_config_request_to_plan(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = new_name("many")
    declared = [topic(f"{prefix}-{number}", 1, retention_ms="3600000") for number in range(300)]
    created = do(scram(kafka), *declared, seconds=60)
    assert Counter(change.state for change in created.changes) == {"done": 300}
    asked: Counter[str] = Counter()
    ask = BrokerConnection.send

    def counting(self: BrokerConnection, request: Any, *rest: Any) -> Any:
        # Opening a connection asks for brokers only.
        asked[type(request).__name__ + (" of no topic" if getattr(request, "topics", None) == [] else "")] += 1
        return ask(self, request, *rest)

    monkeypatch.setattr(BrokerConnection, "send", counting)
    assert do(scram(kafka), *declared).changes == []
    assert asked == {"MetadataRequest of no topic": 1, "MetadataRequest": 1, "DescribeConfigsRequest": 1}
