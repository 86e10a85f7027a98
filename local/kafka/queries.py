"""Questions to one particular broker, each with a deadline.

A client would ask whichever broker it likes; here it matters what this one knows.
"""

import secrets
import socket
import ssl
import time
from pathlib import Path
from typing import Any

from kafka.errors import KafkaError
from kafka.protocol.metadata import MetadataRequest
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

_TIMEOUT_SECONDS = 1.0


def known_brokers(port: int) -> frozenset[int]:
    """The ids of the live brokers in the metadata of the broker on 127.0.0.1:`port`; none when it gives no answer."""
    try:
        answer = _ask(port, MetadataRequest(version=5, topics=[], allow_auto_topic_creation=False))
    except (OSError, KafkaError):
        return frozenset()
    return frozenset(broker.node_id for broker in answer.brokers)


def knows_scram_user(port: int, ca_file: Path, username: str) -> bool:
    """Whether the broker whose SASL_SSL listener is localhost:`port` has credentials of that user.

    False when it gives no answer. Asked by beginning a login: no older version has a request for it.
    """
    escaped = username.replace("=", "=3D").replace(",", "=2C")
    first = f"n,,n={escaped},r={secrets.token_hex(16)}"
    context = ssl.create_default_context(cafile=ca_file)
    try:
        with _connection(port) as plain, context.wrap_socket(plain, server_hostname="localhost") as connection:
            _exchange(connection, SaslHandshakeRequest(version=1, mechanism="SCRAM-SHA-512"))
            # A stranger is refused at once; who is known is asked to prove it.
            return not _exchange(connection, SaslAuthenticateRequest(version=0, auth_bytes=first.encode())).error_code
    except (OSError, KafkaError):
        return False


def _ask(port: int, request: Any) -> Any:
    with _connection(port) as connection:
        return _exchange(connection, request)


def _connection(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS)


def _exchange(connection: socket.socket, request: Any) -> Any:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    protocol = KafkaProtocol(client_id="local")
    protocol.send_request(request)
    connection.sendall(protocol.send_bytes())
    while True:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        received = connection.recv(65_536)
        if not received:
            raise ConnectionError("closed by the broker")
        for _, answer in protocol.receive_bytes(received):
            return answer
