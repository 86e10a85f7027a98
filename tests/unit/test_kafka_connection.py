"""Requests, answers and the login, against a broker on loopback that breaks in every way it can."""

import ssl
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kafka.protocol.metadata import MetadataRequest
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError, StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.bootstrap import NoBrokerError, open_any, open_controller
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.network.stages import StageLog
from msk_toolkit.stage import Stage

from local.kafka.certificates import CertificateAuthority
from tests.fakes.clock_fake import FakeClock
from tests.fakes.http_fake import Peer, Script, ScriptedServer
from tests.fakes.kafka_broker_fake import (
    Asked,
    answer,
    api_versions,
    authenticate,
    frame,
    handshake,
    metadata,
    plain,
    read_request,
    replies,
    talking_to,
)

pytestmark = pytest.mark.enable_socket

PASSWORD = "hush-hush"
METADATA = 3


def failure(script: Script, seconds: float = 5) -> StageError:
    with talking_to(script, seconds) as (connection, deadline), pytest.raises(StageError) as caught:
        read_metadata(connection, [], deadline)
    assert caught.value.stage == "metadata"
    return caught.value


def test_a_question_is_answered_in_the_newest_version_that_both_know() -> None:
    asked: list[Asked] = []

    def note(request: Asked) -> Any:
        asked.append(request)
        return metadata(1)(request)

    with talking_to(replies(api_versions(highest=12), note, note)) as (connection, deadline):
        assert read_metadata(connection, [], deadline).brokers == {1: BrokerAddress("127.0.0.1", 1)}
        read_metadata(connection, [], deadline)
    assert [(each.api_key, each.version) for each in asked] == [(3, 8), (3, 8)]


def test_a_broker_that_no_longer_speaks_our_versions_is_told() -> None:
    assert failure(replies(api_versions(lowest=90, highest=99))).cause == "broker-error"


def hang_after_the_request(peer: Peer) -> None:
    read_request(peer)
    peer.hang()


def close_after_the_request(peer: Peer) -> None:
    read_request(peer)


def reset_after_the_request(peer: Peer) -> None:
    read_request(peer)
    peer.reset()


def answering(data: Callable[[Asked], bytes]) -> Script:
    def script(peer: Peer) -> None:
        peer.send(data(read_request(peer)))
        peer.sock.recv(1)

    return script


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (hang_after_the_request, "request-timeout"),
        (close_after_the_request, "connection-closed"),
        (reset_after_the_request, "connection-closed"),
        (answering(lambda asked: b"HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol-error"),
        (answering(lambda asked: b"\x15\x03\x03\x00\x02\x02\x46"), "tls-expected"),
        (answering(lambda asked: struct.pack(">i", -1)), "protocol-error"),
        (answering(lambda asked: struct.pack(">i", 0)), "protocol-error"),
        (answering(lambda asked: struct.pack(">ii", 4, asked.correlation_id + 1)), "protocol-error"),
        (answering(lambda asked: struct.pack(">ii", 4, asked.correlation_id)), "protocol-error"),
        (answering(lambda asked: frame(asked, b"\0\0\x7f\xff\xff\xff")), "protocol-error"),
        (answering(lambda asked: struct.pack(">i", 100) + b"half"), "request-timeout"),
    ],
)
def test_a_broker_that_fails_in_the_middle_is_told_by_its_cause(script: Script, cause: str) -> None:
    began = time.monotonic()
    assert failure(script, 0.4).cause == cause
    assert time.monotonic() - began < 0.7


def test_an_answer_that_trickles_in_for_ever_is_left_in_time() -> None:
    def trickle(peer: Peer) -> None:
        read_request(peer)
        peer.send(struct.pack(">i", 10_000))
        while not peer.stopping.wait(0.02):
            peer.send(b"\0")

    began = time.monotonic()
    assert failure(trickle, 0.4).cause == "request-timeout"
    assert time.monotonic() - began < 0.5


def test_a_late_answer_is_never_taken_for_the_next_questions() -> None:
    given_up = threading.Event()

    def late(peer: Peer) -> None:
        for make in (api_versions(), metadata(1), metadata(2)):
            request = read_request(peer)
            if request.api_key == METADATA:
                given_up.wait(5)
            answer(peer, request, make(request))

    with talking_to(late) as (connection, deadline):
        with pytest.raises(StageError):
            read_metadata(connection, [], Deadline(0.3))
        given_up.set()
        assert connection.broken
        with pytest.raises(StageError) as caught:
            read_metadata(connection, ["orders"], deadline, Stage.FETCH)
    assert (caught.value.stage, caught.value.cause) == ("fetch", "request-timeout")


class Flood:
    """A socket on which there is always another byte, whatever time-out it was given."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.data = struct.pack(">i", 1000) + bytes(1000)

    def settimeout(self, seconds: float) -> None: ...
    def sendall(self, data: bytes) -> None: ...
    def close(self) -> None: ...

    def recv(self, most: int) -> bytes:
        self.clock.advance(0.1)
        one, self.data = self.data[:1], self.data[1:]
        return one


def test_bytes_that_never_stop_do_not_keep_the_wait_alive() -> None:
    clock = FakeClock()
    flood: Any = Flood(clock)
    with BrokerConnection(BrokerAddress("b", 1), flood) as connection, pytest.raises(StageError) as caught:
        read_metadata(connection, [], Deadline(5, clock))
    assert caught.value.cause == "request-timeout"


def test_an_answer_in_pieces_is_put_together() -> None:
    def in_pieces(peer: Peer) -> None:
        for make in (api_versions(), metadata(1)):
            request = read_request(peer)
            response = make(request)
            response.with_header(correlation_id=request.correlation_id)
            for byte in bytes(response.encode(framed=True, header=True)):
                peer.send(bytes([byte]))
        peer.sock.recv(1)

    with talking_to(in_pieces) as (connection, deadline):
        assert read_metadata(connection, [], deadline).cluster_id == "c"


@settings(max_examples=60, deadline=None)
@example(body=b"", second=True)
@example(body=b"\0\0\5\2\0", second=True)
@example(body=bytes(40), second=True)
@given(body=st.binary(max_size=60), second=st.booleans())
def test_whatever_a_peer_answers_the_failure_has_a_cause(body: bytes, second: bool) -> None:
    def script(peer: Peer) -> None:
        if second:
            request = read_request(peer)
            answer(peer, request, api_versions()(request))
        peer.send(frame(read_request(peer), body))

    with talking_to(script) as (connection, deadline):
        causes: set[str | None] = {None}
        try:
            request = MetadataRequest(
                topics=[], allow_auto_topic_creation=False, include_topic_authorized_operations=True
            )
            connection.send(request, Stage.METADATA, deadline)
        except StageError as error:
            causes.add(error.cause)
    assert causes <= {None, *Cause}


def test_the_stages_are_logged_up_to_the_one_that_fails(tmp_path: Path) -> None:
    authority = CertificateAuthority.create(tmp_path)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(*authority.issue("broker", ["127.0.0.1"]))

    def script(peer: Peer) -> None:
        with server_context.wrap_socket(peer.sock, server_side=True) as secure:
            replies(handshake(), authenticate(error_code=58))(Peer(secure, peer.stopping, []))

    with ScriptedServer(script) as server:
        address = BrokerAddress("127.0.0.1", server.port)
        trusted = authority.ca_file.read_text()
        access = Access(brokers=(address,), auth_mode="scram", trusted_ca=trusted, username="u", password=PASSWORD)
        log = StageLog(Deadline(5), 5)
        with pytest.raises(StageError):
            BrokerConnection.open(address, access, log)
    assert [(each.stage, each.status) for each in log.results] == [
        ("dns", "ok"),
        ("tcp", "ok"),
        ("tls", "ok"),
        ("sasl", "failed"),
    ]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_wrong_authority_is_no_brokers_fault_and_opens_nothing() -> None:
    before = open_files()
    access = Access(brokers=(BrokerAddress("127.0.0.1", 1),), auth_mode="tls", trusted_ca="none")
    log = StageLog(Deadline(5), 5)
    with pytest.raises(ConfigurationError, match="TRUSTED_CA"):
        BrokerConnection.open(access.brokers[0], access, log)
    assert (log.results, open_files()) == ([], before)


def healthy(port_of: Callable[[], int]) -> Script:
    def script(peer: Peer) -> None:
        replies(api_versions(), metadata(port_of()))(peer)

    return script


def test_the_first_broker_that_answers_is_the_way_in() -> None:
    with ScriptedServer(hang_after_the_request) as hung, ScriptedServer(lambda peer: peer.reset()) as broken:
        own: list[int] = []
        with ScriptedServer(healthy(lambda: own[0])) as good:
            own.append(good.port)
            began = time.monotonic()
            connection = open_controller(plain(hung.port, broken.port, good.port), Deadline(5), 0.3)
            connection.close()
    assert connection.address.port == good.port
    assert time.monotonic() - began < 1


def test_when_the_named_controller_is_gone_the_broker_that_named_it_is_used() -> None:
    with ScriptedServer(Peer.reset) as gone:
        gone_port = gone.port
    with ScriptedServer(healthy(lambda: gone_port)) as good:
        connection = open_controller(plain(good.port), Deadline(5), 1)
        connection.close()
    assert connection.address.port == good.port


def test_without_any_broker_each_is_named_with_its_cause() -> None:
    with ScriptedServer(Peer.reset) as gone:
        gone_port = gone.port
    with ScriptedServer(close_after_the_request) as closing, pytest.raises(NoBrokerError) as caught:
        open_any(plain(gone_port, closing.port), Deadline(5), 1)
    assert [each.cause for each in caught.value.failures] == ["connection-refused", "connection-closed"]
    assert f"127.0.0.1:{gone_port} fails at tcp" in str(caught.value)


def test_brokers_that_fail_alike_are_told_in_one_sentence_with_what_to_do() -> None:
    refused = [
        StageError(Stage.TCP, Cause.CONNECTION_REFUSED, f"b-{number}:9096", "the connection was refused")
        for number in (1, 3)
    ]
    late = StageError(Stage.SASL, Cause.REQUEST_TIMEOUT, "b-2:9096", "no response to SaslHandshake in time")
    assert str(NoBrokerError([refused[0], late, refused[1]])) == (
        "no broker can be used: b-1:9096, b-3:9096 fail at tcp: the connection was refused. "
        f"{Cause.CONNECTION_REFUSED.remedy} "
        f"b-2:9096 fails at sasl: no response to SaslHandshake in time. {Cause.REQUEST_TIMEOUT.remedy}"
    )
