"""The system of a run, whose stack is updated while it runs."""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from kafka.errors import KafkaError as ClientKafkaError

from local.aws.functions import Function, FunctionError, FunctionUnavailableError
from local.aws.processed import EventSource, read_stack
from local.kafka.users import UserError
from local.pollers import poller_names, start_pollers
from local.system import System

_UPDATE_SECONDS = 90.0
_AGAIN_SECONDS = 0.3
_PERSISTENT_SECONDS = 120.0
_ASK_SECONDS = 10.0


class Live:
    """A system and its stack as it is now.

    Args:
        timeout_seconds: of the forwarder; the template's would make a run wait for too long.
    """

    def __init__(self, system: System, timeout_seconds: float) -> None:
        self.system = system
        self.timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._session: Any = system.emulator.session()
        self._clients: dict[str, Any] = {}
        self._functions: dict[str, Function] = {}
        self._admin = AdminClient({"bootstrap.servers": system.kafka.bootstrap("PLAINTEXT"), "log_level": 0})
        self._limit_time()

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator; made once, since that takes longer than most calls."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(service, endpoint_url=self.system.emulator.endpoint)
            return self._clients[service]

    def function(self, logical_id: str) -> Function:
        """A deployed function, such as ``TopicsFunction``; made once as well."""
        with self._lock:
            if logical_id not in self._functions:
                self._functions[logical_id] = self.system.function(logical_id)
            return self._functions[logical_id]

    def update(self, parameters: Mapping[str, str]) -> None:
        """Update parameters of the stack, then replace the pollers, as Lambda does.

        Raises:
            TimeoutError: the update does not end.
        """
        cloudformation, name = self.client("cloudformation"), self.system.stack.name
        values: list[dict[str, Any]] = []
        for parameter in self.system.stack.parameters:
            value: dict[str, Any] = {"UsePreviousValue": True}
            if parameter in parameters:
                value = {"ParameterValue": parameters[parameter]}
            values.append({"ParameterKey": parameter, **value})
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
        try:
            cloudformation.update_stack(
                StackName=name, UsePreviousTemplate=True, Parameters=values, Capabilities=capabilities
            )
        except ClientError as error:
            if "No updates" not in str(error):
                raise
        deadline = time.monotonic() + _UPDATE_SECONDS
        while self._status(cloudformation, name).endswith("IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the stack is still being updated after {_UPDATE_SECONDS:g} s")
            time.sleep(_AGAIN_SECONDS)
        self._limit_time()
        stack = read_stack(self.system.emulator.session(), self.system.emulator.endpoint, name)
        self.system = msgspec.structs.replace(self.system, stack=stack)
        names = [poller_names(self.system, source.logical_id) for source in stack.event_sources()]
        self.system.ledger.stop(*itertools.chain.from_iterable(names))
        start_pollers(self.system)

    def source_of(self, topic: str) -> EventSource:
        """The mapping of a topic."""
        return next(source for source in self.system.stack.event_sources() if topic in source.properties["Topics"])

    def group_of(self, topic: str) -> str:
        """The consumer group of a topic's mapping."""
        properties = self.source_of(topic).properties
        return str(properties["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"])

    def committed(self, topic: str) -> dict[int, int]:
        """By partition: where the topic's group stands.

        Raises:
            KafkaException: the coordinator does not answer.
        """
        group = self.group_of(topic)
        asked = self._admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group)], request_timeout=_ASK_SECONDS
        )
        places = asked[group].result(_ASK_SECONDS + 1).topic_partitions
        return {place.partition: place.offset for place in places if place.topic == topic}

    def delete(self, topic: str) -> None:
        """Delete a topic, if it is there.

        Raises:
            KafkaException: it still is.
        """
        with contextlib.suppress(KafkaException):
            self._admin.delete_topics([topic], request_timeout=_ASK_SECONDS)[topic].result(_ASK_SECONDS)
        if topic in self._admin.list_topics(timeout=_ASK_SECONDS).topics:
            raise KafkaException(KafkaError(KafkaError.TOPIC_ALREADY_EXISTS))

    def make(self, topic: str) -> None:
        """Make a topic as topics.yaml declares the second one, if it is not there.

        Raises:
            KafkaException: it is not.
        """
        # The topics function would refuse to while the other topic has more partitions than are declared.
        new = NewTopic(topic, 1, 2, config={"min.insync.replicas": "1"})
        try:
            self._admin.create_topics([new], request_timeout=_ASK_SECONDS)[topic].result(_ASK_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise

    def _limit_time(self) -> None:
        name = self.system.stack.physical_ids["ForwarderFunction"]
        self.client("lambda").update_function_configuration(FunctionName=name, Timeout=int(self.timeout_seconds))

    def _status(self, cloudformation: Any, name: str) -> str:
        return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def persistently[T](call: Callable[[], T]) -> T:
    """Until it succeeds: brokers are killed meanwhile.

    Raises:
        TimeoutError: it does not in time.
    """
    deadline = time.monotonic() + _PERSISTENT_SECONDS
    while True:
        try:
            return call()
        except (ClientKafkaError, KafkaException, UserError, OSError, FunctionError, FunctionUnavailableError) as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not done within {_PERSISTENT_SECONDS:g} s: {error}") from error
        time.sleep(_AGAIN_SECONDS)
