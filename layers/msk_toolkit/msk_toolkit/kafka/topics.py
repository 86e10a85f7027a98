"""Topics on the cluster: create them, add partitions, delete them; the first two can be validated only."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from kafka.protocol.admin import CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import BrokerError
from msk_toolkit.kafka.connection import BrokerConnection, broker_timeout_ms, reading
from msk_toolkit.kafka.error_codes import broker_error
from msk_toolkit.stage import Stage


class NewTopic(NamedTuple):
    """A topic to create."""

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, str]


def create_topics(
    controller: BrokerConnection, topics: Sequence[NewTopic], *, validate_only: bool, deadline: Deadline
) -> dict[str, BrokerError]:
    """Create the topics in one request, or only have the cluster check them; returns the errors, by name.

    Raises:
        StageError: under ``metadata``.
    """
    topic_class = CreateTopicsRequest.CreatableTopic
    new_topics = [
        topic_class(
            name=topic.name,
            num_partitions=topic.partitions,
            replication_factor=topic.replication_factor,
            assignments=[],
            configs=[topic_class.CreatableTopicConfig(name=key, value=value) for key, value in topic.config.items()],
        )
        for topic in topics
    ]
    request = CreateTopicsRequest(
        topics=new_topics, timeout_ms=broker_timeout_ms(deadline), validate_only=validate_only
    )
    answer = controller.send(request, Stage.METADATA, deadline)
    return _errors(controller, "CreateTopics", answer, "topics", [topic.name for topic in topics])


def add_partitions(
    controller: BrokerConnection, totals: Mapping[str, int], *, validate_only: bool, deadline: Deadline
) -> dict[str, BrokerError]:
    """Raise topics to these numbers of partitions, or only have it checked; returns the errors, by name.

    Raises:
        StageError: under ``metadata``.
    """
    grown = [
        CreatePartitionsRequest.CreatePartitionsTopic(name=name, count=count, assignments=None)
        for name, count in totals.items()
    ]
    request = CreatePartitionsRequest(topics=grown, timeout_ms=broker_timeout_ms(deadline), validate_only=validate_only)
    answer = controller.send(request, Stage.METADATA, deadline)
    return _errors(controller, "CreatePartitions", answer, "results", totals)


def delete_topics(controller: BrokerConnection, names: Sequence[str], deadline: Deadline) -> dict[str, BrokerError]:
    """Delete the topics in one request; returns the errors, by name.

    Raises:
        StageError: under ``metadata``.
    """
    request = DeleteTopicsRequest(topic_names=list(names), timeout_ms=broker_timeout_ms(deadline))
    answer = controller.send(request, Stage.METADATA, deadline)
    return _errors(controller, "DeleteTopics", answer, "responses", names)


def _errors(
    controller: BrokerConnection, api: str, answer: Any, results: str, names: Collection[str]
) -> dict[str, BrokerError]:
    with reading(controller, api, Stage.METADATA):
        by_name = {result.name: result for result in getattr(answer, results)}
        # What is not in the response is not done.
        wrong = {name: by_name[name] for name in names if by_name[name].error_code}
    return {
        # DeleteTopics has a message only from version 5 on.
        name: broker_error(f"{api} of {name}", result.error_code, getattr(result, "error_message", None))
        for name, result in wrong.items()
    }
