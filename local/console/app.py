"""The console's server: the page, what it shows, and what its buttons do."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from local.console.actions import Actions, BusyError, UnknownActionError
from local.console.guard import guard, new_token
from local.console.history import History
from local.console.letters import Letters, NamesRequest, ReplayRequest, ShowRequest
from local.console.page import page, static_files
from local.console.watch import Watch

_MAX_BODY_BYTES = 256 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApplyRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A plan of the topics function, to be carried out as it is."""

    plan: dict[str, Any]


class Parts(NamedTuple):
    """What the server is made of.

    Args:
        apply_plan: carries out a plan.
        expected: errors of a request whose text the page shows.
    """

    watch: Watch
    history: History
    actions: Actions
    letters: Letters
    apply_plan: Callable[[ApplyRequest], Any]
    expected: tuple[type[Exception], ...]


def console(parts: Parts, token: str | None = None) -> web.Application:
    """The server; ``token`` is drawn unless given."""
    token = token or new_token()
    app = web.Application(middlewares=[guard(token)], client_max_size=_MAX_BODY_BYTES)
    handlers = _Handlers(parts, token)
    app.add_routes(
        [
            web.get("/", handlers.index),
            web.get("/static/{name:.+}", handlers.static),
            web.get("/api/state", handlers.state),
            web.post("/api/actions/{name}", handlers.act),
            web.post("/api/letters/names", handlers.answer(NamesRequest, parts.letters.names)),
            web.post("/api/letters/show", handlers.answer(ShowRequest, parts.letters.show)),
            web.post("/api/letters/replay", handlers.answer(ReplayRequest, parts.letters.replay, changes=True)),
            web.post("/api/topics/apply", handlers.answer(ApplyRequest, parts.apply_plan, changes=True)),
        ]
    )
    app.cleanup_ctx.append(_watching(parts.watch))
    return app


def _watching(watch: Watch) -> Callable[[web.Application], AsyncIterator[None]]:
    async def running(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(watch.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    return running


class _Handlers:
    def __init__(self, parts: Parts, token: str) -> None:
        self._parts = parts
        self._token = token

    async def index(self, _: web.Request) -> web.Response:
        return web.Response(text=page(self._token), content_type="text/html")

    async def static(self, request: web.Request) -> web.Response:
        file = static_files().get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound(text="there is no such file")
        return web.Response(body=file.content, content_type=file.content_type, charset="utf-8")

    async def state(self, request: web.Request) -> web.Response:
        """``?after=SECONDS``: everything, and the points of the history behind that moment."""
        try:
            after = float(request.query.get("after", "0"))
        except ValueError as error:
            raise web.HTTPBadRequest(text="after must be a number") from error
        parts = self._parts
        parts.watch.seen()
        return _json(
            {
                "now": time.time(),
                "sources": parts.watch.answers,
                "points": parts.history.after(after),
                "actions": list(parts.actions.outcomes),
            }
        )

    async def act(self, request: web.Request) -> web.Response:
        try:
            outcome = self._parts.actions.start(request.match_info["name"])
        except UnknownActionError as error:
            raise web.HTTPNotFound(text=str(error)) from error
        except BusyError as error:
            raise web.HTTPConflict(text=str(error)) from error
        return _json(outcome, 202)

    def answer[Body](self, kind: type[Body], run: Callable[[Body], Any], *, changes: bool = False) -> Handler:
        """A handler that runs a function in a thread with the decoded body, and answers its result."""

        async def handle(request: web.Request) -> web.Response:
            try:
                body = msgspec.json.decode(await request.read(), type=kind)
            except msgspec.DecodeError as error:
                raise web.HTTPBadRequest(text=str(error)) from error
            try:
                result = await asyncio.to_thread(run, body)
            except self._parts.expected as error:
                raise web.HTTPBadGateway(text=str(error)) from error
            if changes:
                self._parts.watch.refresh()
            return _json(result)

        return handle


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
