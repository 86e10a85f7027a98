"""Which discarded records a stack imports: those of its own cluster, forwarder and topics.

A letter is delivered under the name of its cluster and topic, and a notification that only names offsets makes the
function read them. So neither may name anything beyond the stack.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from msk_toolkit.errors import ToolkitError
from msk_toolkit.forward.decode import decode
from msk_toolkit.redrive.failures import DiscardedBatch
from msk_toolkit.settings.plain import shown_name


class ForeignError(ToolkitError):
    """A discarded batch of another cluster, function or topic; it was left where it is."""


class Scope(NamedTuple):
    """What a stack's mappings can have discarded.

    Args:
        cluster: ARN of the stack's cluster; empty where the stack names brokers instead.
        brokers: those brokers, as ``host:port``; none where the cluster has an ARN.
        function: name of its forwarder; empty where it is not known.
        topics: what it forwards.
        accepted: ARNs, functions and topics that the request names beyond these.
    """

    cluster: str
    function: str
    topics: frozenset[str]
    accepted: frozenset[str] = frozenset()
    brokers: frozenset[str] = frozenset()

    def check(self, batch: DiscardedBatch) -> None:
        """Whether the stack's own mappings discarded it.

        Raises:
            ForeignError: they did not; says all that is foreign.
            MalformedEventError: its payload is not a mapping's event.
        """
        problems = list(self._problems(batch))
        if problems:
            raise ForeignError("; ".join(problems))

    def _problems(self, batch: DiscardedBatch) -> Iterator[str]:
        clusters = {batch.source.get("eventSourceArn", ""), _cluster_of(batch.event)} - {""}
        if self.cluster and not clusters:
            yield "it does not name its cluster"
        for cluster in self._foreign(clusters, self._own_clusters(clusters)):
            yield f"it is of the cluster {shown_name(cluster)}, not of this stack's"
        yield from self._foreign_brokers(batch)
        functions = {_function_name(batch.function)} - {""}
        for function in self._foreign(functions, {self.function} if self.function else functions):
            yield f"it is of a mapping of the function {shown_name(function)}, not of this stack's"
        for topic in self._foreign(_topics_of(batch), self.topics):
            yield f"its topic {shown_name(topic)} is not forwarded by this stack"

    def _own_clusters(self, named: set[str]) -> set[str]:
        """Beside a stack that names brokers no ARN is its own; where neither is known, any is."""
        if self.cluster:
            return {self.cluster}
        return set() if self.brokers else named

    def _foreign_brokers(self, batch: DiscardedBatch) -> Iterator[str]:
        """One broker in common is enough: the list of a stack's brokers changes with them."""
        servers = [_text(fields, "bootstrapServers") for fields in (batch.source, batch.event)]
        named = broker_names(",".join(servers))
        if self.brokers and named and named.isdisjoint(self.brokers | self.accepted):
            yield f"it is of the brokers {shown_name(','.join(sorted(named)))}, none of which is this stack's"

    def _foreign(self, names: Iterable[str], own: Iterable[str]) -> list[str]:
        return sorted(set(names) - set(own) - self.accepted)


def broker_names(servers: str) -> frozenset[str]:
    """The brokers of ``host:port,host:port``."""
    return frozenset(filter(None, (server.strip() for server in servers.split(","))))


def _cluster_of(event: dict[str, Any] | None) -> str:
    return _text(event, "eventSourceArn")


def _text(fields: dict[str, Any] | None, name: str) -> str:
    value = fields.get(name) if fields else None
    return value if isinstance(value, str) else ""


def _function_name(arn: str) -> str:
    """The name within an ARN with or without a qualifier, or the name itself."""
    return arn.rpartition(":function:")[2].partition(":")[0]


def _topics_of(batch: DiscardedBatch) -> set[str]:
    topics = {discarded.topic for discarded in batch.ranges}
    if batch.event is None:
        return topics
    for place, records in decode(batch.event).partitions.items():
        # A record that can't be decoded is named by its partition.
        topics.add(place.rpartition("-")[0])
        topics |= {record.content.topic for record in records if record.content}
    return topics
