"""What the tests do in another way with brokers of old versions."""

import subprocess
from collections.abc import Mapping, Sequence

from packaging.version import Version

from local.kafka import KafkaCluster


def can_be_told_where_to_put_replicas(kafka: KafkaCluster) -> bool:
    """Whether kafka-python can: before 2.4 it only lets one count them."""
    return Version(kafka.settings.version) >= Version("2.4")


def create_with_kafkas_own_tool(
    kafka: KafkaCluster, name: str, replicas: Mapping[int, Sequence[int]], configs: Mapping[str, str]
) -> None:
    """A topic whose replicas stand where the test wants them."""
    options = ["--create", "--topic", name, "--bootstrap-server", kafka.bootstrap("PLAINTEXT")]
    options += ["--replica-assignment", ",".join(":".join(map(str, each)) for each in replicas.values())]
    options += [word for key, value in configs.items() for word in ("--config", f"{key}={value}")]
    subprocess.run([*kafka.console_tool("TopicCommand"), *options], check=True, capture_output=True, timeout=60)
