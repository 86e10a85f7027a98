"""What is in front of Vantiq may repeat a request in its response; the token gets no further than that."""

import json

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.vantiq.resources import VantiqRefusedError, VantiqResources

from tests.fakes.dead_letters_fake import FakeDeadLetters
from tests.fakes.http_fake import Peer, Script
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_client_fake import FixedToken, client_of

TOKEN = "Zm9yIHRlc3Rz/b25seQ.4711-abc_def="
# As it is, and as JSON may have it.
SPELLINGS = {"plain": TOKEN, "escaped slash": TOKEN.replace("/", "\\/")}
pytestmark = pytest.mark.enable_socket


def refusing(body: str, request_id: str = "r1") -> Script:
    def script(peer: Peer) -> None:
        while True:
            peer.read()
            head = f"HTTP/1.1 400 Bad Request\r\nX-Request-Id: {request_id}\r\nContent-Length: {len(body)}\r\n\r\n"
            peer.send((head + body).encode())

    return script


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_token_that_is_repeated_is_in_no_response(spelling: str) -> None:
    body = f'{{"code":"a.b","message":"bad request: Bearer {spelling}, twice: {spelling}"}}'
    with client_of(refusing(body, TOKEN), token=FixedToken(TOKEN)) as (client, _):
        response = client.request("POST", "/x", b"{}", Deadline(10))
    assert response.body == b'{"code":"a.b","message":"bad request: Bearer ***, twice: ***"}'
    assert response.headers == {"x-request-id": "***"}


def test_a_token_that_is_repeated_is_neither_in_a_letter_nor_in_what_is_logged() -> None:
    body = json.dumps({"code": TOKEN.strip("/="), "message": f"refused: Authorization: Bearer {TOKEN}"})
    letters = FakeDeadLetters()
    with client_of(refusing(body, TOKEN), token=FixedToken(TOKEN)) as (client, _):
        settings = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", vantiq_target="topic:/orders")
        outcome = Forwarder(settings, DeliveryServices(client, letters)).forward(event([record(0)]), Deadline(30))
    assert outcome.dead_lettered == 1
    assert TOKEN not in repr(letters.letters) + repr(outcome)


def test_a_token_that_is_repeated_is_in_no_error_of_a_resource() -> None:
    body = json.dumps({"code": TOKEN, "message": TOKEN})
    with client_of(refusing(body), token=FixedToken(TOKEN)) as (client, _), pytest.raises(VantiqRefusedError) as caught:
        VantiqResources(client, Deadline(10)).find("topics", "/orders")
    assert TOKEN not in str(caught.value)


def test_a_token_too_short_to_be_one_alters_no_response() -> None:
    with client_of(refusing('{"code":"abc"}', "abc"), token=FixedToken("abc")) as (client, _):
        response = client.request("POST", "/x", b"{}", Deadline(10))
    assert (response.body, response.headers) == (b'{"code":"abc"}', {"x-request-id": "abc"})
