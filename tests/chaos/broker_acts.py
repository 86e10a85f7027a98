"""Brokers that are killed, paused and stopped, one at a time: two of three are needed for a write."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka.admin import KafkaAdminClient

from local.kafka.cluster import KafkaCluster
from local.kafka.settings import BROKER_IDS
from tests.chaos.adversary import Carry
from tests.chaos.schedule import Act

_OFFSETS = "__consumer_offsets"


class BrokerActs:
    """What the adversary does to brokers.

    Args:
        group: the consumer group whose coordinator is killed.
    """

    def __init__(self, kafka: KafkaCluster, group: str) -> None:
        self._kafka, self._group = kafka, group
        self._bootstrap = kafka.bootstrap("PLAINTEXT")

    def acts(self) -> Mapping[str, Carry]:
        """By their kinds."""
        return {
            "kill a broker": lambda act: self._gone(_any(act), self._kafka.kill_broker),
            "kill the controller": lambda _: self._gone(self._controller(), self._kafka.kill_broker),
            "kill the group's coordinator": lambda _: self._gone(self._coordinator(), self._kafka.kill_broker),
            "pause a broker": self._paused,
            "stop a broker": lambda act: self._gone(_any(act), self._kafka.stop_broker),
        }

    def heal(self) -> None:
        """Have every broker run."""
        for broker in BROKER_IDS:
            self._kafka.resume_broker(broker)
            if broker not in self._kafka.running_brokers():
                self._kafka.start_broker(broker)

    @contextmanager
    def _gone(self, broker: int, end: Callable[[int], None]) -> Iterator[str]:
        end(broker)
        try:
            yield f"broker {broker}"
        finally:
            self._kafka.start_broker(broker)

    @contextmanager
    def _paused(self, act: Act) -> Iterator[str]:
        broker = _any(act)
        self._kafka.pause_broker(broker)
        try:
            yield f"broker {broker} for {act.hold:.1f} s"
        finally:
            self._kafka.resume_broker(broker)

    def _controller(self) -> int:
        with self._admin() as admin:
            quorum = admin.describe_metadata_quorum()
        return int(quorum["topics"][0]["partitions"][0]["leader_id"])

    def _coordinator(self) -> int:
        """The leader of the group's partition of the offsets."""
        with self._admin() as admin:
            partitions = admin.describe_topics([_OFFSETS])[0]["partitions"]
        leaders = {partition["partition_index"]: partition["leader_id"] for partition in partitions}
        return int(leaders[hash_of(self._group) % len(leaders)])

    @contextmanager
    def _admin(self) -> Iterator[Any]:
        admin = KafkaAdminClient(bootstrap_servers=self._bootstrap.split(","))
        try:
            yield admin
        finally:
            admin.close()


def hash_of(text: str) -> int:
    """The absolute value of Java's hash of a string: brokers find a group's partition by it."""
    number = 0
    for character in text:
        number = (31 * number + ord(character)) & 0xFFFFFFFF
    return min(number, 0x1_0000_0000 - number)


def _any(act: Act) -> int:
    return BROKER_IDS[int(act.draw * len(BROKER_IDS))]
