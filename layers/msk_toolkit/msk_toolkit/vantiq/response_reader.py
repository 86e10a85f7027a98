"""An HTTP/1.1 response out of the bytes of a connection (RFC 9112), without any reading or waiting.

By hand, since ``http.client`` costs as much as the rest of a request, reads from a blocking file, and mistakes
informational responses for the final one. A response that is malformed, too long or ambiguous ends in an exception,
after which the connection is closed.
"""

import functools
import re
from collections.abc import Mapping
from typing import NamedTuple

_MAX_HEAD_BYTES = 65_536
# Informational responses before the final one; no well-behaved HTTP server sends more.
_MAX_INTERIM = 20
_MAX_CHUNK_LINE_BYTES = 4_096
_SWITCHING = 101
_FIRST_INTERIM = 100
_FIRST_FINAL = 200
_NO_CONTENT = frozenset({204, 304})
# The line ends of a head may be bare line feeds.
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([0-9]{3})(?: [^\r\n]*)?\r?")
_DIGITS = re.compile(rb"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\n]*)?\r?")
# How the body is framed, and whether another response can follow it.
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection"})
# What a caller may ask for; the others are passed over.
KEPT = frozenset({"retry-after", "x-request-id"})
_KNOWN = _FRAMING | {name.encode() for name in KEPT}


class NotHttpError(Exception):
    """It is not an HTTP response; the error quotes nothing of it."""


class BrokenOffError(Exception):
    """The stream ended before the response did."""


class ResponseTooLargeError(Exception):
    """The response is longer than it may be."""


class _Head(NamedTuple):
    """What a status line and the headers after it say.

    Args:
        length: of the body in bytes; None where it is in chunks, or lasts as long as the connection.
        is_last: no other request can follow on this connection.
        kept: the headers of :data:`KEPT` that are there.
    """

    status: int
    length: int | None
    is_chunked: bool
    is_last: bool
    kept: Mapping[str, str]


class ResponseReader:
    """Takes in a final response and whatever informational ones come before it.

    Args:
        limit: bytes of the body that are accepted.
    """

    __slots__ = ("_chunks", "_head", "_interim", "_limit", "_received", "body")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._received = bytearray()
        self._interim = 0
        self._head = _NO_HEAD
        self._chunks = bytearray()
        self.body = b""

    @property
    def status(self) -> int:
        """That of the final response; 0 before its head has come."""
        return self._head.status

    @property
    def kept(self) -> Mapping[str, str]:
        """The headers of the final response that are kept."""
        return self._head.kept

    @property
    def has_begun(self) -> bool:
        """Whether anything of a response has come."""
        return bool(self._received or self._interim or self.status)

    @property
    def is_last(self) -> bool:
        """Whether the connection can't carry another request after this response, or more came than belongs to it."""
        return self._head.is_last or bool(self._received)

    def feed(self, data: bytes) -> bool:
        """Take in what came; whether the response is complete.

        Raises:
            NotHttpError, ResponseTooLargeError: it can't become a response.
        """
        self._received += data
        while self._head is _NO_HEAD:
            if not self._take_head():
                return False
        if self._head.is_chunked:
            return self._take_chunks(self._chunks)
        return self._take_body(self._head.length)

    def end(self) -> None:
        """The stream has ended: nothing more comes.

        Raises:
            BrokenOffError: the response is not complete.
        """
        if self._head is _NO_HEAD or self._head.length is not None or self._head.is_chunked:
            raise BrokenOffError
        # Without a length its end ends the response; an empty one may just as well have broken off.
        if not self._received.strip():
            raise BrokenOffError
        self.body = bytes(self._received)

    def _take_head(self) -> bool:
        """Take a head off what was received; whether there was one. An informational one leaves no trace."""
        end = _END_OF_HEAD.search(self._received, 0, _MAX_HEAD_BYTES)
        if end is None:
            if len(self._received) >= _MAX_HEAD_BYTES:
                raise NotHttpError
            self._check_beginning()
            return False
        head = _head_of(bytes(self._received[: end.start()]))
        del self._received[: end.end()]
        if head.status >= _FIRST_FINAL:
            self._head = head
            return True
        self._interim += 1
        # Switching was not requested, and what follows it is not HTTP.
        if head.status == _SWITCHING or head.status < _FIRST_INTERIM or self._interim > _MAX_INTERIM:
            raise NotHttpError
        return True

    def _check_beginning(self) -> None:
        if not b"HTTP/1.".startswith(self._received[:7]):
            raise NotHttpError

    def _take_body(self, length: int | None) -> bool:
        if (len(self._received) if length is None else length) > self._limit:
            raise ResponseTooLargeError
        if length is None or len(self._received) < length:
            return False
        self.body = bytes(memoryview(self._received)[:length])
        del self._received[:length]
        return True

    def _take_chunks(self, chunks: bytearray) -> bool:
        """Take whole chunks off what was received; whether the last one was among them, with its trailer."""
        while True:
            line_end = self._received.find(b"\n", 0, _MAX_CHUNK_LINE_BYTES)
            if line_end < 0:
                if len(self._received) >= _MAX_CHUNK_LINE_BYTES:
                    raise NotHttpError
                return False
            match = _CHUNK_SIZE.fullmatch(self._received, 0, line_end)
            if match is None:
                raise NotHttpError
            size = int(match[1], 16)
            if len(chunks) + size > self._limit:
                raise ResponseTooLargeError
            if size == 0:
                return self._take_trailer(line_end + 1, chunks)
            end = line_end + 1 + size
            after = self._received[end : end + 2]
            if len(after) < 2 and after != b"\n":
                return False
            if after[:1] != b"\n" and after != b"\r\n":
                raise NotHttpError
            chunks += self._received[line_end + 1 : end]
            del self._received[: end + (1 if after[:1] == b"\n" else 2)]

    def _take_trailer(self, start: int, chunks: bytearray) -> bool:
        """Pass over the fields after the last chunk; whether their end has come."""
        end = _END_OF_HEAD.search(self._received, start - 1, start + _MAX_HEAD_BYTES)
        if end is None:
            if len(self._received) - start >= _MAX_HEAD_BYTES:
                raise NotHttpError
            return False
        del self._received[: end.end()]
        self.body = bytes(chunks)
        return True


_NO_HEAD = _Head(0, None, is_chunked=False, is_last=True, kept={})


# Of one connection most are the same, but for the date that changes each second.
@functools.lru_cache(maxsize=32)
def _head_of(text: bytes) -> _Head:
    """A head without its last line end.

    Raises:
        NotHttpError: it does not begin with a status line, or does not say how the body's end is known.
    """
    lines = text.split(b"\n")
    match = _STATUS_LINE.fullmatch(lines[0])
    if match is None:
        raise NotHttpError
    status, fields = int(match[2]), _fields_of(lines)
    if status < _FIRST_FINAL:
        return _NO_HEAD._replace(status=status)
    is_chunked, length = _framing(status, fields)
    has_two_lengths = is_chunked and b"content-length" in fields
    is_last = has_two_lengths or not (is_chunked or length is not None) or _is_closing(match[1], fields)
    kept = {name: fields[name.encode()].decode("latin-1") for name in KEPT if name.encode() in fields}
    return _Head(status, length, is_chunked, is_last, kept)


def _framing(status: int, fields: dict[bytes, bytes]) -> tuple[bool, int | None]:
    """How the body's end is known: whether it is in chunks, and its length."""
    if status in _NO_CONTENT:
        return False, 0
    encoding, length = fields.get(b"transfer-encoding"), fields.get(b"content-length")
    if encoding is not None:
        if encoding.lower() != b"chunked":
            raise NotHttpError
        return True, None
    return False, None if length is None else _length_of(length)


def _is_closing(minor: bytes, fields: dict[bytes, bytes]) -> bool:
    """Whether the peer closes the connection after the response, which is the rule of HTTP/1.0."""
    options = fields.get(b"connection", b"").lower()
    if minor == b"0":
        return b"keep-alive" not in options
    return b"close" in options


def _fields_of(lines: list[bytes]) -> dict[bytes, bytes]:
    """The known headers after the status line; the values of one that comes more than once, separated by commas."""
    fields: dict[bytes, bytes] = {}
    name = b""
    for line in lines[1:]:
        if line[:1] in {b" ", b"\t"} and name in _KNOWN:
            raise NotHttpError  # a folded line, which nobody sends any more
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in _KNOWN:
            value = value.strip()
            if name in fields:
                value = fields[name] + b"," + value
            fields[name] = value
    return fields


def _length_of(text: bytes) -> int:
    lengths = {part.strip() for part in text.split(b",")}
    (first, *others) = lengths
    if others or not _DIGITS.fullmatch(first):
        raise NotHttpError
    return int(first)
