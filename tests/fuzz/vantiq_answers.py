"""Answers of Vantiq with something wrong in them: what they mean for the records of a request.

The bytes come over a connection of the client's own. A record counts as delivered only where the answer says so beyond
doubt, by the rules of :mod:`tests.fuzz.acknowledged`, which are written for these requests alone.
"""

import json
import math
import random
import socket
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.envelope import Document
from msk_toolkit.forward.exchange import Reply, VantiqExchange
from msk_toolkit.network.event_loop import EventLoop
from msk_toolkit.network.poll import SocketPoll
from msk_toolkit.settings.targets import Target, parse_target, sends_arrays
from msk_toolkit.vantiq.connection import HttpResponse, VantiqConnection
from msk_toolkit.vantiq.resources import VantiqResources
from msk_toolkit.vantiq.responses import Disposition
from msk_toolkit.vantiq.target_state import read_target

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_events import event, record
from tests.fuzz.acknowledged import Request, acknowledged
from tests.fuzz.frame import BrokenPromiseError
from tests.fuzz.values import changed, changed_octets

_TARGETS = tuple(
    map(parse_target, ("topic:/orders", "type:Order", "upsert:Order", "procedure:a.b", "source:S", "service:a.S/E"))
)
_SECONDS = 10.0
_DONE = frozenset({Disposition.DELIVERED, Disposition.THERE_ALREADY})
_STATUSES = (*[200] * 20, 201, 204, 202, 206, 301, 400, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 99, 600, 0)
_ERROR = {"code": "io.vantiq.type.validation", "message": "secret words", "params": []}
_CODES = (
    *("io.vantiq.resource.duplicate.key", "io.vantiq.resource.quota.credit.exhausted", "a" * 300, "\ud800", "<b>", ""),
    *("io.vantiq.type.system.resource.unknown", "com.accessg2.ag2rs.type.not.found", "io.vantiq.resource.not.found"),
)
_AGAIN = ("120", "0", "-1", "9" * 40, "1e9", "NaN", "Wed, 21 Oct 2026 07:28:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359")
_INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
_INSTANCE = {
    "name": "/orders",
    "isReliable": True,
    "autoUnwind": True,
    "naturalKey": ["id"],
    "properties": {"value": {}},
}


class Answer(NamedTuple):
    """What comes back to a request.

    Args:
        hangs: the connection stays open behind it.
        looks_up: the request looks up the target instead of sending records.
    """

    octets: bytes
    target: Target
    records: int
    as_array: bool
    hangs: bool
    looks_up: bool


class VantiqAnswers:
    """See :class:`tests.fuzz.frame.FuzzTarget`."""

    def make(self, chance: random.Random) -> Answer:
        """An answer in one of the documented forms, or in none."""
        target = chance.choice(_TARGETS)
        as_array = sends_arrays(target.kind, 1) or chance.random() < 0.5
        count = chance.choice((1, 2, 5)) if as_array else 1
        looks_up = chance.random() < 0.1
        body = _body(chance, _documents(count)) if not looks_up else json.dumps(changed(_INSTANCE, chance)).encode()
        octets = _framed(chance, body)
        if chance.random() < 0.3:
            octets = changed_octets(octets, chance)
        return Answer(octets, target, count, as_array, chance.random() < 0.2, looks_up)

    def play(self, given: Answer) -> str:
        """One request."""
        ours, theirs = socket.socketpair()
        clock = FakeClock()
        with ours, theirs:
            theirs.sendall(given.octets)
            if not given.hangs:
                theirs.shutdown(socket.SHUT_WR)
            ours.setblocking(False)
            vantiq = _OneConnection(VantiqConnection(ours, "vantiq:443"), clock)
            if given.looks_up:
                return _looked_up(given, vantiq)
            return _sent(given, vantiq, clock)


class _OneConnection:
    """As much of the client as sends one request, without a token."""

    def __init__(self, connection: VantiqConnection, clock: FakeClock) -> None:
        self._connection = connection
        self.clock = clock

    async def send(
        self, method: str, path: str, body: bytes, deadline: Deadline, meanwhile: Callable[[], object] | None = None
    ) -> HttpResponse:
        """See VantiqClient.send."""
        return await self._connection.exchange(b"POST / HTTP/1.1\r\n\r\n" + body, deadline, meanwhile)

    def request(self, method: str, path: str, body: bytes, deadline: Deadline) -> HttpResponse:
        """See VantiqClient.request."""
        loop = EventLoop(_Hurried(self.clock), self.clock)
        return loop.run([self.send(method, path, body, deadline)], at_once=1)[0]


class _Hurried(SocketPoll):
    """Where no socket is ready at once, the time that it would wait passes at once: everything has come by then."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, seconds: float) -> list[int]:
        """See Poll."""
        ready = super().wait(0)
        if not ready and math.isfinite(seconds):
            self._clock.advance(seconds)
        return ready


def _documents(count: int) -> list[Document]:
    (records,) = decode(event([record(number) for number in range(count)])).partitions.values()
    return [
        Document(
            each, json.dumps({"id": f"c/orders/0/{each.offset}", "offset": each.offset, "value": {"a": 1}}).encode()
        )
        for each in records
    ]


def _sent(given: Answer, vantiq: _OneConnection, clock: FakeClock) -> str:
    deadline = Deadline(_SECONDS, clock)
    exchange = VantiqExchange(vantiq, given.target, clock, lambda: 1_763_800_060.0, deadline)
    documents = _documents(given.records)
    loop = EventLoop(_Hurried(clock), clock)
    (reply,) = loop.run([exchange.post(documents, lambda: None, as_array=given.as_array)], at_once=1)
    if clock.now > deadline.at:
        raise BrokenPromiseError(f"it took until {clock.now - deadline.at} s after the deadline")
    return _checked(given, reply, [document.body for document in documents])


def _checked(given: Answer, reply: Reply, sent: Sequence[bytes]) -> str:
    results = reply.results.records
    if len(results) != given.records:
        raise BrokenPromiseError(f"{len(results)} results for {given.records} records")
    if reply.retry_after is not None and not 0 <= reply.retry_after < math.inf:
        raise BrokenPromiseError(f"it would wait for {reply.retry_after} s")
    for text in (reply.reason, reply.request_id, *(result.code for result in results)):
        text.encode()
        if "secret words" in text or len(text) > 500:
            raise BrokenPromiseError(f"it would log {text[:200]!r}")
    request = Request(given.target.kind, given.as_array, [json.loads(document) for document in sent])
    sure = acknowledged(given.octets, request)
    for number, result in enumerate(results):
        if result.disposition in _DONE and not sure[number]:
            raise BrokenPromiseError(f"record {number} of {given.records} counts as {result.disposition}")
    return ", ".join(sorted({str(result.disposition) for result in results}))


def _looked_up(given: Answer, vantiq: _OneConnection) -> str:
    deadline = Deadline(_SECONDS, vantiq.clock)
    try:
        state = read_target(VantiqResources(vantiq, deadline), given.target, arrays=given.as_array)  # type: ignore[arg-type]
    except VantiqError as error:
        str(error).encode()
        return "looked up: no answer"
    if vantiq.clock.now > deadline.at:
        raise BrokenPromiseError("it took longer than it may")
    state.reason.encode()
    return f"looked up: {state.fitness}"


def _body(chance: random.Random, documents: list[Document]) -> bytes:
    rows = [json.loads(document.body) | {"_id": f"{number}"} for number, document in enumerate(documents)]
    error: dict[str, Any] = _ERROR | {"code": chance.choice((_ERROR["code"], *_CODES))}
    status = chance.choice((200, 200, 201, 400, 409, 429, 500, 0, 999))
    failing = [{"status": 200, "headers": {}, "body": row} for row in rows]
    failing[chance.randrange(len(rows))] = {"status": status, "headers": {}, "body": [error]}
    forms: tuple[Any, ...] = (
        *(None, {}, rows, rows[0], failing, [error], error, {"error": error}, {"errors": [error]}),
        *([*rows[1:], error], [[error]] * len(rows), {"status": status, "body": rows}, [None] * len(rows), "text", 7),
    )
    form = chance.choice(forms)
    if chance.random() < 0.5:
        form = changed(form, chance)
    body = b"" if form is None else json.dumps(form).encode()
    if chance.random() < 0.1:
        body = chance.choice((b"<html>login</html>", b"{", b"\xff\xfe", b" " * 9, b"null", b"[" * 40, body + body))
    return changed_octets(body, chance) if chance.random() < 0.15 else body


def _framed(chance: random.Random, body: bytes) -> bytes:
    head = [f"HTTP/1.{chance.choice((1, 1, 1, 0))} {chance.choice(_STATUSES)} Whatever"]
    if chance.random() < 0.2:
        head.append(f"Retry-After: {chance.choice(_AGAIN)}")
    if chance.random() < 0.2:
        head.append(f"X-Request-Id: {chance.choice(('abc', 'é' * 300, ''))}")
    dice = chance.random()
    if dice < 0.6:
        head.append(f"Content-Length: {len(body)}")
    elif dice < 0.7:
        head.append(f"Content-Length: {chance.choice((0, len(body) + 1, len(body) - 1, -1, 10**12, '5, 6', 'x'))}")
    elif dice < 0.9:
        head.append("Transfer-Encoding: chunked")
        body = _chunked(chance, body)
    interim = _INTERIM * chance.choice((*[0] * 12, 1, 3, 30))
    return interim + "\r\n".join([*head, "", ""]).encode() + body


def _chunked(chance: random.Random, body: bytes) -> bytes:
    middle = chance.randint(0, len(body))
    parts = [part for part in (body[:middle], body[middle:]) if part]
    last = chance.choice((b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\n", b"", b"0\r\n"))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + last
