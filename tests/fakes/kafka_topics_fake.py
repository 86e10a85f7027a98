"""A broker that holds topics and answers for them: one of an old version, or one whose view lags behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from kafka.protocol.admin import (
    AlterConfigsRequest,
    AlterConfigsResponse,
    CreateTopicsRequest,
    CreateTopicsResponse,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
    DescribeConfigsRequest,
    DescribeConfigsResponse,
)
from kafka.protocol.metadata import ApiVersionsResponse, MetadataRequest, MetadataResponse

from tests.fakes.http_fake import Peer, ScriptedServer
from tests.fakes.kafka_broker_fake import Asked, answer, read_request

_API_VERSIONS = 18
_UNKNOWN_TOPIC = 3
_BROKER = 4
# No code of Kafka's: the connection ends without an answer.
HANGS_UP = -99


class Entry(NamedTuple):
    """A key of a topic's configuration; ``source`` is Kafka's number, 1 for the topic itself and 5 for the default."""

    value: str | None
    source: int = 1
    read_only: bool = False
    sensitive: bool = False


class TopicsBroker:
    """Topics of one partition, and what was asked of their broker.

    It speaks as Kafka 2.2 does, without IncrementalAlterConfigs. ``hides`` is how many more Metadata requests are
    answered as if the topics were not there; ``alive`` are the ports of the brokers that it names. ``checks``,
    ``creates`` and ``deletes`` are the error codes of the next answers to a CreateTopics that only checks, to one that
    does not, and to DeleteTopics; the last one stands for all after it, and :data:`HANGS_UP` ends the connection.
    """

    def __init__(self, topics: dict[str, dict[str, Entry]], hides: int = 0, cluster_id: str = "c") -> None:
        self.topics = topics
        self.hides = hides
        self.cluster_id = cluster_id
        self.checks: list[int] = [0]
        self.creates: list[int] = [0]
        self.deletes: list[int] = [0]
        self.words: str | None = None
        self.alive: list[int] = []
        self.connections = 0
        self.asked: list[str] = []
        self.written: list[dict[str, str]] = []
        self._apis: dict[int, tuple[int, int, Any]] = {
            3: (0, 7, self._metadata),
            19: (0, 3, self._create),
            20: (0, 3, self._delete),
            32: (0, 2, self._describe),
            33: (0, 1, self._alter),
        }

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Answer on a port of loopback."""
        with ScriptedServer(self._script) as server:
            self.alive.append(server.port)
            yield server.port

    def _script(self, peer: Peer) -> None:
        self.connections += 1
        while True:
            asked = read_request(peer)
            if asked.api_key == _API_VERSIONS:
                keys = [(key, lowest, highest) for key, (lowest, highest, _) in self._apis.items()]
                answer(peer, asked, ApiVersionsResponse(version=asked.version, error_code=0, api_keys=keys))
            else:
                answer(peer, asked, self._apis[asked.api_key][2](asked))

    def _metadata(self, asked: Asked) -> Any:
        request = _decoded(MetadataRequest, asked)
        names = list(self.topics)
        if request.topics is not None:
            names = [topic.name for topic in request.topics]
        shown = set(self.topics)
        if names and self.hides:
            shown = set()
            self.hides -= 1
        self.asked.append("Metadata")
        topic = MetadataResponse.MetadataResponseTopic
        partition = topic.MetadataResponsePartition(
            error_code=0,
            partition_index=0,
            leader_id=1,
            leader_epoch=0,
            replica_nodes=[1],
            isr_nodes=[1],
            offline_replicas=[],
        )
        return MetadataResponse(
            version=asked.version,
            throttle_time_ms=0,
            brokers=[
                MetadataResponse.MetadataResponseBroker(node_id=number, host="127.0.0.1", port=port, rack=None)
                for number, port in enumerate(self.alive, 1)
            ],
            cluster_id=self.cluster_id,
            controller_id=1,
            topics=[
                topic(
                    error_code=0 if name in shown else _UNKNOWN_TOPIC,
                    name=name,
                    is_internal=False,
                    partitions=[partition] if name in shown else [],
                )
                for name in names
            ],
        )

    def _create(self, asked: Asked) -> Any:
        request = _decoded(CreateTopicsRequest, asked)
        self.asked.append("CreateTopics to check" if request.validate_only else "CreateTopics")
        code = _next(self.checks if request.validate_only else self.creates)
        if not code and not request.validate_only:
            self.topics |= {
                topic.name: {config.name: Entry(config.value) for config in topic.configs} for topic in request.topics
            }
        result = CreateTopicsResponse.CreatableTopicResult
        return CreateTopicsResponse(
            version=asked.version,
            throttle_time_ms=0,
            topics=[
                result(name=topic.name, error_code=code, error_message=self.words if code else None)
                for topic in request.topics
            ],
        )

    def _delete(self, asked: Asked) -> Any:
        self.asked.append("DeleteTopics")
        code = _next(self.deletes)
        names = _decoded(DeleteTopicsRequest, asked).topic_names
        self.topics = self.topics if code else {name: self.topics[name] for name in self.topics if name not in names}
        result = DeleteTopicsResponse.DeletableTopicResult
        return DeleteTopicsResponse(
            version=asked.version,
            throttle_time_ms=0,
            responses=[result(name=name, error_code=code) for name in names],
        )

    def _describe(self, asked: Asked) -> Any:
        resources = _decoded(DescribeConfigsRequest, asked).resources
        result = DescribeConfigsResponse.DescribeConfigsResult
        if resources[0].resource_type == _BROKER:
            denied = result(error_code=31, error_message=None, resource_type=_BROKER, resource_name="1", configs=[])
            return DescribeConfigsResponse(version=asked.version, throttle_time_ms=0, results=[denied])
        self.asked.append("DescribeConfigs")
        return DescribeConfigsResponse(
            version=asked.version,
            throttle_time_ms=0,
            results=[
                result(
                    error_code=0,
                    error_message=None,
                    resource_type=2,
                    resource_name=resource.resource_name,
                    configs=[
                        result.DescribeConfigsResourceResult(
                            name=key,
                            value=None if entry.sensitive else entry.value,
                            read_only=entry.read_only,
                            config_source=entry.source,
                            is_sensitive=entry.sensitive,
                            synonyms=[],
                        )
                        for key, entry in self.topics[resource.resource_name].items()
                    ],
                )
                for resource in resources
            ],
        )

    def _alter(self, asked: Asked) -> Any:
        request = _decoded(AlterConfigsRequest, asked)
        self.asked.append("AlterConfigs to check" if request.validate_only else "AlterConfigs")
        for resource in request.resources:
            values = {config.name: config.value for config in resource.configs}
            self.written.append(values)
            if not request.validate_only:
                kept = {key: entry for key, entry in self.topics[resource.resource_name].items() if entry.source != 1}
                self.topics[resource.resource_name] = kept | {key: Entry(value) for key, value in values.items()}
        return AlterConfigsResponse(
            version=asked.version,
            throttle_time_ms=0,
            responses=[
                AlterConfigsResponse.AlterConfigsResourceResponse(
                    error_code=0, error_message=None, resource_type=2, resource_name=resource.resource_name
                )
                for resource in request.resources
            ],
        )


def _next(codes: list[int]) -> int:
    code = codes.pop(0) if len(codes) > 1 else codes[0]
    if code == HANGS_UP:
        raise ConnectionError
    return code


def _decoded(request_class: Any, asked: Asked) -> Any:
    # What is left of the header is the client's name.
    length = int.from_bytes(asked.body[:2])
    return request_class.decode(asked.body[2 + length :], version=asked.version)
