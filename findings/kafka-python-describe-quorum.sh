#!/usr/bin/env bash
# kafka-python 3.0.12: KafkaAdminClient.describe_metadata_quorum() ends with KeyError: 'error_message' on every KRaft broker
# that answers DescribeQuorum in version 0 or 1 (seen on Apache Kafka 3.6.2): it removes a field from the answer that was
# added in version 2. Shown without a broker: the client's own method, given such an answer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kafka-python==3.0.12
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import sys
from types import SimpleNamespace

from kafka.admin import KafkaAdminClient
from kafka.protocol.admin import DescribeQuorumResponse


async def answer(version):
    topic = DescribeQuorumResponse.TopicData
    part = topic.PartitionData(
        partition_index=0, error_code=0, leader_id=1, leader_epoch=3, high_watermark=9, current_voters=[], observers=[]
    )
    topics = [topic(topic_name="__cluster_metadata", partitions=[part])]
    sent = DescribeQuorumResponse(version=version, error_code=0, topics=topics).encode(version=version)
    return DescribeQuorumResponse[version].decode(bytes(sent))


def described(version):
    client = SimpleNamespace(_manager=SimpleNamespace(send=lambda request: answer(version)))
    method = KafkaAdminClient._async_describe_quorum
    try:
        return str(asyncio.run(method(client, "__cluster_metadata", 0))["topics"][0]["partitions"][0]["leader_id"])
    except KeyError as error:
        return f"KeyError: {error}"


found = {version: described(version) for version in (0, 1, 2)}
for version, outcome in found.items():
    print(f"an answer of version {version}: {outcome}")
sys.exit(0 if found == {0: "KeyError: 'error_message'", 1: "KeyError: 'error_message'", 2: "1"} else "kafka-python behaves otherwise now")
PYTHON
