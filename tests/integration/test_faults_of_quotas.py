"""A user over one of Kafka's quotas: the brokers say so and hold it back, and are not called hung for it."""

import subprocess

import pytest
from msk_toolkit.kafka.access import Access
from msk_toolkit.probe.producer import ProducerProbeResponse
from packaging.version import Version

from local.kafka import KafkaCluster
from tests.integration.kafka_access import new_name, scram, wait_until
from tests.integration.probe_faults import failures, produce
from tests.integration.topics_runs import do, states
from tests.integration.topics_runs import topic as new_topic

pytestmark = pytest.mark.integration


def user_with(kafka: KafkaCluster, quota: str) -> Access:
    """A new user with one quota, given by Kafka's own tool."""
    user, password = new_name("slow"), "slow-password"
    kafka.add_scram_user(user, password)
    options = ["--bootstrap-server", kafka.bootstrap("PLAINTEXT"), "--entity-type", "users", "--entity-name", user]
    command = [*kafka.console_tool("ConfigCommand"), *options, "--alter", "--add-config", quota]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return scram(kafka, username=user, password=password)


@pytest.mark.parametrize(
    ("quota", "told"),
    [("producer_byte_rate=1", "producer_byte_rate"), ("request_percentage=0.01", "request_percentage")],
)
def test_a_writer_over_its_quota_is_throttled_and_no_broker_hangs(
    kafka: KafkaCluster, topic: str, quota: str, told: str
) -> None:
    access = user_with(kafka, quota)
    runs: list[ProducerProbeResponse] = []

    def held_back() -> bool:
        runs.append(produce(access, topic))
        return "throttled" in {cause for _, cause in failures(runs[-1]).values()}

    # The brokers learn of the quota one by one.
    wait_until(held_back, "nobody was throttled")
    assert {cause for _, cause in failures(runs[-1]).values()} == {"throttled"}, runs[-1].table
    details = [one.failure.detail or "" for one in runs[-1].brokers if one.failure]
    assert details
    assert all(told in detail for detail in details), details


def test_topics_are_applied_over_the_controllers_quota(kafka: KafkaCluster) -> None:
    if Version(kafka.settings.version) < Version("2.7"):
        pytest.skip("the quota on changes of topics came with Kafka 2.7")
    access = user_with(kafka, "controller_mutation_rate=1")
    declared = [new_topic(partitions=1) for _ in range(20)]
    response = do(access, *declared, seconds=40)
    assert {state for *_, state in states(response)} == {"done"}, response.table
    assert response.status == "applied", response.table
