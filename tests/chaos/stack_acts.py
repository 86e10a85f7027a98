"""Updates of the stack and of the cluster while records flow."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local.kafka.users import put_scram_user
from local.system import USERNAME
from tests.chaos.adversary import Carry
from tests.chaos.consumer_acts import ConsumerActs
from tests.chaos.live import Live, persistently
from tests.chaos.schedule import Act
from tests.chaos.writer import Topics, Writer

_MOST_PARTITIONS = 12


class StackActs:
    """What the adversary does to the stack, its topics and its password.

    ``read`` says where the group of a topic stood when it was deleted, by topic, generation and partition;
    ``orderings`` are the values that the parameter had.
    """

    def __init__(self, live: Live, consumers: ConsumerActs, writer: Writer, topics: Topics) -> None:
        self._live, self._consumers, self._writer, self._topics = live, consumers, writer, topics
        self.read: dict[tuple[str, int, int], int] = {}
        self.orderings: set[str] = set()

    def acts(self) -> Mapping[str, Carry]:
        """By their kinds."""
        return {
            "change the batch size": lambda act: self._updated({"BatchSize": str(50 + int(act.draw * 950))}),
            "change the ordering": lambda _: self._reordered(),
            "to provisioned pollers": lambda _: self._updated({"PollerMode": "provisioned"}),
            "to on-demand pollers": lambda _: self._updated({"PollerMode": "on-demand"}),
            "add a partition": lambda _: self._grown(),
            "make a topic anew": lambda _: self._made_anew(self._topics.second),
            "rotate the SCRAM password": self._rotated,
        }

    def heal(self) -> None:
        """Have the topic exist, and the secret hold the cluster's password."""
        self._rotate(0.0)
        persistently(lambda: self._live.make(self._topics.second))

    @contextmanager
    def _updated(self, parameters: dict[str, str]) -> Iterator[str]:
        self._live.update(parameters)
        yield ", ".join(f"{name} {value}" for name, value in parameters.items())

    @contextmanager
    def _reordered(self) -> Iterator[str]:
        ordering = "key" if self._parameter("Ordering") == "partition" else "partition"
        self.orderings.add(ordering)
        self._live.update({"Ordering": ordering})
        yield f"Ordering {ordering}"

    @contextmanager
    def _grown(self) -> Iterator[str]:
        topic = self._topics.main
        with self._live.admin() as admin:
            count = len(admin.describe_topics([topic])[0]["partitions"])
            if count < _MOST_PARTITIONS:
                count += 1
                admin.create_partitions({topic: count})
        yield f"{topic} has {count}"

    @contextmanager
    def _made_anew(self, topic: str) -> Iterator[str]:
        """The mapping is disabled before, so that no offset of the old topic is committed for the new one."""
        source = self._live.source_of(topic)
        self._consumers.enable(source.mapping_id, enabled=False)
        anew = False
        try:
            self._consumers.await_stopped(source.logical_id)
            self._writer.close_topic(topic)
            try:
                read = persistently(lambda: self._live.committed(topic))
                persistently(lambda: self._live.delete(topic))
                anew = True
                for partition in self._partitions(topic):
                    self.read[topic, self._writer.generation[topic], partition] = max(0, read.get(partition, 0))
                persistently(lambda: self._live.make(topic))
            finally:
                self._writer.open_topic(topic, anew=anew)
        finally:
            self._consumers.enable(source.mapping_id, enabled=True)
        yield topic

    def _partitions(self, topic: str) -> set[int]:
        """Those that records were written to."""
        places = list(self._writer.acknowledged.values())  # at once: the writer goes on
        return {place.partition for place in places if place.topic == topic}

    @contextmanager
    def _rotated(self, act: Act) -> Iterator[str]:
        self._rotate(act.hold)
        yield f"the secret had the old one for {act.hold:.1f} s"

    def _rotate(self, seconds: float) -> None:
        """The cluster has the new password first, and the secret some time later."""
        password = secrets.token_urlsafe(24)
        # Brokers that are down learn of it when they start.
        persistently(lambda: put_scram_user(self._live.system.kafka.settings, USERNAME, password))
        time.sleep(seconds)
        login = json.dumps({"username": USERNAME, "password": password})
        arn = self._live.system.resources.scram_secret_arn
        self._live.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=login)

    def _parameter(self, name: str) -> str:
        return self._live.system.stack.parameters[name]
