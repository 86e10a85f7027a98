"""A broker's end of a connection, answered by a test: Kafka's frames over tests.fakes.http_fake's scripted server."""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from kafka.protocol.metadata import ApiVersionsResponse, MetadataResponse
from kafka.protocol.sasl import SaslAuthenticateResponse, SaslHandshakeResponse
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.network.stages import StageLog

from tests.fakes.http_fake import Peer, Script, ScriptedServer


class Asked(NamedTuple):
    """A request as far as a test needs it."""

    api_key: int
    version: int
    correlation_id: int
    body: bytes


def read_request(peer: Peer) -> Asked:
    """The next whole request; ConnectionError at the end of the stream."""
    (size,) = struct.unpack(">i", _exactly(peer, 4))
    frame = _exactly(peer, size)
    api_key, version, correlation_id = struct.unpack(">hhi", frame[:8])
    return Asked(api_key, version, correlation_id, frame[8:])


def answer(peer: Peer, asked: Asked, response: Any) -> None:
    """Send one of kafka-python's responses."""
    response.with_header(correlation_id=asked.correlation_id)
    peer.send(bytes(response.encode(framed=True, header=True)))


def replies(*makers: Callable[[Asked], Any]) -> Script:
    """Answer one request after the other, then wait for the client to go."""

    def script(peer: Peer) -> None:
        for make in makers:
            asked = read_request(peer)
            answer(peer, asked, make(asked))
        peer.sock.recv(1)

    return script


def frame(asked: Asked, body: bytes) -> bytes:
    """A response frame with any body."""
    return struct.pack(">ii", 4 + len(body), asked.correlation_id) + body


def handshake(error_code: int = 0, *mechanisms: str) -> Callable[[Asked], Any]:
    """The answer to SaslHandshake."""
    offered = list(mechanisms) or ["SCRAM-SHA-512"]
    return lambda asked: SaslHandshakeResponse(version=asked.version, error_code=error_code, mechanisms=offered)


def authenticate(auth_bytes: bytes = b"", error_code: int = 0, message: str | None = None) -> Callable[[Asked], Any]:
    """The answer to SaslAuthenticate."""
    return lambda asked: SaslAuthenticateResponse(
        version=asked.version,
        error_code=error_code,
        error_message=message,
        auth_bytes=auth_bytes,
        session_lifetime_ms=0,
    )


def server_first(asked: Asked, *, iterations: str = "4096", nonce: bytes | None = None) -> Any:
    """SCRAM's server-first-message to a client-first one."""
    client = asked.body.rpartition(b"r=")[2]
    message = b"r=%s,s=c2FsdA==,i=%s" % ((client + b"x") if nonce is None else nonce, iterations.encode())
    return authenticate(message)(asked)


def api_versions(lowest: int = 0, highest: int = 9, api_key: int = 3) -> Callable[[Asked], Any]:
    """The answer to ApiVersions: this broker knows one API (Metadata by default), in these versions."""
    keys = [(api_key, lowest, highest)]
    return lambda asked: ApiVersionsResponse(version=asked.version, error_code=0, api_keys=keys)


def metadata(port: int, host: str = "127.0.0.1") -> Callable[[Asked], Any]:
    """The answer to Metadata: one broker, which is the controller, and no topic."""
    return lambda asked: MetadataResponse(
        version=asked.version,
        throttle_time_ms=0,
        brokers=[MetadataResponse.MetadataResponseBroker(node_id=1, host=host, port=port, rack=None)],
        cluster_id="c",
        controller_id=1,
        topics=[],
    )


def plain(*ports: int) -> Access:
    """Access without encryption and login to brokers on loopback."""
    return Access(brokers=tuple(BrokerAddress("127.0.0.1", port) for port in ports), auth_mode="none")


@contextmanager
def talking_to(script: Script, seconds: float = 5) -> Iterator[tuple[BrokerConnection, Deadline]]:
    """A connection with a broker that plays a script, and the deadline of all that is asked."""
    with ScriptedServer(script) as server:
        access = plain(server.port)
        deadline = Deadline(seconds)
        with BrokerConnection.open(access.brokers[0], access, StageLog(deadline, seconds)) as connection:
            yield connection, deadline


def _exactly(peer: Peer, count: int) -> bytes:
    data = b""
    while len(data) < count:
        chunk = peer.sock.recv(count - len(data))
        if not chunk:
            raise ConnectionError("the client is gone")
        data += chunk
    return data
