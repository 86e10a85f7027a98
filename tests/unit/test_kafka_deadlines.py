"""Every wait of a stage is given what the stage has left and no more: on a clock that only the waits move.

A peer that hangs takes all the time that a wait allows, so a wait without a limit, or with a longer one, shows as a
stage that took longer than its deadline. No time of the machine's is in it.
"""

import queue
import socket
import struct
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.network.stages import StageLog
from msk_toolkit.settings.cluster import AuthMode
from msk_toolkit.stage import Stage

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_broker_fake import Asked, api_versions, handshake

ADDRESS = BrokerAddress("b-1", 9096)
STAGE_SECONDS = 2.0
# Of the two requests of a stage the first one is answered after this.
FIRST_ANSWER_SECONDS = 1.5
TRICKLE_SECONDS = 0.15
SASL_HANDSHAKE, API_VERSIONS = 17, 18
FIRST_ANSWERS = {SASL_HANDSHAKE: handshake(), API_VERSIONS: api_versions()}


class HangingPeer:
    """A socket whose peer hangs at one stage, or sends a byte now and then; the clock moves by what is waited."""

    def __init__(self, clock: FakeClock, stage: Stage, *, trickles: bool = False) -> None:
        self._clock = clock
        self._stage = stage
        self._trickles = trickles
        self._timeout: float | None = None
        self._answer = b""
        self._endless_frame = chain(struct.pack(">i", 10_000), repeat(0))

    def settimeout(self, seconds: float) -> None:
        self._timeout = seconds

    def connect(self, _: object) -> None:
        if self._stage is Stage.TCP:
            self._wait()

    def do_handshake(self) -> None:
        if self._stage is Stage.TLS:
            self._wait()

    def sendall(self, data: bytes) -> None:
        api_key, version, correlation_id = struct.unpack(">hhi", data[4:12])
        asked = Asked(api_key, version, correlation_id, data[12:])
        if asked.api_key in FIRST_ANSWERS:
            response = FIRST_ANSWERS[asked.api_key](asked)
            response.with_header(correlation_id=asked.correlation_id)
            self._answer = bytes(response.encode(framed=True, header=True))

    def recv(self, _: int) -> bytes:
        if self._answer:
            self._wait_for(FIRST_ANSWER_SECONDS)
            data, self._answer = self._answer, b""
            return data
        if not self._trickles:
            self._wait()
        self._wait_for(TRICKLE_SECONDS)
        return bytes([next(self._endless_frame)])

    def get(self, timeout: float) -> Any:
        """The resolver's answer, where it is the one that hangs."""
        self._clock.advance(timeout)
        raise queue.Empty

    def put(self, _: object) -> None: ...
    def setsockopt(self, *_: object) -> None: ...
    def cipher(self) -> None: ...
    def close(self) -> None: ...

    def _wait(self) -> None:
        assert self._timeout is not None, "a wait without a limit"
        self._clock.advance(self._timeout)
        raise TimeoutError

    def _wait_for(self, seconds: float) -> None:
        assert self._timeout is not None, "a wait without a limit"
        if seconds > self._timeout:
            self._wait()
        self._clock.advance(seconds)


def run_against(peer: HangingPeer, clock: FakeClock, mode: AuthMode, monkeypatch: pytest.MonkeyPatch) -> StageLog:
    """Open a connection and request metadata, which fails; the log of the stages."""
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (f"10.0.0.{number}", 9096)) for number in (1, 2, 3)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    monkeypatch.setattr(socket, "socket", lambda *_: peer)
    monkeypatch.setattr(
        "msk_toolkit.kafka.connection.client_context", lambda *_: SimpleNamespace(wrap_socket=lambda sock, **_: sock)
    )
    log = StageLog(Deadline(60, clock), STAGE_SECONDS, clock)
    access = Access(brokers=(ADDRESS,), auth_mode=mode, username="u", password="p")
    with (
        pytest.raises(StageError),
        BrokerConnection.open(ADDRESS, access, log) as connection,
        log.stage(Stage.METADATA) as stage,
    ):
        read_metadata(connection, [], stage)
    return log


@pytest.mark.parametrize(
    ("stage", "mode", "trickles"),
    [
        (Stage.DNS, "scram", False),
        (Stage.TCP, "scram", False),
        (Stage.TLS, "scram", False),
        (Stage.SASL, "scram", False),
        (Stage.SASL, "scram", True),
        (Stage.METADATA, "none", False),
        (Stage.METADATA, "none", True),
    ],
)
def test_a_stage_whose_peer_hangs_takes_its_deadline_and_no_more(
    monkeypatch: pytest.MonkeyPatch, stage: Stage, mode: AuthMode, trickles: bool
) -> None:
    clock = FakeClock()
    peer = HangingPeer(clock, stage, trickles=trickles)
    if stage is Stage.DNS:
        monkeypatch.setattr(queue, "SimpleQueue", lambda: peer)
    *passed, last = run_against(peer, clock, mode, monkeypatch).results
    assert (last.stage, last.status) == (stage, "failed")
    assert last.deadline_ms == STAGE_SECONDS * 1000
    # The shortest limit that a socket can be given is a millisecond.
    assert last.deadline_ms <= last.milliseconds <= last.deadline_ms + 1
    assert {result.milliseconds for result in passed} <= {0.0}
