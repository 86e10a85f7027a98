"""The system of a run, whose stack is updated while it runs."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from botocore.exceptions import ClientError
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

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
            KafkaError: the coordinator does not answer.
        """
        with self.admin() as admin:
            groups = admin.list_group_offsets({self.group_of(topic): None})
        places = next(iter(groups.values()))
        return {place.partition: value.offset for place, value in places.items() if place.topic == topic}

    def delete(self, topic: str) -> None:
        """Delete a topic, if it is there.

        Raises:
            KafkaError: it still is.
        """
        with self.admin() as admin:
            if topic in admin.list_topics():
                admin.delete_topics([topic])
            if topic in admin.list_topics():
                raise KafkaError(f"{topic} is still there")

    def make(self, topic: str) -> None:
        """Make a topic as topics.yaml declares the second one, if it is not there.

        Raises:
            KafkaError: it is not.
        """
        # The topics function would refuse to while the other topic has more partitions than are declared.
        new = NewTopic(topic, num_partitions=1, replication_factor=2, topic_configs={"min.insync.replicas": "1"})
        with self.admin() as admin:
            if topic not in admin.list_topics():
                admin.create_topics([new])

    @contextmanager
    def admin(self) -> Iterator[Any]:
        """kafka-python's admin client, a new one each time: brokers come and go."""
        servers = self.system.kafka.bootstrap("PLAINTEXT").split(",")
        client = KafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=int(_ASK_SECONDS * 1000))
        try:
            yield client
        finally:
            client.close()

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
        except (KafkaError, UserError, OSError, FunctionError, FunctionUnavailableError) as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not done within {_PERSISTENT_SECONDS:g} s: {error}") from error
        time.sleep(_AGAIN_SECONDS)
