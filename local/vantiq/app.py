"""The stand-in server: listening, authentication, dispatch, faults, statistics, and a clean stop."""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl
from weakref import WeakSet

import msgspec
from aiohttp import web

from local.vantiq import batches, control
from local.vantiq.access import Access, Grant, write_token
from local.vantiq.calls import JSON, Answer, Call, timestamp
from local.vantiq.errors import VantiqError, not_allowed, unknown_resource
from local.vantiq.faults import ANSWERED, Fault, Faults
from local.vantiq.journal import Journal
from local.vantiq.playing import in_form, play
from local.vantiq.queries import Row
from local.vantiq.resources import NoSources, Resources, open_namespace
from local.vantiq.results import ArrayResults
from local.vantiq.sockets import Sockets
from local.vantiq.sources import KafkaSources
from local.vantiq.stats import Stats
from local.vantiq.store import Namespace
from local.vantiq.subscriptions import Connection, Subscriptions

_API = "/api/v1/"
_LARGEST_BODY = 64 * 1024 * 1024
_STOP_SECONDS = 1.0


class VantiqStandIn:
    """A Vantiq server on this machine: ``async with VantiqStandIn() as vantiq: vantiq.url, vantiq.token``.

    HTTPS with ``cert`` and ``key``, else HTTP. Port 0 takes a free one, the same on every host. The first of
    ``namespaces`` is the token's own; those in ``closed_namespaces`` exist and answer 403. ``journal``, ``faults``,
    ``define``, ``fail``, ``receive`` and ``rotate_token`` may be used from any thread.
    """

    def __init__(
        self,
        *,
        hosts: tuple[str, ...] = ("127.0.0.1",),
        port: int = 0,
        token: str = "stand-in-token",  # noqa: S107 a made-up server's made-up token
        users: Mapping[str, str] | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        journal: Path | None = None,
        namespaces: tuple[str, ...] = ("local", "other"),
        closed_namespaces: tuple[str, ...] = ("closed",),
        not_found_status: int = 400,
        seed: int = 0,
        token_file: Path | None = None,
        kafka: tuple[Path, Path] | None = None,
        array_results: ArrayResults = "rows",
    ) -> None:
        self.port = port
        self._token_file = token_file
        self.journal = Journal(journal)
        self.faults = Faults(seed)
        self.stats = Stats()
        self.access = Access(token, Grant(namespaces[0], frozenset(namespaces)), users or {})
        self.subscriptions = Subscriptions()
        self._hosts = hosts
        self._tls = _tls(cert, key)
        self._home = namespaces[0]
        self._namespaces = {name: Namespace(name) for name in (*namespaces, *closed_namespaces)}
        # The jars and the home of the Java that runs them; without, sources are kept and do nothing.
        running = KafkaSources(kafka, self.arrive, self._unavailable) if kafka else NoSources()
        self._resources = Resources(
            self.journal,
            self.subscriptions,
            not_found_status,
            lambda name: self.access.issue(Grant(name, frozenset({name}))),
            self.access.revoke,
            running,
        )
        self._resources.array_results = array_results
        self._running = running
        self._sockets = Sockets(lambda: Connection(self.access, self._namespaces, self.subscriptions))
        self._transports: WeakSet[asyncio.Transport] = WeakSet()
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """Where the first host listens, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://{self._hosts[0]}:{self.port}"

    @property
    def token(self) -> str:
        """The valid long-lived token."""
        return self.access.token

    @property
    def swallowed(self) -> Counter[str]:
        """How many publishes were answered with 200 and kept nowhere, by the topic that is not registered."""
        return self._resources.swallowed

    def define(self, kind: str, definition: Row, namespace: str | None = None) -> Row:
        """Create or replace a type, topic, service, source or procedure, as a POST to ``kind`` with upsert."""
        space = self._namespaces[namespace or self._home]
        return space.define(kind, definition, timestamp(), upsert=True)

    def fail(self, action: Any, **fields: Any) -> Fault:
        """Play a fault: ``vantiq.fail("status", status=503, times=2)``; fields as in ``Fault``."""
        fault = msgspec.convert({"action": action, **fields}, Fault)
        self.faults.add(fault)
        return fault

    def rotate_token(self, token: str | None = None) -> str:
        """Refuse every earlier token with 401 from now on; the new one goes into the token file too."""
        new = self.access.rotate(token)
        if self._token_file is not None:
            write_token(self._token_file, new)
        return new

    def receive(self, source: str, message: Any) -> None:
        """Let a message arrive from a source, for its subscribers."""
        self.arrive(self._home, source, message)

    def arrive(self, namespace: str, source: str, message: Any) -> None:
        """As ``receive``, in any namespace."""
        if self._loop is None:
            raise RuntimeError("the stand-in does not run")
        path, value = f"/sources/{source}/receive", msgspec.json.encode(message)
        self._loop.call_soon_threadsafe(self.subscriptions.deliver, namespace, path, [value])

    def look_up(self, kind: str, name: str) -> Row | None:
        """An instance of a system resource in the token's namespace, with what a client is not shown."""
        table = self._namespaces[self._home].system(kind)
        return table.get(name) if table.holds(name) else None

    def _unavailable(self, namespace: str, source: str, reason: str) -> None:
        """A source has failed: it says so of itself until it is changed."""
        table = self._namespaces[namespace].system("sources")
        if self._loop is not None and table.holds(source):
            said = {"isUnavailable": True, "unavailableReason": reason}
            self._loop.call_soon_threadsafe(table.update, source, said, timestamp())

    def reset(self) -> None:
        """Forget journal, faults and statistics; definitions and rows stay."""
        self.faults.clear()
        self.journal.clear()
        self.stats.clear()

    async def start(self) -> Self:
        """Listen on every host."""
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=_LARGEST_BODY)
        control.add_routes(app, self)
        self._sockets.add_routes(app)
        for prefix in ("", "/api/v1"):
            app.router.add_get(prefix + "/authenticate", self._log_in)
            app.router.add_post(prefix + "/authenticate/refresh", self._refresh)
            app.router.add_post(prefix + "/authenticate/revoke", self._revoke)
        app.router.add_route("*", "/{path:.*}", self._api)
        app.on_shutdown.append(self._end_waiting)
        # A client that leaves ends its hanging request.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        for host in self._hosts:
            await web.TCPSite(self._runner, host, self.port, ssl_context=self._tls).start()
            self.port = self._runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        """Stop within two seconds, whatever is under way, and close the journal's file."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            for transport in list(self._transports):
                transport.abort()  # closing waits for a client that does not read
            await asyncio.sleep(0)  # they end in the loop's next turn, which may be its last
        if isinstance(self._running, KafkaSources):
            self._running.stop()
        self.journal.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _api(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            self._transports.add(request.transport)
        with self.stats.request():
            if (fault := self.faults.take_before_body(request.method, request.path)) is not None:
                return await self._play(fault, request, b"")
            body = await request.read()
            if (fault := self.faults.take(request.method, request.path, body)) is not None:
                return await self._play(fault, request, body)
            answer = self._answer(request, body, {})
            self.stats.answered(str(answer.status))
            return _response(answer)

    async def _play(self, fault: Fault, request: web.Request, body: bytes) -> web.StreamResponse:
        if fault.delay_seconds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), fault.delay_seconds)
        if fault.action in ANSWERED:
            refused = dict.fromkeys(fault.hits(body), fault.error()) if fault.action == "index_errors" else {}
            answer = in_form(fault, self._answer(request, body, refused), refused, request)
            self.stats.answered(str(answer.status))
            return _response(answer)
        outcome, response = await play(fault, request, lambda: self._answer(request, body, {}), self._stopping)
        self.stats.answered(outcome)
        return response

    def _answer(self, request: web.Request, body: bytes, refused: Mapping[int, VantiqError]) -> Answer:
        """Check who asks and for which namespace, then do it."""
        try:
            grant = self.access.check(request.headers.get("Authorization"))
            wanted = request.headers.get("X-Target-Namespace") or request.query.get("targetNamespace")
            if not request.path.startswith(_API):
                raise unknown_resource(request.path)
            path = request.path.removeprefix(_API)
            if path == "batch":
                if request.method != "POST":
                    raise not_allowed(request.method, request.path)
                return batches.run(body, lambda item: self._item(item, grant, wanted))
            namespace = open_namespace(self._namespaces, grant.namespaces, grant.namespace, wanted)
        except VantiqError as exc:
            return self._resources.refusal(exc)
        return self._resources.answer(Call(request.method, path, request.query, body, namespace, refused))

    def _item(self, item: batches.BatchItem, grant: Grant, wanted: str | None) -> Answer:
        """One request of a batch; of the faults, those that answer with a status are played here too."""
        path, _, query = item.uri.partition("?")
        path = "resources/" + path.removeprefix("/")
        fault = self.faults.take(item.method, _API + path, bytes(item.body))
        if fault is not None and fault.action == "status":
            return Answer(fault.status, fault.error().body(), JSON)
        try:
            wanted = item.headers.get("X-Target-Namespace", wanted)
            namespace = open_namespace(self._namespaces, grant.namespaces, grant.namespace, wanted)
        except VantiqError as exc:
            return self._resources.refusal(exc)
        call = Call(item.method, path, dict(parse_qsl(query)), bytes(item.body), namespace)
        return self._resources.answer(call)

    async def _log_in(self, request: web.Request) -> web.Response:
        return self._session(lambda: self.access.log_in(request.headers.get("Authorization")))

    async def _refresh(self, request: web.Request) -> web.Response:
        token = (await request.text()).strip()
        return self._session(lambda: self.access.issue(self.access.check_token(token)))

    async def _revoke(self, request: web.Request) -> web.Response:
        """The vendor's Java client sends the token to end, and no other."""
        self.access.revoke((await request.text()).strip())
        return web.Response()

    def _session(self, open_session: Callable[[], str]) -> web.Response:
        try:
            answer = Answer(200, session(open_session()), JSON)
        except VantiqError as exc:
            answer = self._resources.refusal(exc)
        self.stats.answered(str(answer.status))
        return _response(answer)

    async def _end_waiting(self, _: web.Application) -> None:
        self._stopping.set()
        await self._sockets.end()


def session(token: str) -> bytes:
    """The answer to ``authenticate``; the vendor's client reads both tokens, and nobody checks the second."""
    return msgspec.json.encode({"accessToken": token, "idToken": token, "expiresIn": 24 * 3600})


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def _tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context
