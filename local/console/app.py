"""The console's server: it shows what the deployed matrix answers, and runs the probes for whoever asks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import web

from local.aws.functions import FunctionError, FunctionUnavailableError
from local.console.page import page, trouble

MATRIX = "ProbeMatrixFunction"
PROBES = ("ProducerProbeFunction", "ConsumerProbeFunction")
# Nothing of the page comes from elsewhere, and it runs no script.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Invokes(Protocol):
    """Invokes a deployed function by its logical id."""

    def __call__(self, logical_id: str, event: dict[str, Any]) -> Any:
        """Its answer; raises ``FunctionError`` or ``FunctionUnavailableError``."""
        ...


def console(invoke: Invokes) -> web.Application:
    """``GET /`` shows the matrix, ``POST /probe`` runs both probes first."""

    async def show(_: web.Request) -> web.Response:
        try:
            content, status = str(await asyncio.to_thread(invoke, MATRIX, {})), 200
        except (FunctionError, FunctionUnavailableError) as error:
            content, status = trouble(str(error)), 502
        return web.Response(text=page(content), content_type="text/html", status=status, headers=_HEADERS)

    async def probe(_: web.Request) -> web.Response:
        # What goes wrong with a probe stands in its log, and the matrix tells a result that is missing.
        runs = (asyncio.to_thread(invoke, each, {}) for each in PROBES)
        for outcome in await asyncio.gather(*runs, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, FunctionError | FunctionUnavailableError):
                raise outcome
        raise web.HTTPSeeOther("/")

    app = web.Application(middlewares=[_only_from_here])
    app.add_routes([web.get("/", show), web.post("/probe", probe)])
    return app


@web.middleware
async def _only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a foreign page makes a browser send: another name that leads here, or a form of its own."""
    host = request.host.rpartition(":")[0]
    origin = request.headers.get("Origin", f"http://{request.host}")
    if host not in ("127.0.0.1", "localhost") or origin != f"http://{request.host}":
        raise web.HTTPForbidden(text="this console answers on this machine only")
    return await handler(request)
