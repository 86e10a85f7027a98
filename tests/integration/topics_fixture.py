"""A topic for one test."""

from collections.abc import Iterator
from contextlib import contextmanager

from kafka.admin import KafkaAdminClient

from local.kafka import KafkaCluster
from tests.integration.kafka_access import settled, wait_until


@contextmanager
def created_topic(kafka: KafkaCluster, name: str, partitions: int = 1) -> Iterator[str]:
    """A topic with a replica on each broker that there is, known to every broker; gone at the end."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        # One partition, so that the order of arrival is the order of sending.
        admin.create_topics({name: {"num_partitions": partitions, "replication_factor": 3}})
        wait_until(lambda: settled(kafka, name), f"{name} is not known to all brokers")
        yield name
        admin.delete_topics([name])
    finally:
        admin.close()
