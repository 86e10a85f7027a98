"""Records in message formats 0 and 1, which brokers before 3.0 write where a topic says so.

Format 0 keeps no times and neither has headers, so a record's headers are lost with its writing: there is nothing here
that could show them.
"""

from collections.abc import Iterator

import pytest
from msk_toolkit.redrive.failures import Range

from local.kafka import KafkaCluster
from tests.integration.own_version import OLD_FORMATS, cluster_of
from tests.integration.packed_records import RECORDS, both_probes_are_healthy, redriven, topic_with, written_by

pytestmark = pytest.mark.integration

FORMATS = {"0.9.0": "NO_TIMESTAMP_TYPE", "0.10.2": "CREATE_TIME"}


@pytest.fixture(scope="module")
def old_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """The last of the 2 series."""
    with cluster_of(OLD_FORMATS, tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.mark.parametrize("message_format", FORMATS)
@pytest.mark.parametrize("codec", ["producer", "gzip", "snappy", "lz4"])
def test_heartbeats_in_an_old_message_format_are_healthy(
    old_kafka: KafkaCluster, codec: str, message_format: str
) -> None:
    configs = {"compression.type": codec, "min.insync.replicas": "2", "message.format.version": message_format}
    with topic_with(old_kafka, **configs) as topic:
        both_probes_are_healthy(old_kafka, topic)


@pytest.mark.parametrize("message_format", FORMATS)
@pytest.mark.parametrize("codec", ["producer", "gzip", "snappy", "lz4"])
def test_the_redrive_fetches_records_of_an_old_message_format(
    old_kafka: KafkaCluster, codec: str, message_format: str
) -> None:
    with topic_with(old_kafka, **{"compression.type": codec, "message.format.version": message_format}) as topic:
        written_by("librdkafka", old_kafka, topic, "gzip")
        events = redriven(old_kafka, Range(topic, 0, 3, RECORDS - 2))
    assert [each["offset"] for each in events] == list(range(3, RECORDS - 1))
    assert {each["timestampType"] for each in events} == {FORMATS[message_format]}
