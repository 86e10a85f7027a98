"""Subscribing to a source's arrivals, with a server that hears not every request."""

import msgspec
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.settings.vantiq import parse_address
from msk_toolkit.vantiq.connection import VantiqEndpoint
from msk_toolkit.vantiq.events import _expect_success, arrivals_of

from local.vantiq import running_standin
from local.vantiq.subscriptions import Connection

pytestmark = pytest.mark.enable_socket


def deaf_to(monkeypatch: pytest.MonkeyPatch, count: int) -> list[str]:
    """Let the first so many requests go unheard; what was heard then."""
    heard: list[str] = []
    unheard = [None] * count
    take = Connection.take

    def take_some(self: Connection, message: bytes) -> None:
        if unheard:
            unheard.pop()
            return
        heard.append(msgspec.json.decode(message)["op"])
        take(self, message)

    monkeypatch.setattr(Connection, "take", take_some)
    return heard


@pytest.mark.parametrize("count", [0, 3])
def test_the_token_is_shown_again_until_it_is_answered(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    heard = deaf_to(monkeypatch, count)
    with running_standin() as standin:
        standin.define("sources", {"name": "Outside"})
        address = parse_address(standin.url)
        with arrivals_of("Outside", VantiqEndpoint(address), standin.token, "", Deadline(20)) as arrivals:
            standin.receive("Outside", {"value": "mark"})
            assert arrivals.wait_for("mark", 10) == {"value": "mark"}
    assert heard[-1] == "subscribe"


def test_a_server_that_answers_no_token_is_told() -> None:
    with running_standin() as standin, pytest.MonkeyPatch.context() as monkeypatch:
        deaf_to(monkeypatch, 10_000)
        with (
            pytest.raises(VantiqError, match="does not answer validate"),
            arrivals_of("Outside", VantiqEndpoint(parse_address(standin.url)), standin.token, "", Deadline(0.5)),
        ):
            pass


def test_a_subscription_that_is_refused_is_told() -> None:
    with (
        running_standin() as standin,
        pytest.raises(VantiqError, match="refuses to subscribe, with status 403"),
        arrivals_of("Outside", VantiqEndpoint(parse_address(standin.url)), standin.token, "closed", Deadline(10)),
    ):
        pass


@pytest.mark.parametrize(
    ("status", "shown"), [(403, "403"), ("secret", "that is not a number"), (None, "that is not a number")]
)
def test_of_a_refusal_nothing_but_the_number_is_shown(status: object, shown: str) -> None:
    with pytest.raises(VantiqError, match=f"^Vantiq refuses to validate, with status {shown}$"):
        _expect_success("validate", {"status": status})
