"""Topics on the cluster: read them with their configuration, create them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kafka.protocol.admin import CreateTopicsRequest, DescribeConfigsRequest

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.kafka.conversation import Conversation
from msk_toolkit.kafka.error_codes import broker_error

_TOPIC = 2
_SET_ON_THE_TOPIC = 1


class NewTopic(NamedTuple):
    """A topic to create."""

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, str]


def topic_configs(conversation: Conversation, names: Sequence[str], deadline: Deadline) -> dict[str, dict[str, str]]:
    """What is configured on each topic itself, in one request; what it inherits is left out.

    Raises:
        StageError: under ``metadata``.
        BrokerError: denied, or the topic is gone.
    """
    if not names:
        return {}
    resources = [
        DescribeConfigsRequest.DescribeConfigsResource(
            resource_type=_TOPIC, resource_name=name, configuration_keys=None
        )
        for name in names
    ]
    answer = conversation.ask(DescribeConfigsRequest(resources=resources, include_synonyms=False), "metadata", deadline)
    found = {}
    for result in answer.results:
        if result.error_code:
            raise broker_error(f"DescribeConfigs of {result.resource_name}", result.error_code, result.error_message)
        found[result.resource_name] = {
            entry.name: entry.value or "" for entry in result.configs if entry.config_source == _SET_ON_THE_TOPIC
        }
    return found


def create_topics(
    controller: Conversation, topics: Sequence[NewTopic], *, validate_only: bool, deadline: Deadline
) -> dict[str, ToolkitError]:
    """Create the topics in one request, or only have the cluster check them; answers what went wrong, by name.

    Raises:
        StageError: under ``metadata``.
    """
    wanted = [
        CreateTopicsRequest.CreatableTopic(
            name=topic.name,
            num_partitions=topic.partitions,
            replication_factor=topic.replication_factor,
            assignments=[],
            configs=[
                CreateTopicsRequest.CreatableTopic.CreatableTopicConfig(name=key, value=value)
                for key, value in topic.config.items()
            ],
        )
        for topic in topics
    ]
    # The broker gives up a little earlier than we do, so that its own reason arrives.
    patience_ms = max(1, int(deadline.remaining() * 900))
    answer = controller.ask(
        CreateTopicsRequest(topics=wanted, timeout_ms=patience_ms, validate_only=validate_only),
        "metadata",
        deadline,
    )
    return {
        topic.name: broker_error(f"CreateTopics of {topic.name}", topic.error_code, topic.error_message)
        for topic in answer.topics
        if topic.error_code
    }
