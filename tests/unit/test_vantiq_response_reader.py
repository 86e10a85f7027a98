"""A response out of bytes, however they arrive; what is not as it must be is no response."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msk_toolkit.vantiq.response_reader import BrokenOffError, NotHttpError, ResponseReader, ResponseTooLargeError

OK = b"HTTP/1.1 200 OK\r\n"
LIMIT = 1000
# Response, status, body, and whether the connection ends with it.
COMPLETE = {
    "length": (OK + b"Content-Length: 2\r\n\r\n{}", 200, b"{}", False),
    "small letters": (OK + b"content-length:2\r\n\r\n{}", 200, b"{}", False),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", 200, b"{}", False),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b"", False),
    "same length twice": (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}", False),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", False),
    "close": (OK + b"Connection: Close\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}", True),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}", True),
    "1.0 kept": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}", False),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n", 200, b"{}", False),
    "trailer": (OK + b"Transfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n00\r\nX: y\r\nZ: a\r\n\r\n", 200, b"{}", False),
    "chunks and length": (
        OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, b"{}", True,
    ),
    "early hints": (
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        + OK + b"Content-Length: 2\r\n\r\n{}", 200, b"{}", False,
    ),
    "others' headers": (OK + b": \r\nnonsense\r\nA:b\r\n folded\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}", False),
    "unknown status": (b"HTTP/1.1 777 Odd\r\nContent-Length: 0\r\n\r\n", 777, b"", False),
}  # fmt: skip
NO_RESPONSE = {
    "another protocol": b"SSH-2.0-x\r\n",
    "tls": b"\x15\x03\x01\x00\x02\x02\x46",
    "version": b"HTTP/2.0 200 OK\r\n\r\n",
    "status": b"HTTP/1.1 2x0 OK\r\n\r\n",
    "switching": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "below 100": b"HTTP/1.1 099 x\r\n\r\n",
    "interim without end": b"HTTP/1.1 102 Processing\r\n\r\n" * 21,
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "no number": OK + b"Content-Length: two\r\n\r\n{}",
    "negative": OK + b"Content-Length: -2\r\n\r\n{}",
    "signed": OK + b"Content-Length: +2\r\n\r\n{}",
    "folded length": OK + b"Content-Length: 1\r\n 0\r\n\r\n0123456789",
    "gzip": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\nsecret\r\n",
    "chunk end": OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n",
    "endless chunk line": OK + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 5000,
    "endless head": OK + b"X: y\r\n" * 20_000,
    "endless line": OK + b"X: " + b"y" * 70_000,
    "endless trailer": OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 20_000,
}
TOO_LARGE = {
    "length": OK + b"Content-Length: 1001\r\n\r\n",
    "length of many digits": OK + b"Content-Length: 999999999999999\r\n\r\n",
    "chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"64\r\n" + (b"x" * 100 + b"\r\n64\r\n") * 10,
    "no length": OK + b"\r\n" + b"x" * 1001,
}


def fed(*pieces: bytes) -> ResponseReader:
    reader = ResponseReader(LIMIT)
    ends = [reader.feed(piece) for piece in pieces]
    assert ends == [False] * (len(pieces) - 1) + [True]
    return reader


@pytest.mark.parametrize(("response", "status", "body", "is_last"), COMPLETE.values(), ids=COMPLETE)
def test_a_response_is_read(response: bytes, status: int, body: bytes, is_last: bool) -> None:
    reader = fed(response)
    assert (reader.status, reader.body, reader.is_last) == (status, body, is_last)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(COMPLETE.values())), st.lists(st.integers(1, 200), max_size=6))
def test_a_response_is_the_same_however_it_arrives(case: tuple[bytes, int, bytes, bool], cuts: list[int]) -> None:
    response, status, body, is_last = case
    places = sorted({cut % len(response) for cut in cuts} - {0})
    starts, ends = [0, *places], [*places, len(response)]
    reader = fed(*[response[start:end] for start, end in zip(starts, ends, strict=True)])
    assert (reader.status, reader.body, reader.is_last) == (status, body, is_last)


@pytest.mark.parametrize("response", [case[0] for case in COMPLETE.values()], ids=COMPLETE)
def test_half_a_response_is_none(response: bytes) -> None:
    for length in range(len(response)):
        reader = ResponseReader(LIMIT)
        assert reader.feed(response[:length]) is False
        with pytest.raises(BrokenOffError):
            reader.end()


@pytest.mark.parametrize("response", NO_RESPONSE.values(), ids=NO_RESPONSE)
def test_what_is_not_as_it_must_be_is_no_response(response: bytes) -> None:
    with pytest.raises(NotHttpError) as caught:
        ResponseReader(LIMIT).feed(response)
    assert str(caught.value) == ""


@pytest.mark.parametrize("response", NO_RESPONSE.values(), ids=NO_RESPONSE)
def test_nonsense_by_the_byte_ends_within_the_limits(response: bytes) -> None:
    reader = ResponseReader(LIMIT)
    pieces = [response[start : start + 7] for start in range(0, len(response), 7)]
    with pytest.raises(NotHttpError):
        list(map(reader.feed, pieces))


@pytest.mark.parametrize("response", TOO_LARGE.values(), ids=TOO_LARGE)
def test_more_than_the_limit_is_given_up_at_once(response: bytes) -> None:
    with pytest.raises(ResponseTooLargeError):
        ResponseReader(LIMIT).feed(response)


def test_without_a_length_the_end_of_the_stream_is_its_end() -> None:
    reader = ResponseReader(LIMIT)
    assert reader.feed(OK + b"\r\n{") is False
    assert reader.feed(b"}") is False
    reader.end()
    assert (reader.body, reader.is_last) == (b"{}", True)


@pytest.mark.parametrize("more", [b"H", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"\r\n"])
@pytest.mark.parametrize("name", ["length", "chunks", "no content"])
def test_what_comes_after_a_response_ends_the_connection(name: str, more: bytes) -> None:
    assert fed(COMPLETE[name][0] + more).is_last


def test_kept_headers_have_small_letters_and_no_other_is_kept() -> None:
    reader = fed(OK + b"RETRY-AFTER:  7 \r\nX-Request-ID: a\xe9\r\nSet-Cookie: secret\r\nContent-Length: 0\r\n\r\n")
    assert reader.kept["retry-after"] == "7"
    assert reader.kept["x-request-id"] == "a\xe9"
    assert "set-cookie" not in reader.kept
    assert fed(COMPLETE["length"][0]).kept == {}


def test_whether_anything_has_come_is_known() -> None:
    reader = ResponseReader(LIMIT)
    assert not reader.has_begun
    reader.feed(b"H")
    assert reader.has_begun
    informed = ResponseReader(LIMIT)
    informed.feed(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert informed.has_begun
