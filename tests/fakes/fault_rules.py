"""What a proxy does to Kafka's frames: swallow, cut, delay, change, or answer them in the broker's stead."""

import asyncio
import math
import struct
from collections.abc import Callable
from typing import Any

from kafka.protocol.sasl import SaslAuthenticateResponse, SaslHandshakeResponse

PRODUCE, FETCH, LIST_OFFSETS, METADATA, OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR = 0, 1, 2, 3, 8, 9, 10
JOIN_GROUP, SYNC_GROUP, SASL_HANDSHAKE, SASL_AUTHENTICATE = 11, 14, 17, 36

_SASL_AUTHENTICATION_FAILED = 58


class Rule:
    """What happens to Kafka's frames; this one lets all of them pass.

    A subclass answers None to swallow a frame and leave the connection open, or raises ConnectionError to cut it.
    """

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        """The request to pass on."""
        return frame

    async def instead(self, api_key: int, frame: bytes) -> bytes | None:
        """A response in the broker's stead, with its correlation id; None to ask the broker."""
        return None

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        """The response to pass on; ``frame`` begins with the correlation id."""
        return frame


class Swallow(Rule):
    """No answer: the request or the response of one API never arrives."""

    def __init__(self, api_key: int, *, response: bool = False) -> None:
        self._api_key, self._response = api_key, response

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        return None if api_key == self._api_key and not self._response else frame

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        return None if api_key == self._api_key and self._response else frame


class Cut(Rule):
    """The connection ends when one API is asked."""

    def __init__(self, api_key: int) -> None:
        self._api_key = api_key

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        if api_key == self._api_key:
            raise ConnectionError
        return frame


class CutAnswer(Rule):
    """The connection ends when one API is answered: the broker has done what it was asked."""

    def __init__(self, api_key: int) -> None:
        self._api_key = api_key

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        if api_key == self._api_key:
            raise ConnectionError
        return frame


class Count(Rule):
    """Counts the requests of one API; all frames pass."""

    def __init__(self, api_key: int) -> None:
        self._api_key, self.requests = api_key, 0

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        self.requests += api_key == self._api_key
        return frame


class Delay(Rule):
    """Every answer of one API comes late."""

    def __init__(self, api_key: int, seconds: float) -> None:
        self._api_key, self._seconds = api_key, seconds

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        if api_key == self._api_key:
            await asyncio.sleep(self._seconds)
        return frame


class Change(Rule):
    """An answer of one API is another one: ``change`` gets the frame behind the correlation id."""

    def __init__(self, api_key: int, change: Callable[[bytes], bytes]) -> None:
        self._api_key, self._change = api_key, change

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        return frame[:4] + self._change(frame[4:]) if api_key == self._api_key else frame


class Edit(Rule):
    """An answer of one API is taken apart, changed and put together again.

    ``response_class`` is kafka-python's; ``edit`` changes the response in place. With ``behind``, only once that API
    was asked; with ``times``, so many answers and no more.
    """

    def __init__(
        self,
        api_key: int,
        response_class: Any,
        edit: Callable[[Any], object],
        *,
        behind: int | None = None,
        times: float = math.inf,
    ) -> None:
        self._api_key, self._class, self._edit, self._behind = api_key, response_class, edit, behind
        self._left, self._version = times, 0

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        if api_key == self._behind:
            self._behind = None
        if api_key == self._api_key:
            (self._version,) = struct.unpack(">h", frame[2:4])
        return frame

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        if api_key != self._api_key or self._behind is not None or not self._left:
            return frame
        self._left -= 1
        response = self._class.decode(frame, version=self._version, header=True)
        self._edit(response)
        return bytes(response.encode(header=True))


class Meanwhile(Rule):
    """Something happens just before the first request of one API is passed on."""

    def __init__(self, api_key: int, happens: Callable[[], object]) -> None:
        self._api_key, self._happens, self._done = api_key, happens, False

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        if api_key == self._api_key and not self._done:
            self._done = True
            await asyncio.to_thread(self._happens)
        return frame


class IamLogin(Rule):
    """The login of MSK's IAM listener, before a listener without one.

    As MSK does, it offers AWS_MSK_IAM alone, takes the signed message in one step, and refuses whom no policy allows
    kafka-cluster:Connect with SASL_AUTHENTICATION_FAILED and the words "Access denied". It believes every signature.
    """

    def __init__(self, *, allows: bool) -> None:
        self._allows = allows

    async def instead(self, api_key: int, frame: bytes) -> bytes | None:
        if api_key not in (SASL_HANDSHAKE, SASL_AUTHENTICATE):
            return None
        version, correlation_id = struct.unpack(">hi", frame[2:8])
        response: Any
        if api_key == SASL_HANDSHAKE:
            response = SaslHandshakeResponse(version=version, error_code=0, mechanisms=["AWS_MSK_IAM"])
        else:
            response = SaslAuthenticateResponse(
                version=version,
                error_code=0 if self._allows else _SASL_AUTHENTICATION_FAILED,
                error_message=None if self._allows else "[1b4d2c3e-0a5f-4c6b-9a77-2f1d8e9c0b11]: Access denied",
                auth_bytes=b'{"version":"2020_10_22","request-id":"1"}' if self._allows else b"",
                session_lifetime_ms=0,
            )
        response.with_header(correlation_id=correlation_id)
        return bytes(response.encode(header=True))
