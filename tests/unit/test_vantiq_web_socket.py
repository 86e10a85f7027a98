"""The web socket to Vantiq: whatever the peer does, each wait ends by its deadline and says what happened."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.network.trust import tls_context
from msk_toolkit.settings.vantiq import VantiqAddress
from msk_toolkit.vantiq.connection import VantiqEndpoint
from msk_toolkit.vantiq.events import arrivals_of
from msk_toolkit.vantiq.web_socket import WebSocket
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from local.kafka.certificates import CertificateAuthority
from local.vantiq import running_standin
from tests.fakes.http_fake import Peer, Script, ScriptedServer

pytestmark = pytest.mark.enable_socket
BOUND = 0.4


def speaking(then: Callable[[Peer, ServerProtocol], None]) -> Script:
    """Accept the web socket, then do something with it."""

    def script(peer: Peer) -> None:
        protocol = ServerProtocol()
        protocol.receive_data(peer.read_head())
        (request,) = protocol.events_received()
        protocol.send_response(protocol.accept(request))  # type: ignore[arg-type]  # a request comes first
        flush(peer, protocol)
        then(peer, protocol)

    return script


def flush(peer: Peer, protocol: ServerProtocol) -> None:
    for data in protocol.data_to_send():
        peer.send(data)


def say(peer: Peer, protocol: ServerProtocol, message: Any) -> None:
    protocol.send_text(msgspec.json.encode(message))
    flush(peer, protocol)


def agree_and(then: Callable[[Peer, ServerProtocol], None]) -> Script:
    """Accept the token and the subscription, then do something."""

    def agreed(peer: Peer, protocol: ServerProtocol) -> None:
        for _ in range(2):
            peer.sock.recv(65536)
            say(peer, protocol, {"status": 200, "body": {}})
        then(peer, protocol)

    return speaking(agreed)


def outcome(script: Script) -> tuple[str, float]:
    """What a subscription says in the end, and how long it took to get there."""
    with ScriptedServer(script) as server:
        address, began = VantiqAddress(False, "127.0.0.1", server.port), time.monotonic()
        try:
            with arrivals_of("Msk", VantiqEndpoint(address), "secret-token", "", Deadline(BOUND)) as arrivals:
                said = f"arrived: {arrivals.wait_for('x', 60)}"
        except VantiqError as error:
            said = str(error)
        took = time.monotonic() - began
    assert "secret-token" not in said
    return said, took


def hang(peer: Peer, _: ServerProtocol | None = None) -> None:
    peer.hang()


def chatter(peer: Peer, protocol: ServerProtocol) -> None:
    """Messages of others without end."""
    while not peer.stopping.wait(0.01):
        say(peer, protocol, {"status": 100, "body": {"path": "/sources/Msk/receive", "value": "other"}})


def leave(peer: Peer, protocol: ServerProtocol) -> None:
    protocol.send_close(1001)
    flush(peer, protocol)


def half_a_message(peer: Peer, _: ServerProtocol) -> None:
    """The header of a frame of 100 bytes, and then one byte at a time."""
    peer.send(b"\x81\x64")
    while not peer.stopping.wait(0.02):
        peer.send(b"x")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (lambda peer: peer.hang(), "does not answer the request for a web socket"),
        (lambda peer: (peer.read_head(), peer.send(b"HTTP/1.1 101 Sw"), peer.hang()), "does not answer the request"),
        (speaking(hang), "does not answer validate"),
        (agree_and(hang), "arrived: None"),
        (agree_and(chatter), "arrived: None"),
        (agree_and(half_a_message), "arrived: None"),
    ],
)
def test_a_peer_that_hangs_anywhere_is_left_when_the_deadline_passes(script: Script, words: str) -> None:
    said, took = outcome(script)
    assert words in said
    assert BOUND * 0.9 <= took < BOUND + 1.5


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (lambda peer: (peer.read_head(), peer.send(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")), "answers 404"),
        (lambda peer: (peer.read_head(), peer.send(b"SSH-2.0-x\r\n")), "does not speak web socket"),
        (lambda peer: (peer.read_head(), peer.send(b"HTTP/1.1 101 Ok\r\n\r\n")), "does not speak web socket"),
        (lambda peer: peer.read_head(), "does not speak web socket"),
        (speaking(lambda peer, _: peer.reset()), "ended the web socket"),
        (speaking(lambda peer, protocol: say(peer, protocol, {"status": 401})), "refuses to validate, with status 401"),
        (agree_and(lambda peer, protocol: say(peer, protocol, ["no object"])), "something else than a JSON object"),
        (agree_and(leave), "socket (code 1001)"),
        (agree_and(lambda peer, _: peer.send(b"\xff\xff")), "no longer speaks web socket (ProtocolError)"),
    ],
)
def test_a_peer_that_refuses_or_leaves_is_told_at_once(script: Script, words: str) -> None:
    said, took = outcome(script)
    assert words in said
    assert took < BOUND


def test_a_ping_is_answered_and_a_message_in_fragments_is_one_message() -> None:
    pongs: list[bytes] = []

    def fragments(peer: Peer, protocol: ServerProtocol) -> None:
        protocol.send_ping(b"there?")
        protocol.send_text(b'{"status": ', fin=False)
        protocol.send_continuation(b"100}", fin=True)
        flush(peer, protocol)
        while not pongs:
            protocol.receive_data(peer.sock.recv(65536))
            frames = [event for event in protocol.events_received() if isinstance(event, Frame)]
            pongs.extend(bytes(frame.data) for frame in frames if frame.opcode is Opcode.PONG)

    with ScriptedServer(speaking(fragments)) as server:
        socket = WebSocket.open(VantiqEndpoint(VantiqAddress(False, "127.0.0.1", server.port)), "/", Deadline(5))
        assert socket.receive(Deadline(5)) == b'{"status": 100}'
        socket.close()
    assert pongs == [b"there?"]


@pytest.mark.timeout(60)
def test_many_web_socket_connections_over_tls_come_and_go(tmp_path: Path) -> None:
    # A reader and a writer in two threads hang here within the first hundreds.
    authority = CertificateAuthority.create(tmp_path)
    certificate, key = authority.issue("localhost", ["localhost"])
    context = tls_context(authority.ca_file.read_text())
    with running_standin(cert=certificate, key=key) as standin:
        standin.define("sources", {"name": "Msk", "type": "REMOTE", "config": {}})
        address = VantiqAddress(True, "localhost", standin.port)
        for number in range(500):
            with arrivals_of("Msk", VantiqEndpoint(address, context), standin.token, "", Deadline(10)) as arrivals:
                standin.receive("Msk", {"value": f"message {number}"})
                assert arrivals.wait_for(f"message {number}", 5) == {"value": f"message {number}"}
