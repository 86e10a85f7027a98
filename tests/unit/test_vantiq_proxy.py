"""The way to Vantiq through a proxy: what it answers to CONNECT, and that nobody takes it for Vantiq's answer."""

import base64
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import CredentialsError
from msk_toolkit.forward.failure_cause import OUTAGES, cause_of_error
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.path_causes import PathCause
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.proxy import ProxyAddress
from msk_toolkit.settings.vantiq import VantiqAddress
from msk_toolkit.vantiq.client import VantiqClient, endpoint_of
from msk_toolkit.vantiq.connection import Tunnel, VantiqEndpoint
from msk_toolkit.vantiq.errors import ProxyError, VantiqUnansweredError
from msk_toolkit.vantiq.proxy import ProxyTunnel, parse_login

from tests.fakes.dead_letters_fake import FakeDeadLetters
from tests.fakes.http_fake import Peer, Script, ScriptedServer
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_client_fake import FixedToken
from tests.unit.test_documents import ROOT

pytestmark = pytest.mark.enable_socket

VANTIQ = VantiqAddress(True, "dev.vantiq.com", 443)
LOGIN = '{"username": "toolkit", "password": "hush: it is a secret"}'
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
# What Vantiq would say of a record that it never accepts.
REFUSAL = b'[{"code": "io.vantiq.resource.validation.failed", "message": "no", "params": []}]'


class Secrets:
    """Secrets Manager with one text after the other; the last one stays."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.reads = 0

    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803
        self.reads += 1
        return {"SecretString": self.texts[min(self.reads, len(self.texts)) - 1]}


def settings(port: int = 3128, **values: Any) -> ForwarderSettings:
    given: dict[str, Any] = {"vantiq_url": "https://dev.vantiq.com", "vantiq_proxy": f"http://127.0.0.1:{port}"}
    return ForwarderSettings(vantiq_token_secret_arn="s", vantiq_target="topic:/orders", **given | values)


def tunnel_of(configured: ForwarderSettings, secrets: Secrets | None) -> Tunnel:
    tunnel = endpoint_of(configured, secrets).tunnel
    assert tunnel is not None
    return tunnel


def answering(answer: bytes, then: Script = Peer.hang) -> Script:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(answer)
        then(peer)

    return script


def answer(status: int, reason: str = "No", body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def endless(peer: Peer) -> None:
    peer.read_head()
    peer.send(b"HTTP/1.1 200 OK\r\n")
    while not peer.stopping.wait(0.01):
        peer.send(b"X-More: and more\r\n" * 500)


def trickling(peer: Peer) -> None:
    peer.read_head()
    for byte in OPEN * 100:
        peer.send(bytes([byte]))
        if peer.stopping.wait(0.05):
            return


def resetting(peer: Peer) -> None:
    peer.read_head()
    peer.reset()


CLOSED: Script = lambda peer: None  # noqa: E731 - a script without a line
FAILURES: Mapping[str, tuple[Script, str, PathCause]] = {
    "wrong credentials": (answering(answer(407)), "proxy-login-refused", PathCause.PROXY_LOGIN_REFUSED),
    "wrong credentials, told as tinyproxy does": (
        answering(answer(401)),
        "proxy-login-refused",
        PathCause.PROXY_LOGIN_REFUSED,
    ),
    "not allowed": (answering(answer(403)), "proxy-refused", PathCause.PROXY_REFUSES_VANTIQ),
    "a refusal like Vantiq's": (answering(answer(400, body=REFUSAL)), "proxy-refused", PathCause.PROXY_REFUSES_VANTIQ),
    "a login page": (answering(answer(302)), "proxy-refused", PathCause.PROXY_REFUSES_VANTIQ),
    "no way on": (answering(answer(502)), "proxy-cannot-connect", PathCause.PROXY_CANNOT_REACH_VANTIQ),
    "no answer from behind": (answering(answer(504)), "proxy-cannot-connect", PathCause.PROXY_CANNOT_REACH_VANTIQ),
    "too many": (answering(answer(429)), "proxy-cannot-connect", PathCause.PROXY_CANNOT_REACH_VANTIQ),
    "hangs": (Peer.hang, "proxy-timeout", PathCause.PROXY_NO_ANSWER),
    "trickles": (trickling, "proxy-timeout", PathCause.PROXY_NO_ANSWER),
    "closes": (CLOSED, "proxy-closed", PathCause.PROXY_NO_ANSWER),
    "resets": (resetting, "proxy-closed", PathCause.PROXY_NO_ANSWER),
    "no HTTP": (answering(b"SSH-2.0-OpenSSH\r\n"), "proxy-malformed", PathCause.PROXY_NO_ANSWER),
    "a TLS alert": (answering(b"\x15\x03\x01\x00\x02\x02\x46"), "proxy-malformed", PathCause.PROXY_NO_ANSWER),
    "no status": (answering(b"HTTP/1.1 OK\r\n\r\n"), "proxy-malformed", PathCause.PROXY_NO_ANSWER),
    "no end": (endless, "proxy-malformed", PathCause.PROXY_NO_ANSWER),
    "early data": (answering(OPEN + b"hello"), "proxy-malformed", PathCause.PROXY_NO_ANSWER),
}


def failure_of(script: Script, seconds: float = 0.5) -> VantiqUnansweredError:
    with ScriptedServer(script) as proxy, pytest.raises(VantiqUnansweredError) as caught:
        ProxyTunnel(ProxyAddress("127.0.0.1", proxy.port)).open(VANTIQ, Deadline(seconds))
    assert caught.value.peer == f"127.0.0.1:{proxy.port}"
    return caught.value


@pytest.mark.parametrize("kind", FAILURES)
def test_a_proxy_that_opens_no_way_fails_with_its_own_stage_cause_and_owner(kind: str) -> None:
    script, cause, path_cause = FAILURES[kind]
    began = time.monotonic()
    error = failure_of(script)
    assert time.monotonic() - began < 3
    assert (error.stage, error.cause, error.maybe_taken) == ("proxy", cause, False)
    assert str(error).startswith(f"the proxy at {error.peer} fails at proxy: ")
    assert cause_of_error(error) is path_cause
    assert path_cause in OUTAGES


def test_a_proxy_that_is_not_there_is_named_with_the_stage_of_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    cases = [("127.0.0.1", port, "tcp", "connection-refused"), ("nowhere.invalid", 3128, "dns", "name-not-found")]
    for host, number, stage, cause in cases:
        with pytest.raises(ProxyError) as caught:
            ProxyTunnel(ProxyAddress(host, number)).open(VANTIQ, Deadline(5))
        error = caught.value
        assert (error.stage, error.cause, error.peer) == (stage, cause, f"{host}:{number}")
        assert cause_of_error(error) is PathCause.PROXY_UNREACHABLE
        assert PathCause.PROXY_UNREACHABLE in OUTAGES


@pytest.mark.parametrize("kind", ["wrong credentials", "not allowed", "a refusal like Vantiq's", "no way on", "closes"])
def test_what_a_proxy_answers_is_no_refusal_of_a_record(kind: str) -> None:
    """Nothing is dead-lettered and nothing is done, also where the body looks like Vantiq's own."""
    script, _, path_cause = FAILURES[kind]
    letters = FakeDeadLetters()
    with ScriptedServer(script) as proxy:
        configured = settings(proxy.port, max_attempts=2)
        client = VantiqClient.from_settings(configured, FixedToken("abc"))
        forwarder = Forwarder(configured, DeliveryServices(client, letters))
        outcome = forwarder.forward(event(record(offset) for offset in range(3)), Deadline(20))
    assert (outcome.delivered, outcome.dead_lettered, letters.letters) == (0, 0, {})
    assert outcome.unfinished == {"orders-0": 0}
    assert {failure.kind for failure in outcome.failures} == {"outage"}
    assert {failure.cause for failure in outcome.failures} == {path_cause}


def test_the_request_names_vantiq_and_carries_the_credentials() -> None:
    heads = []

    def script(peer: Peer) -> None:
        heads.append(peer.read_head().decode())
        peer.send(OPEN)
        peer.hang()

    with ScriptedServer(script) as proxy:
        for secrets in (None, Secrets(LOGIN)):
            configured = settings(proxy.port, vantiq_proxy_secret_arn="arn:proxy" if secrets else "")
            tunnel = tunnel_of(configured, secrets)
            tunnel.open(VANTIQ, Deadline(5)).close()
        tunnel.open(VantiqAddress(True, "fd00::1", 8443), Deadline(5)).close()
    assert heads[0].startswith("CONNECT dev.vantiq.com:443 HTTP/1.1\r\nHost: dev.vantiq.com:443\r\n")
    assert "Proxy-Authorization" not in heads[0]
    encoded = base64.b64encode(b"toolkit:hush: it is a secret").decode()
    assert f"\r\nProxy-Authorization: Basic {encoded}\r\n" in heads[1]
    assert heads[2].startswith("CONNECT [fd00::1]:8443 HTTP/1.1\r\n")


def test_refused_credentials_are_read_again_once() -> None:
    def script(peer: Peer) -> None:
        wanted = base64.b64encode(b"u:new").decode()
        peer.send(OPEN if wanted in peer.read_head().decode() else answer(407))
        peer.hang()

    rotated = Secrets('{"username": "u", "password": "old"}', '{"username": "u", "password": "new"}')
    wrong = Secrets('{"username": "u", "password": "old"}')
    with ScriptedServer(script) as proxy:
        configured = settings(proxy.port, vantiq_proxy_secret_arn="arn:proxy")
        tunnel = tunnel_of(configured, rotated)
        for _ in range(2):
            tunnel.open(VANTIQ, Deadline(5)).close()
        assert rotated.reads == 2
        tunnel = tunnel_of(configured, wrong)
        with pytest.raises(ProxyError, match=r"refuses the credentials \(407\)"):
            tunnel.open(VANTIQ, Deadline(5))
        assert wrong.reads == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "u:p",
        '{"username": "u"}',
        '{"username": "a:b", "password": "hush"}',
        '{"username": "u", "password": "hush\\r\\nX: y"}',
        '{"username": "", "password": "hush"}',
    ],
)
def test_a_secret_without_credentials_is_told_and_not_quoted(text: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CredentialsError) as caught:
        parse_login(text, "arn:proxy")
    assert "hush" not in str(caught.value)
    tunnel = tunnel_of(settings(1, vantiq_proxy_secret_arn="arn:proxy"), Secrets(text))
    with pytest.raises(ProxyError) as failed:
        tunnel.open(VANTIQ, Deadline(5))
    assert cause_of_error(failed.value) is PathCause.PROXY_SECRET_UNREADABLE
    assert "hush" not in str(failed.value) + caplog.text


def test_what_comes_through_an_open_way_is_verified_as_vantiqs() -> None:
    def refuse(peer: Peer) -> None:
        peer.sock.recv(1)
        peer.send(answer(403))

    with ScriptedServer(answering(OPEN, refuse)) as proxy:
        client = VantiqClient.from_settings(settings(proxy.port), FixedToken("abc"))
        with pytest.raises(VantiqUnansweredError) as caught:
            client.request("POST", "/x", b"{}", Deadline(5))
    assert (caught.value.stage, caught.value.cause) == ("tls", "tls-not-spoken")
    assert caught.value.peer == "dev.vantiq.com:443"


def test_a_client_without_a_proxy_loads_nothing_of_one() -> None:
    """Whatever is imported is a part of the forwarder's cold start."""
    code = (
        "import sys, forwarder\n"
        "from msk_toolkit.settings.loading import load\n"
        "from msk_toolkit.settings.forwarder import ForwarderSettings\n"
        "from msk_toolkit.vantiq.client import VantiqClient\n"
        "given = {'VANTIQ_URL': 'http://127.0.0.1:1', 'VANTIQ_TOKEN_SECRET_ARN': 's', 'VANTIQ_TARGET': 'topic:/a',\n"
        "  'VANTIQ_PROXY': PROXY, 'VANTIQ_PROXY_SECRET_ARN': '', 'VANTIQ_NO_PROXY': NO_PROXY}\n"
        "VantiqClient.from_settings(load(ForwarderSettings, given), None)\n"
        "print(sorted(name for name in sys.modules if name.endswith('.proxy')))"
    )
    path = f"{ROOT / 'layers' / 'msk_toolkit'}:{ROOT / 'functions' / 'forwarder'}"
    shown = []
    for proxy, exceptions in (("''", "''"), ("'http://p:1'", "'127.0.0.1'")):
        program = code.replace("NO_PROXY}", f"{exceptions}}}").replace("PROXY,", f"{proxy},")
        done = subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONPATH": path}, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        shown.append(done.stdout.splitlines()[-1])
    assert shown == ["[]", "['msk_toolkit.settings.proxy', 'msk_toolkit.vantiq.proxy']"]


def test_an_endpoint_shows_no_credentials() -> None:
    configured = settings(vantiq_proxy_secret_arn="arn:proxy")
    endpoint = endpoint_of(configured, Secrets(LOGIN))
    assert isinstance(endpoint, VantiqEndpoint)
    assert "hush" not in repr(endpoint)
    assert "hush" not in repr(msgspec.structs.asdict(configured))
