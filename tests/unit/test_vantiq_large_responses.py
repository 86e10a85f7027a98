"""A Vantiq that answers megabytes of nonsense costs few of them, and a large answer in order is read."""

import contextlib
import gzip

import msgspec
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.vantiq.errors import VantiqUnansweredError
from msk_toolkit.vantiq.events import message_of
from msk_toolkit.vantiq.resources import VantiqResources
from msk_toolkit.vantiq.responses import Disposition, results_of_request
from msk_toolkit.vantiq.results import is_plausible

from tests.fakes.http_fake import Peer, Script
from tests.fakes.traced_memory import traced
from tests.fakes.vantiq_client_fake import client_of

MEGABYTE = 1024 * 1024
NONSENSE = {
    "letters": b"x" * (31 * MEGABYTE),
    "arrays": b"[" + b"[]," * (10 * MEGABYTE) + b"[]]",
    "page": b"<html>" + b"x" * (31 * MEGABYTE),
}
SMALLER = {"arrays": b"[" + b"[]," * MEGABYTE + b"[]]", "objects": b"[" + b"{}," * MEGABYTE + b"{}]"}


def head(framing: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n"


def answering(body: bytes, framing: str) -> Script:
    def script(peer: Peer) -> None:
        peer.read()
        if framing == "length":
            peer.send(head(b"Content-Length: %d" % len(body)))
            peer.send(body)
        elif framing == "chunked":
            peer.send(head(b"Transfer-Encoding: chunked"))
            for start in range(0, len(body), MEGABYTE):
                chunk = body[start : start + MEGABYTE]
                peer.send(b"%x\r\n" % len(chunk) + chunk + b"\r\n")
            peer.send(b"0\r\n\r\n")
        else:
            peer.send(head(b"Connection: close"))
            peer.send(body)

    return script


@pytest.mark.enable_socket
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_megabytes_of_nonsense_cost_at_most_ten(body: bytes, framing: str) -> None:
    with (
        client_of(answering(body, framing)) as (client, _),
        traced() as memory,
        pytest.raises(VantiqUnansweredError) as caught,
    ):
        client.request("POST", "/x", b"{}", Deadline(20))
    assert (caught.value.cause, caught.value.maybe_taken) == ("answer-too-large", True)
    # The server's end of it, in the same process, takes a chunk of a megabyte or two.
    assert memory.peak < 12 * MEGABYTE


@pytest.mark.enable_socket
@pytest.mark.parametrize("body", SMALLER.values(), ids=SMALLER)
@pytest.mark.parametrize("status", [200, 400])
def test_nonsense_for_a_resource_makes_no_millions_of_objects(status: int, body: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.send(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)

    with client_of(script) as (client, _), traced() as memory, pytest.raises(VantiqError) as caught:
        VantiqResources(client, Deadline(20)).find("topics", "/orders")
    assert str(caught.value).startswith("Vantiq, reading topics /orders: ")
    assert memory.peak < 12 * MEGABYTE


def test_a_message_over_the_web_socket_that_is_nonsense_makes_no_millions_of_objects() -> None:
    with traced() as memory:
        assert message_of(b'{"body":' + SMALLER["arrays"] + b"}") == {}
    assert memory.peak < 8 * MEGABYTE


@pytest.mark.enable_socket
@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_packed_body_is_not_unpacked_and_acknowledges_nothing(encoding: str) -> None:
    packed = gzip.compress(b"x" * (8 * MEGABYTE))

    def script(peer: Peer) -> None:
        peer.read()
        peer.send(head(b"Content-Encoding: %b\r\nContent-Length: %d" % (encoding.encode(), len(packed))) + packed)

    with client_of(script) as (client, server):
        body = client.request("POST", "/x", b"{}", Deadline(20)).body
        assert b"Accept-Encoding: identity\r\n" in server.requests[0]
    assert body == packed
    results = results_of_request(200, body, "topic", 1, as_array=False, sent=[b"{}"])
    assert results.records[0].disposition is Disposition.RETRIABLE


@pytest.mark.enable_socket
@pytest.mark.parametrize("line", [b"X: y\r\n", b"X: " + b"y" * 9_000 + b"\r\n"], ids=["many", "long"])
def test_headers_without_end_cost_what_they_may(line: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read()
        with contextlib.suppress(OSError):
            for _ in range(31):
                peer.send(line * (MEGABYTE // len(line)))

    with client_of(script) as (client, _), traced() as memory, pytest.raises(VantiqUnansweredError) as caught:
        client.request("POST", "/x", b"{}", Deadline(20))
    assert caught.value.cause == "answer-malformed"
    # The server's end makes the lines in the same process.
    assert memory.peak < 4 * MEGABYTE


@pytest.mark.enable_socket
def test_an_answer_as_long_as_a_large_request_is_read() -> None:
    body = b'"' + b"x" * (5 * MEGABYTE) + b'"'

    def echo(peer: Peer) -> None:
        sent = peer.read()
        peer.send(head(b"Content-Length: %d" % len(sent)) + sent)

    with client_of(echo) as (client, _):
        assert client.request("POST", "/x", body, Deadline(20)).body == body


@pytest.mark.parametrize("kind", ["topic", "type", "upsert"])
@pytest.mark.parametrize("body", SMALLER.values(), ids=SMALLER)
def test_nonsense_that_is_json_makes_no_millions_of_objects_and_is_no_success(kind: str, body: bytes) -> None:
    sent = [b'{"id":%d}' % number for number in range(100)]
    with traced() as memory:
        results = results_of_request(200, body, kind, 100, as_array=True, sent=sent)  # type: ignore[arg-type]
    assert memory.peak < MEGABYTE
    assert {result.disposition for result in results.records} == {Disposition.RETRIABLE}


def test_no_value_is_counted_up_to_64_kilobytes() -> None:
    assert is_plausible(b"," * 65_536, [])
    assert not is_plausible(b"," * 65_537, [])


def test_whatever_a_procedure_returns_is_its_success_unless_it_is_no_json() -> None:
    large = b"[" + b"1," * MEGABYTE + b"1]"
    for body, disposition in ((large, Disposition.DELIVERED), (large[:-1], Disposition.RETRIABLE)):
        results = results_of_request(200, body, "procedure", 1, as_array=False, sent=[b"{}"])
        assert results.records[0].disposition is disposition


def test_rows_as_large_as_their_records_are_read() -> None:
    record = msgspec.json.encode({"id": 1, "values": list(range(50_000))})
    rows = b"[" + b",".join([record.replace(b'"id"', b'"_id"')] * 3) + b"]"
    results = results_of_request(200, rows, "upsert", 3, as_array=True, sent=[record] * 3)
    assert [result.disposition for result in results.records] == [Disposition.DELIVERED] * 3
