"""What Vantiq says of a resource: there, not there, or not to be known."""

import json

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.vantiq.resources import VantiqRefusedError, VantiqResources

from tests.fakes.http_fake import Peer, Script
from tests.fakes.vantiq_client_fake import client_of

pytestmark = pytest.mark.enable_socket


def answering(status: int, content: object) -> Script:
    body = b"" if content is None else json.dumps(content).encode()

    def script(peer: Peer) -> None:
        peer.read()
        peer.send(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)

    return script


@pytest.mark.parametrize(
    ("status", "content", "instance"),
    [
        (200, {"name": "/orders"}, {"name": "/orders"}),
        (200, [], None),
        (404, None, None),
        (404, {"message": "no code"}, None),
        (400, {"code": "io.vantiq.resource.not.found", "message": "m"}, None),
    ],
)
def test_an_instance_is_there_or_not(status: int, content: object, instance: object) -> None:
    with client_of(answering(status, content)) as (client, _):
        assert VantiqResources(client, Deadline(10)).find("topics", "/orders") == instance


@pytest.mark.parametrize(
    ("status", "content"),
    [(400, None), (403, None), (405, None), (404, {"code": "io.vantiq.other", "message": "m"}), (500, None)],
)
def test_any_other_refusal_is_not_taken_for_its_absence(status: int, content: object) -> None:
    with client_of(answering(status, content)) as (client, _), pytest.raises(VantiqRefusedError) as caught:
        VantiqResources(client, Deadline(10)).find("topics", "/orders")
    assert caught.value.status == status
