"""The console's server: it shows the deployed matrix, and runs the probes on request."""

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
        """Its response.

        Raises:
            FunctionError, FunctionUnavailableError: there is none.
        """
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
        # The error of a probe is in its log, and the matrix shows that a result is missing.
        runs = (asyncio.to_thread(invoke, probe, {}) for probe in PROBES)
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
        raise web.HTTPForbidden(text="the console is only available from this machine")
    return await handler(request)
