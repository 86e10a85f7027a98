"""Questions to one particular broker over its plaintext listener, each with a deadline.

A client would ask whichever broker it likes; here it matters what this one knows.
"""

import socket
import time
from typing import Any

from kafka.errors import KafkaError
from kafka.protocol.admin import DescribeUserScramCredentialsRequest
from kafka.protocol.metadata import MetadataRequest
from kafka.protocol.parser import KafkaProtocol

_TIMEOUT_S = 1.0


def known_brokers(port: int) -> frozenset[int]:
    """The ids of the live brokers in the metadata of the broker on 127.0.0.1:`port`; none when it gives no answer."""
    try:
        answer = _ask(port, MetadataRequest(version=5, topics=[], allow_auto_topic_creation=False))
    except (OSError, KafkaError):
        return frozenset()
    return frozenset(broker.node_id for broker in answer.brokers)


def knows_scram_user(port: int, username: str) -> bool:
    """Whether the broker on 127.0.0.1:`port` has credentials of that user; False when it gives no answer."""
    try:
        answer = _ask(port, DescribeUserScramCredentialsRequest(version=0, users=[(username,)]))
        return bool([user for user in answer.results if not user.error_code and user.credential_infos])
    except (OSError, KafkaError):
        return False


def _ask(port: int, request: Any) -> Any:
    deadline = time.monotonic() + _TIMEOUT_S
    protocol = KafkaProtocol(client_id="local")
    protocol.send_request(request)
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S) as connection:
        connection.sendall(protocol.send_bytes())
        while True:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            received = connection.recv(65_536)
            if not received:
                raise ConnectionError("closed by the broker")
            for _, answer in protocol.receive_bytes(received):
                return answer
