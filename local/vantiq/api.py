"""The HTTP requests under ``/api/v1``: authentication, namespaces, faults, and the answers of the resources."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl
from weakref import WeakSet

import msgspec
from aiohttp import web

from local.vantiq import batches
from local.vantiq.access import Access, Grant
from local.vantiq.calls import JSON, Answer, Call
from local.vantiq.errors import VantiqError, not_allowed, unknown_resource
from local.vantiq.faults import ANSWERED, Fault, Faults
from local.vantiq.playing import in_form, play
from local.vantiq.resources import Resources, open_namespace
from local.vantiq.stats import Stats
from local.vantiq.store import Namespace

_API = "/api/v1/"


class Parts(NamedTuple):
    """What requests are answered from."""

    access: Access
    namespaces: Mapping[str, Namespace]
    resources: Resources
    faults: Faults
    stats: Stats


class Api:
    """The handlers of one server; ``end`` lets go of requests that a fault keeps waiting."""

    def __init__(self, parts: Parts) -> None:
        self._access, self._namespaces, self._resources, self._faults, self._stats = parts
        self._transports: WeakSet[asyncio.Transport] = WeakSet()
        self._stopping = asyncio.Event()

    def add_routes(self, app: web.Application) -> None:
        """Authentication, and everything else as a resource."""
        for prefix in ("", "/api/v1"):
            app.router.add_get(prefix + "/authenticate", self._log_in)
            app.router.add_post(prefix + "/authenticate/refresh", self._refresh)
            app.router.add_post(prefix + "/authenticate/revoke", self._revoke)
        app.router.add_route("*", "/{path:.*}", self._api)

    def end(self) -> None:
        """Answer nothing that still waits."""
        self._stopping.set()

    def abort(self) -> None:
        """Break every connection: closing one waits for a client that does not read."""
        for transport in list(self._transports):
            transport.abort()

    async def _api(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            self._transports.add(request.transport)
        with self._stats.request():
            fault = self._faults.take_before_body(request.method, request.path)
            if fault is not None:
                return await self._play(fault, request, b"")
            body = await request.read()
            fault = self._faults.take(request.method, request.path, body)
            if fault is not None:
                return await self._play(fault, request, body)
            return self._counted(self._answer(request, body, {}))

    async def _play(self, fault: Fault, request: web.Request, body: bytes) -> web.StreamResponse:
        if fault.delay_seconds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), fault.delay_seconds)
        if fault.action in ANSWERED:
            refused: Mapping[int, VantiqError] = {}
            if fault.action == "index_errors":
                refused = dict.fromkeys(fault.hits(body), fault.error())
            return self._counted(in_form(fault, self._answer(request, body, refused), refused, request))
        outcome, response = await play(fault, request, lambda: self._answer(request, body, {}), self._stopping)
        self._stats.answered(outcome)
        return response

    def _answer(self, request: web.Request, body: bytes, refused: Mapping[int, VantiqError]) -> Answer:
        """Check the caller and the namespace, then do what is asked for."""
        try:
            grant = self._access.check(request.headers.get("Authorization"))
            target = request.headers.get("X-Target-Namespace") or request.query.get("targetNamespace")
            if not request.path.startswith(_API):
                raise unknown_resource(request.path)
            path = request.path.removeprefix(_API)
            if path == "batch":
                return self._batch(request.method, request.path, body, grant, target)
            namespace = open_namespace(self._namespaces, grant.namespaces, grant.namespace, target)
        except VantiqError as exc:
            return self._resources.refusal(exc)
        return self._resources.answer(Call(request.method, path, request.query, body, namespace, refused))

    def _batch(self, method: str, path: str, body: bytes, grant: Grant, target: str | None) -> Answer:
        if method != "POST":
            raise not_allowed(method, path)
        return batches.run(body, lambda item: self._item(item, grant, target))

    def _item(self, item: batches.BatchItem, grant: Grant, target: str | None) -> Answer:
        """One request of a batch; of the faults, those that answer with a status are played here too."""
        path, _, query = item.uri.partition("?")
        path = "resources/" + path.removeprefix("/")
        fault = self._faults.take(item.method, _API + path, bytes(item.body))
        if fault is not None and fault.action == "status":
            return Answer(fault.status, fault.error().body(), JSON)
        try:
            target = item.headers.get("X-Target-Namespace", target)
            namespace = open_namespace(self._namespaces, grant.namespaces, grant.namespace, target)
        except VantiqError as exc:
            return self._resources.refusal(exc)
        call = Call(item.method, path, dict(parse_qsl(query)), bytes(item.body), namespace)
        return self._resources.answer(call)

    async def _log_in(self, request: web.Request) -> web.Response:
        return self._session(lambda: self._access.log_in(request.headers.get("Authorization")))

    async def _refresh(self, request: web.Request) -> web.Response:
        token = (await request.text()).strip()
        return self._session(lambda: self._access.issue(self._access.check_token(token)))

    async def _revoke(self, request: web.Request) -> web.Response:
        """The vendor's Java client sends the token to end, and no other."""
        self._access.revoke((await request.text()).strip())
        return web.Response()

    def _session(self, open_session: Callable[[], str]) -> web.Response:
        try:
            answer = Answer(200, session(open_session()), JSON)
        except VantiqError as exc:
            answer = self._resources.refusal(exc)
        return self._counted(answer)

    def _counted(self, answer: Answer) -> web.Response:
        self._stats.answered(str(answer.status))
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def session(token: str) -> bytes:
    """The answer to ``authenticate``; the vendor's client reads both tokens, and nobody checks the second."""
    return msgspec.json.encode({"accessToken": token, "idToken": token, "expiresIn": 24 * 3600})
