"""An HTTP/1.1 response out of the bytes of a connection (RFC 9112), without any reading or waiting.

By hand, since ``http.client`` costs as much as the rest of a request, reads from a blocking file, and mistakes
informational responses for the final one. A response that is malformed, too long or ambiguous ends in an exception,
after which the connection is closed.
"""

import functools
import re
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
    """A status line and the known headers after it; ``minor`` is that of HTTP/1."""

    status: int
    minor: int
    fields: dict[bytes, bytes]


class ResponseReader:
    """Takes in a final response and whatever informational ones come before it.

    Args:
        limit: bytes of the body that are accepted.
    """

    __slots__ = (
        "_chunks",
        "_fields",
        "_interim",
        "_length",
        "_limit",
        "_minor",
        "_received",
        "body",
        "status",
    )

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._received = bytearray()
        self._interim = 0
        self._fields: dict[bytes, bytes] = {}
        self._minor = 1
        self._length: int | None = None
        self._chunks: bytearray | None = None
        self.status = 0
        self.body = b""

    @property
    def kept(self) -> dict[str, str]:
        """The headers of the final response that are kept."""
        if self._fields.keys() <= _FRAMING:
            return {}
        return {name.decode(): value.decode("latin-1") for name, value in self._fields.items()}

    @property
    def has_begun(self) -> bool:
        """Whether anything of a response has come."""
        return bool(self._received) or self._interim > 0 or self.status > 0

    @property
    def is_last(self) -> bool:
        """Whether the connection can't carry another request after this response."""
        if self._length is None and self._chunks is None:
            return True
        if self._received or (self._chunks is not None and b"content-length" in self._fields):
            return True  # more came than belongs to it, or it has two lengths
        options = self._fields.get(b"connection", b"").lower()
        if self._minor == 0:
            return b"keep-alive" not in options
        return b"close" in options

    def feed(self, data: bytes) -> bool:
        """Take in what came; whether the response is complete.

        Raises:
            NotHttpError, ResponseTooLargeError: it can't become a response.
        """
        self._received += data
        while not self.status:
            if not self._take_head():
                return False
        return self._take_body()

    def end(self) -> None:
        """The stream has ended: nothing more comes.

        Raises:
            BrokenOffError: the response is not complete.
        """
        if not self.status or self._length is not None or self._chunks is not None:
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
            self.status, self._minor, self._fields = head
            self._frame()
            return True
        self._interim += 1
        # Switching was not requested, and what follows it is not HTTP.
        if head.status == _SWITCHING or head.status < _FIRST_INTERIM or self._interim > _MAX_INTERIM:
            raise NotHttpError
        return True

    def _check_beginning(self) -> None:
        if not b"HTTP/1.".startswith(self._received[:7]):
            raise NotHttpError

    def _frame(self) -> None:
        """How the body's end is known."""
        encoding, length = self._fields.get(b"transfer-encoding"), self._fields.get(b"content-length")
        if self.status in _NO_CONTENT:
            self._length = 0
        elif encoding is not None:
            if encoding.lower() != b"chunked":
                raise NotHttpError
            self._chunks = bytearray()
        elif length is not None:
            self._length = _length_of(length)
            if self._length > self._limit:
                raise ResponseTooLargeError

    def _take_body(self) -> bool:
        if self._chunks is not None:
            return self._take_chunks(self._chunks)
        if self._length is None:
            if len(self._received) > self._limit:
                raise ResponseTooLargeError
            return False
        if len(self._received) < self._length:
            return False
        self.body = bytes(self._received[: self._length])
        del self._received[: self._length]
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


# Of one connection most are the same, but for the date that changes each second.
@functools.lru_cache(maxsize=32)
def _head_of(text: bytes) -> _Head:
    """A head without its last line end.

    Raises:
        NotHttpError: it does not begin with a status line.
    """
    lines = text.split(b"\n")
    match = _STATUS_LINE.fullmatch(lines[0])
    if match is None:
        raise NotHttpError
    return _Head(int(match[2]), int(match[1]), _fields_of(lines))


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
