"""The way to Vantiq through tinyproxy: TLS with the stand-in inside, every record counted."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.forwarder import Forwarder, warm_forwarder
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.path_causes import PathCause
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.vantiq.client import VantiqClient, endpoint_of
from msk_toolkit.vantiq.events import arrivals_of
from msk_toolkit.vantiq.token import Token

from local.vantiq import VantiqStandIn
from tests.contract.tinyproxy import PASSWORD, USERNAME, Tinyproxy, needs_tinyproxy, running_tinyproxy
from tests.fakes.fault_listeners import closed_port
from tests.fakes.kafka_events import event, record

pytestmark = needs_tinyproxy

TOKEN = "stand-in-token"
RECORDS = 1000
# An invocation that gets nothing through tries until its time is up.
SHORT = 3.0


class Secrets:
    """Secrets Manager with the token and the proxy's credentials."""

    def __init__(self, password: str = PASSWORD) -> None:
        self.texts = {"token": TOKEN, "proxy": json.dumps({"username": USERNAME, "password": password})}

    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803
        return {"SecretString": self.texts[SecretId]}


@pytest.fixture
def proxy(vantiq: VantiqStandIn, tmp_path: Path) -> Iterator[Tinyproxy]:
    with running_tinyproxy(tmp_path, vantiq.port) as running:
        yield running


@pytest.fixture
def authority(certificates: Path) -> str:
    return (certificates / "ca.pem").read_text()


def settings_for(vantiq: VantiqStandIn, proxy: Tinyproxy, authority: str, **values: Any) -> ForwarderSettings:
    given: dict[str, Any] = {
        "vantiq_url": vantiq.url,
        "vantiq_trusted_ca": authority,
        "vantiq_target": "topic:/orders/many",
        "vantiq_proxy": proxy.url,
        "vantiq_proxy_secret_arn": "proxy",
        "dead_letter_bucket": "letters",
        "reserve_seconds": 1.0,
    }
    return ForwarderSettings(vantiq_token_secret_arn="token", **given | values)


def forwarder(settings: ForwarderSettings, secrets: Secrets | None = None) -> Forwarder:
    """The function's own, with nothing of AWS but the secrets."""
    known: Any = secrets or Secrets()
    assert settings.problems() == []
    return warm_forwarder.__wrapped__(settings, lambda service: known)


def batch(count: int, partition: int = 0) -> dict[str, Any]:
    return event(record(offset, partition=partition) for offset in range(count))


def offsets(vantiq: VantiqStandIn) -> list[int]:
    return [json.loads(bytes(entry.body))["offset"] for entry in vantiq.journal.entries()]


def failed(outcome: BatchOutcome) -> set[tuple[str, PathCause | None]]:
    assert (outcome.delivered, outcome.dead_lettered) == (0, 0)
    return {(failure.kind, failure.cause) for failure in outcome.failures}


def test_a_thousand_records_arrive_in_order_over_one_way_through_the_proxy(
    vantiq: VantiqStandIn, proxy: Tinyproxy, authority: str
) -> None:
    outcome = forwarder(settings_for(vantiq, proxy, authority)).forward(batch(RECORDS), Deadline(120))
    assert (outcome.delivered, outcome.failures) == (RECORDS, [])
    assert offsets(vantiq) == list(range(RECORDS))
    assert proxy.connects == 1


def test_a_proxy_that_dies_midway_and_comes_back_costs_no_record(
    vantiq: VantiqStandIn, proxy: Tinyproxy, authority: str
) -> None:
    settings = settings_for(vantiq, proxy, authority)
    warm = forwarder(settings)

    def disturb() -> None:
        vantiq.journal.wait_for(RECORDS // 4, 60)
        proxy.stop()
        time.sleep(1)  # what the test is about: for so long there is no way
        proxy.start()

    disturbing = threading.Thread(target=disturb)
    disturbing.start()
    outcome = warm.forward(batch(RECORDS), Deadline(120))
    disturbing.join()
    for _ in range(3):
        if not outcome.unfinished:
            break
        outcome = warm.forward(batch(RECORDS), Deadline(120))
    assert (outcome.unfinished, outcome.dead_lettered) == ({}, 0)
    # The one that was under way may have come twice.
    arrived = offsets(vantiq)
    assert list(dict.fromkeys(arrived)) == list(range(RECORDS))
    assert arrived == sorted(arrived)
    assert proxy.connects >= 2


def test_wrong_credentials_stop_everything_and_lose_nothing(
    vantiq: VantiqStandIn, proxy: Tinyproxy, authority: str
) -> None:
    secrets = Secrets("another")
    warm = forwarder(settings_for(vantiq, proxy, authority), secrets)
    outcome = warm.forward(batch(10), Deadline(SHORT))
    assert failed(outcome) == {("outage", PathCause.PROXY_LOGIN_REFUSED)}
    assert "another" not in str(outcome.failures)
    secrets.texts["proxy"] = Secrets().texts["proxy"]
    assert warm.forward(batch(10), Deadline(20)).delivered == 10
    assert offsets(vantiq) == list(range(10))


def test_a_host_that_the_proxy_forbids_is_the_proxys_refusal(
    vantiq: VantiqStandIn, tmp_path: Path, authority: str
) -> None:
    with running_tinyproxy(tmp_path, allowed=1) as proxy:
        outcome = forwarder(settings_for(vantiq, proxy, authority)).forward(batch(10), Deadline(SHORT))
    assert failed(outcome) == {("outage", PathCause.PROXY_REFUSES_VANTIQ)}


def test_a_vantiq_that_the_proxy_can_not_reach_is_told_as_that(
    vantiq: VantiqStandIn, tmp_path: Path, authority: str
) -> None:
    with closed_port() as port, running_tinyproxy(tmp_path, allowed=port) as proxy:
        settings = settings_for(vantiq, proxy, authority, vantiq_url=f"https://127.0.0.1:{port}", max_attempts=1)
        outcome = forwarder(settings).forward(batch(10), Deadline(SHORT))
    assert failed(outcome) == {("outage", PathCause.PROXY_CANNOT_REACH_VANTIQ)}


@pytest.mark.parametrize("exception", ["127.0.0.0/8", "*"])
def test_an_exempt_host_is_reached_without_the_proxy(
    vantiq: VantiqStandIn, proxy: Tinyproxy, authority: str, exception: str
) -> None:
    settings = settings_for(vantiq, proxy, authority, vantiq_no_proxy=f"example.com,{exception}")
    assert forwarder(settings).forward(batch(10), Deadline(20)).delivered == 10
    assert proxy.connects == 0


def test_the_next_connection_through_the_proxy_resumes_vantiqs_session(
    vantiq: VantiqStandIn, proxy: Tinyproxy, authority: str
) -> None:
    secrets: Any = Secrets()
    client = VantiqClient.from_settings(settings_for(vantiq, proxy, authority), Token(secrets, "token"), secrets)
    resumed = []
    for _ in range(2):
        assert client.request("POST", "/api/v1/resources/topics//orders/many", b"{}", Deadline(20)).status == 200
        (connection,) = client._idle
        assert isinstance(connection._sock, ssl.SSLSocket)
        resumed.append(connection._sock.session_reused)
        connection.close()
    assert resumed == [False, True]
    assert proxy.connects == 2


def test_a_web_socket_goes_through_the_proxy_too(vantiq: VantiqStandIn, proxy: Tinyproxy, authority: str) -> None:
    secrets: Any = Secrets()
    endpoint = endpoint_of(settings_for(vantiq, proxy, authority), secrets)
    with arrivals_of("Outside", endpoint, TOKEN, "", Deadline(20)):
        assert proxy.connects == 1
