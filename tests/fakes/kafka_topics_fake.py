"""A broker that holds topics and answers for them: one of an old version, or one whose view lags behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from kafka.protocol.admin import (
    AlterConfigsRequest,
    AlterConfigsResponse,
    DescribeConfigsRequest,
    DescribeConfigsResponse,
)
from kafka.protocol.metadata import ApiVersionsResponse, MetadataRequest, MetadataResponse

from tests.fakes.http_fake import Peer, ScriptedServer
from tests.fakes.kafka_broker_fake import Asked, answer, read_request

_API_VERSIONS = 18
_UNKNOWN_TOPIC = 3


class Entry(NamedTuple):
    """A key of a topic's configuration; ``source`` is Kafka's number, 1 for the topic itself and 5 for the default."""

    value: str | None
    source: int = 1
    read_only: bool = False
    sensitive: bool = False


class TopicsBroker:
    """Topics of one partition, and what was asked of their broker.

    It knows Metadata, DescribeConfigs and AlterConfigs, as Kafka 2.2 does, and no IncrementalAlterConfigs. ``hides``
    is how many more Metadata requests are answered as if the topics were not there; ``alive`` are the ports of the
    brokers that it names.
    """

    def __init__(self, topics: dict[str, dict[str, Entry]], hides: int = 0) -> None:
        self.topics = topics
        self.hides = hides
        self.alive: list[int] = []
        self.asked: list[str] = []
        self.written: list[dict[str, str]] = []
        self._apis: dict[int, tuple[int, int, Any]] = {
            3: (0, 7, self._metadata),
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
        while True:
            asked = read_request(peer)
            if asked.api_key == _API_VERSIONS:
                keys = [(key, lowest, highest) for key, (lowest, highest, _) in self._apis.items()]
                answer(peer, asked, ApiVersionsResponse(version=asked.version, error_code=0, api_keys=keys))
            else:
                answer(peer, asked, self._apis[asked.api_key][2](asked))

    def _metadata(self, asked: Asked) -> Any:
        request = _decoded(MetadataRequest, asked)
        wanted = [topic.name for topic in request.topics] if request.topics is not None else list(self.topics)
        shown = set(self.topics) if not self.hides or not wanted else set[str]()
        self.asked.append("Metadata")
        self.hides -= 1 if wanted and self.hides else 0
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
            cluster_id="c",
            controller_id=1,
            topics=[
                topic(
                    error_code=0 if name in shown else _UNKNOWN_TOPIC,
                    name=name,
                    is_internal=False,
                    partitions=[partition] if name in shown else [],
                )
                for name in wanted
            ],
        )

    def _describe(self, asked: Asked) -> Any:
        self.asked.append("DescribeConfigs")
        result = DescribeConfigsResponse.DescribeConfigsResult
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
                for resource in _decoded(DescribeConfigsRequest, asked).resources
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


def _decoded(request_class: Any, asked: Asked) -> Any:
    # What is left of the header is the client's name.
    length = int.from_bytes(asked.body[:2])
    return request_class.decode(asked.body[2 + length :], version=asked.version)
