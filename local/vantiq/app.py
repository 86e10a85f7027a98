"""The stand-in server: its parts put together, listening, and a clean stop."""

import asyncio
import ssl
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from local.vantiq import control
from local.vantiq.access import Access, Grant, write_token
from local.vantiq.api import Api, Parts
from local.vantiq.calls import timestamp
from local.vantiq.faults import Fault, Faults
from local.vantiq.journal import Journal
from local.vantiq.pages import refuse_pages
from local.vantiq.publishing import NoSources
from local.vantiq.queries import Row
from local.vantiq.resources import Forms, Resources, Tokens
from local.vantiq.settings import StandInSettings
from local.vantiq.sockets import Sockets
from local.vantiq.sources import KafkaSources
from local.vantiq.stats import Stats
from local.vantiq.store import Namespace
from local.vantiq.subscriptions import Connection, Subscriptions

_MAX_BODY_BYTES = 64 * 1024 * 1024
_STOP_SECONDS = 1.0


class VantiqStandIn:
    """A Vantiq server on this machine: ``async with VantiqStandIn() as vantiq: vantiq.url, vantiq.token``.

    ``journal``, ``faults``, ``define``, ``fail``, ``receive`` and ``rotate_token`` may be used from any thread.
    """

    def __init__(self, settings: StandInSettings | None = None) -> None:
        settings = settings or StandInSettings()
        self._settings = settings
        self.port = settings.port
        self.journal = Journal(settings.journal)
        self.faults = Faults(settings.seed)
        self.stats = Stats()
        self._home = settings.namespaces[0]
        grant = Grant(self._home, frozenset(settings.namespaces))
        self.access = Access(settings.token, grant, settings.users)
        self.subscriptions = Subscriptions()
        self._tls = _tls(settings.cert, settings.key)
        self._namespaces = {name: Namespace(name) for name in (*settings.namespaces, *settings.closed_namespaces)}
        self._sources: KafkaSources | NoSources = NoSources()
        if settings.kafka is not None:
            self._sources = KafkaSources(settings.kafka, self.arrive, self._unavailable)
        tokens = Tokens(lambda name: self.access.issue(Grant(name, frozenset({name}))), self.access.revoke)
        forms = Forms(settings.not_found_status, settings.array_results)
        self._resources = Resources(self.journal, self.subscriptions, tokens, self._sources, forms)
        self._api = Api(Parts(self.access, self._namespaces, self._resources, self.faults, self.stats))
        self._sockets = Sockets(lambda: Connection(self.access, self._namespaces, self.subscriptions))
        self._runner: web.AppRunner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """The address of the first host, without a slash at the end."""
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{self._settings.hosts[0]}:{self.port}"

    @property
    def token(self) -> str:
        """The valid long-lived token."""
        return self.access.token

    @property
    def swallowed(self) -> Counter[str]:
        """How many publishes were answered with 200 and kept nowhere, by the topic that is not registered."""
        return self._resources.publisher.swallowed

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
        if self._settings.token_file is not None:
            write_token(self._settings.token_file, new)
        return new

    def receive(self, source: str, message: Any) -> None:
        """Let a message arrive from a source, for its subscribers."""
        self.arrive(self._home, source, message)

    def arrive(self, namespace: str, source: str, message: Any) -> None:
        """As ``receive``, in any namespace."""
        if self._loop is None:
            raise RuntimeError("the stand-in is not running")
        path, value = f"/sources/{source}/receive", msgspec.json.encode(message)
        self._loop.call_soon_threadsafe(self.subscriptions.deliver, namespace, path, [value])

    def look_up(self, kind: str, name: str) -> Row | None:
        """An instance of a system resource with what clients are not shown, so that tests can look for secrets."""
        table = self._namespaces[self._home].system(kind)
        if not table.holds(name):
            return None
        return table.get(name)

    def _unavailable(self, namespace: str, source: str, reason: str) -> None:
        """A source has failed: its instance says so until it is changed."""
        table = self._namespaces[namespace].system("sources")
        if self._loop is not None and table.holds(source):
            properties = {"isUnavailable": True, "unavailableReason": reason}
            self._loop.call_soon_threadsafe(table.update, source, properties, timestamp())

    def reset(self) -> None:
        """Forget journal, faults and statistics; definitions and rows stay."""
        self.faults.clear()
        self.journal.clear()
        self.stats.clear()

    async def start(self) -> Self:
        """Listen on every host."""
        self._loop = asyncio.get_running_loop()
        guards = [refuse_pages(self._settings.hosts)]
        app = web.Application(client_max_size=_MAX_BODY_BYTES, middlewares=guards)
        control.add_routes(app, self)
        self._sockets.add_routes(app)
        self._api.add_routes(app)
        app.on_shutdown.append(self._end_waiting)
        # A client that leaves ends its hanging request.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        for host in self._settings.hosts:
            await web.TCPSite(self._runner, host, self.port, ssl_context=self._tls).start()
            self.port = self._runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        """Stop within two seconds, whatever is under way, and close the journal's file."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            self._api.abort()
            await asyncio.sleep(0)  # connections end in the loop's next turn, which may be its last
        if isinstance(self._sources, KafkaSources):
            self._sources.stop()
        self.journal.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _end_waiting(self, _: web.Application) -> None:
        self._api.end()
        await self._sockets.end()


def _tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context
