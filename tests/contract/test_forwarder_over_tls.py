"""The forwarder's client over HTTPS."""

import ssl
import time
from pathlib import Path

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.network.event_loop import EventLoop
from msk_toolkit.network.poll import SocketPoll
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.errors import VantiqUnansweredError
from msk_toolkit.vantiq.token import Token

from local.vantiq import VantiqStandIn

PATH = "/api/v1/resources/topics//orders/new"


class Secret:
    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803
        return {"SecretString": "stand-in-token"}


def client_of(vantiq: VantiqStandIn, trusted_ca: str) -> VantiqClient:
    settings = ForwarderSettings(vantiq_url=vantiq.url, vantiq_token_secret_arn="s", vantiq_trusted_ca=trusted_ca)
    return VantiqClient.from_settings(settings, Token(Secret(), "s"))


def test_records_travel_over_one_verified_connection(vantiq: VantiqStandIn, certificates: Path) -> None:
    client = client_of(vantiq, (certificates / "ca.pem").read_text())
    large = b'"' + b"x" * 3_000_000 + b'"'
    kept = []
    for body in (b"1", large, b"2"):
        assert client.request("POST", PATH, body, Deadline(10)).status == 200
        kept += client._idle
    client.close()
    assert kept == [kept[0]] * 3
    assert [len(entry.body) for entry in vantiq.journal.entries()] == [1, len(large), 1]


def test_the_next_connection_resumes_the_session_of_the_last(vantiq: VantiqStandIn, certificates: Path) -> None:
    client = client_of(vantiq, (certificates / "ca.pem").read_text())
    resumed = []
    for number in range(3):
        assert client.request("POST", PATH, b"%d" % number, Deadline(10)).status == 200
        (connection,) = client._idle
        assert isinstance(connection._sock, ssl.SSLSocket)
        resumed.append(connection._sock.session_reused)
        connection.close()
    assert resumed == [False, True, True]
    assert [bytes(entry.body) for entry in vantiq.journal.entries()] == [b"0", b"1", b"2"]


def test_many_requests_travel_at_the_same_time(vantiq: VantiqStandIn, certificates: Path) -> None:
    client = client_of(vantiq, (certificates / "ca.pem").read_text())
    bodies = [b'"%d' % number + b"x" * 300_000 + b'"' for number in range(8)]
    loop = EventLoop(SocketPoll(), time.monotonic)
    for _ in range(2):
        responses = loop.run([client.send("POST", PATH, body, Deadline(20)) for body in bodies], len(bodies))
        assert [response.status for response in responses] == [200] * 8
    assert len(client._idle) == 8
    client.close()
    assert sorted(bytes(entry.body) for entry in vantiq.journal.entries()) == sorted(bodies * 2)


def test_a_certificate_that_is_not_trusted_is_named(vantiq: VantiqStandIn) -> None:
    with pytest.raises(VantiqUnansweredError) as caught:
        client_of(vantiq, "").request("POST", PATH, b"1", Deadline(10))
    error = caught.value
    assert (error.stage, error.cause, error.maybe_taken) == ("tls", "tls-untrusted-issuer", False)
    assert len(vantiq.journal) == 0


@pytest.mark.parametrize("action", ["hang", "slow_drip"])
def test_a_deadline_holds_over_tls(vantiq: VantiqStandIn, certificates: Path, action: str) -> None:
    vantiq.fail(action)
    started = time.monotonic()
    with pytest.raises(VantiqUnansweredError) as caught:
        client_of(vantiq, (certificates / "ca.pem").read_text()).request("POST", PATH, b"1", Deadline(0.5))
    assert caught.value.cause == "answer-timeout"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("action", ["reset", "half_answer"])
def test_a_connection_that_breaks_over_tls_may_have_been_taken(
    vantiq: VantiqStandIn, certificates: Path, action: str
) -> None:
    vantiq.fail(action)
    with pytest.raises(VantiqUnansweredError) as caught:
        client_of(vantiq, (certificates / "ca.pem").read_text()).request("POST", PATH, b"1", Deadline(5))
    assert (caught.value.stage, caught.value.maybe_taken) == ("answer", True)
