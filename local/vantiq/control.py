"""The control API under ``/standin/``: look at the journal, make the server fail, start afresh.

It answers to loopback addresses only and has no token of its own: its callers are already on the machine that owns
everything the stand-in holds.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec
from aiohttp import web

from local.vantiq.faults import Fault, Faults
from local.vantiq.journal import Journal
from local.vantiq.stats import Stats

Handler = Callable[[web.Request], Awaitable[web.Response]]
_PAGE = 1000


class Controlled(Protocol):
    """The server, as far as it is controlled from outside."""

    journal: Journal
    faults: Faults
    stats: Stats

    @property
    def swallowed(self) -> Mapping[str, int]:
        """How often something was published to a topic that is not registered."""

    def rotate_token(self, token: str | None = None) -> str:
        """Refuse every earlier token from now on."""

    def receive(self, source: str, message: Any) -> None:
        """Let a message arrive from a source."""

    def reset(self) -> None:
        """Forget journal, faults and statistics."""


def add_routes(app: web.Application, vantiq: Controlled) -> None:
    """Add the control API of a stand-in to its server."""
    routes = _Control(vantiq)
    for method, path, handler in (
        ("GET", "/standin/journal", routes.journal),
        ("GET", "/standin/stats", routes.stats),
        ("GET", "/standin/faults", routes.faults),
        ("POST", "/standin/faults", routes.add_faults),
        ("DELETE", "/standin/faults", routes.clear_faults),
        ("POST", "/standin/rotate-token", routes.rotate_token),
        ("POST", "/standin/receive/{source}", routes.receive),
        ("POST", "/standin/reset", routes.reset),
    ):
        app.router.add_route(method, path, _loopback_only(handler))


class _Control:
    def __init__(self, vantiq: Controlled) -> None:
        self._vantiq = vantiq

    async def journal(self, request: web.Request) -> web.Response:
        """``?after=SEQ&limit=N``: the entries, and in ``last`` the newest sequence number that there is."""
        try:
            after = max(0, int(request.query.get("after", "0")))
            limit = max(1, int(request.query.get("limit", str(_PAGE))))
        except ValueError:
            return _json({"error": "after and limit must be integers"}, 400)
        journal = self._vantiq.journal
        return _json({"last": len(journal), "entries": journal.entries(after, limit)})

    async def stats(self, _: web.Request) -> web.Response:
        stats = self._vantiq.stats
        return _json(
            {
                "accepted": len(self._vantiq.journal),
                "requests": stats.requests,
                "answers": stats.answers,
                "in_flight": stats.in_flight,
                "most_in_flight": stats.most_in_flight,
                "faults_played": self._vantiq.faults.played,
                "swallowed": self._vantiq.swallowed,
            }
        )

    async def faults(self, _: web.Request) -> web.Response:
        return _json(self._vantiq.faults.active())

    async def add_faults(self, request: web.Request) -> web.Response:
        """One fault, or an array of them."""
        body = await request.read()
        try:
            faults = msgspec.json.decode(body, type=Fault | list[Fault])
        except msgspec.MsgspecError as exc:
            return _json({"error": str(exc)}, 400)
        if isinstance(faults, Fault):
            faults = [faults]
        self._vantiq.faults.add(*faults)
        return _json(self._vantiq.faults.active())

    async def clear_faults(self, _: web.Request) -> web.Response:
        self._vantiq.faults.clear()
        return _json([])

    async def rotate_token(self, request: web.Request) -> web.Response:
        """Every earlier token is refused with 401 from now on; the new one goes into the token file."""
        token = (await request.text()).strip() or None
        self._vantiq.rotate_token(token)
        return _json({"rotated": True})

    async def receive(self, request: web.Request) -> web.Response:
        self._vantiq.receive(request.match_info["source"], await request.json())
        return _json({"received": True})

    async def reset(self, _: web.Request) -> web.Response:
        self._vantiq.reset()
        return _json({"reset": True})


def _loopback_only(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.Response:
        if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104
            return _json({"error": "the control API is only available from this machine"}, 403)
        return await handler(request)

    return guarded


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")
