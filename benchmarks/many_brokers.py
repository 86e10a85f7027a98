"""Three real brokers that look like many: ``python -m benchmarks.many_brokers HOME COUNT``.

A listener for each of COUNT broker ids, in front of the cluster in HOME. Answers to Metadata and FindCoordinator name
these listeners; everything else passes to the real broker behind the id. It prints the addresses, and ends when its
input does. It has a process of its own, so that its CPU time is not counted as the probes'.
"""

import contextlib
import ssl
import struct
import sys
from pathlib import Path
from typing import Any

from kafka.protocol.metadata import FindCoordinatorResponse, MetadataResponse

from local.kafka import KafkaCluster
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.fault_rules import FIND_COORDINATOR, METADATA, Rule

HOST = "localhost"
REPLICAS = 3
_EDITED: dict[int, Any] = {METADATA: MetadataResponse, FIND_COORDINATOR: FindCoordinatorResponse}


def real_broker(broker: int, real: int) -> int:
    """Which of the ``real`` brokers answers as ``broker``; both are counted from 1 on."""
    return (broker - 1) % real + 1


def assignments(count: int, real: int) -> dict[int, list[int]]:
    """The replicas of ``count`` partitions, led by the real broker behind each of as many listeners."""
    return {
        partition: [real_broker(partition + 1 + step, real) for step in range(min(real, REPLICAS))]
        for partition in range(count)
    }


class Advertise(Rule):
    """Names the listeners: partition p is led by broker p + 1.

    Args:
        ports: the listener of each broker; filled before the first connection.
    """

    def __init__(self, ports: dict[int, int]) -> None:
        self._ports = ports
        self._versions: dict[int, int] = {}

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        """See :class:`Rule`."""
        (self._versions[api_key],) = struct.unpack(">h", frame[2:4])
        return frame

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        """See :class:`Rule`."""
        if api_key not in _EDITED:
            return frame
        response = _EDITED[api_key].decode(frame, version=self._versions[api_key], header=True)
        if api_key == METADATA:
            self._name_brokers(response)
        elif response.node_id in self._ports:
            # The real brokers' ids are the first ones here, and there may be no coordinator yet.
            response.host, response.port = HOST, self._ports[response.node_id]
        return bytes(response.encode(header=True))

    def _name_brokers(self, response: Any) -> None:
        broker_class = MetadataResponse.MetadataResponseBroker
        response.brokers = [
            broker_class(node_id=broker, host=HOST, port=port, rack=None) for broker, port in self._ports.items()
        ]
        for topic in response.topics:
            for partition in topic.partitions:
                replicas = [(partition.partition_index + step) % len(self._ports) + 1 for step in range(REPLICAS)]
                partition.leader_id = replicas[0]
                partition.replica_nodes = partition.isr_nodes = replicas


def main() -> None:
    """Serve until the input ends."""
    kafka, count = KafkaCluster.open(Path(sys.argv[1])), int(sys.argv[2])
    chain, key = kafka.authority.issue("many-brokers", [HOST])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    client = ssl.create_default_context(cafile=kafka.ca_file)
    real = kafka.settings.ports["SASL_SSL"]
    ports: dict[int, int] = {}
    with contextlib.ExitStack() as stack:
        for broker in range(1, count + 1):
            upstream = real[real_broker(broker, len(real))]
            proxy = stack.enter_context(FaultProxy(upstream, Advertise(ports), server=server, client=client))
            ports[broker] = proxy.port
        print(",".join(f"{HOST}:{port}" for port in ports.values()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
