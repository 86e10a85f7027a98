"""How a fault looks on the connection: resets, silence, broken and slow answers."""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any

import msgspec
from aiohttp import web

from local.vantiq.calls import JSON, Answer, is_array
from local.vantiq.errors import DUPLICATE_KEY, VantiqError
from local.vantiq.faults import Fault

_BROKEN_JSON = b'[{"status": "ok", "results": [1, 2'
_PAGE = b"<!DOCTYPE html><html><title>Sign in</title></html>"
_EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
_DRIP_STEP_SECONDS = 0.1


async def play(
    fault: Fault, request: web.Request, accept: Callable[[], Answer], stopping: asyncio.Event
) -> tuple[str, web.StreamResponse]:
    """Fail as the fault says; returns what the statistics count (a status or the action) and the response.

    ``accept`` does what the request asked for and returns the answer; it is called at most once.
    """
    answer = Answer(200, b"[]", JSON)
    if fault.accepts:
        answer = accept()
    match fault.action:
        case "reset":
            return "reset", _reset(request)
        case "hang":
            # Ends when the client leaves (the handler is cancelled) or the server stops.
            await stopping.wait()
            return "hang", _reset(request)
        case "half_answer":
            return "half_answer", await _half(request, answer)
        case "slow_drip":
            return "slow_drip", await _drip(request, answer, fault.drip_seconds, stopping)
        case "invalid_json":
            return "200", web.Response(body=_BROKEN_JSON, headers=JSON)
        case "html":
            return "200", web.Response(body=_PAGE, content_type="text/html")
        case "redirect":
            return "302", web.Response(status=302, headers={"Location": fault.location})
        case _:
            return str(fault.status), web.Response(
                status=fault.status, body=fault.error().body(), headers=JSON | retry_after(fault)
            )


def in_form(fault: Fault, answer: Answer, refused: Mapping[int, VantiqError], request: web.Request) -> Answer:
    """The answer to a request that is done, its array's elements in the fault's form."""
    if fault.action == "early_hints" and request.transport is not None:
        request.transport.write(_EARLY_HINTS)
    if fault.form == "row" or answer.status != 200 or not is_array(answer.body):
        return answer
    elements = msgspec.json.decode(answer.body, type=list[Any])
    formed = [_element(element, fault, index in refused) for index, element in enumerate(elements)]
    return msgspec.structs.replace(answer, body=msgspec.json.encode(formed))


def _element(element: Any, fault: Fault, refused: bool) -> Any:
    failed = isinstance(element, dict) and element.keys() == {"code", "message", "params"}
    status, body = 200, element
    if failed:
        status, body = _error_status(element, fault, refused), [element]
    if fault.form == "errors":
        return body
    response: dict[str, Any] = {"status": status}
    if fault.form == "socket_response":
        response["contentType"] = "application/json"
    return {**response, "headers": {}, "body": body}


def _error_status(error: dict[str, Any], fault: Fault, refused: bool) -> int:
    if refused:
        return fault.status
    if error["code"] == DUPLICATE_KEY:
        return 409
    return 400


def retry_after(fault: Fault) -> dict[str, str]:
    """The ``Retry-After`` header of a fault, in seconds or as an HTTP date."""
    if fault.retry_after is None:
        return {}
    if fault.retry_after_date:
        return {"Retry-After": formatdate(time.time() + fault.retry_after, usegmt=True)}
    return {"Retry-After": str(fault.retry_after)}


def _reset(request: web.Request) -> web.Response:
    """Break the connection with a TCP reset: no lingering, no orderly end."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def _half(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Announce a whole body, send half of it and close."""
    body = answer.body or b"{}"
    response = web.StreamResponse(status=answer.status, headers=JSON | {"Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _drip(request: web.Request, answer: Answer, seconds: float, stopping: asyncio.Event) -> web.StreamResponse:
    """Send the answer whole and valid, a byte at a time; blanks in front of JSON mean nothing."""
    steps = max(1, round(seconds / _DRIP_STEP_SECONDS))
    body = b" " * steps + (answer.body or b"{}")
    response = web.StreamResponse(status=answer.status, headers=JSON | {"Content-Length": str(len(body))})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        for _ in range(steps):
            await response.write(b" ")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _DRIP_STEP_SECONDS)
                _reset(request)
                return response
        await response.write(body[steps:])
    return response
