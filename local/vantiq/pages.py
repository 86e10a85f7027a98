"""No web page is answered: one of another origin could use up a planned fault, or do what the control API does."""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

# Browsers name the page that a request comes from; Vantiq's clients and ours send neither.
_SENT_BY_BROWSERS = ("Origin", "Sec-Fetch-Site")
_NAMES = frozenset({"localhost", "host.docker.internal"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refuse_pages(hosts: Sequence[str]) -> Middleware:
    """Answer 403 to what a browser sends, and to who uses a name that was made to lead here.

    Args:
        hosts: names that the server listens on, beside its usual ones; addresses are always right.
    """
    names = _NAMES | set(hosts)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        from_page = any(name in request.headers for name in _SENT_BY_BROWSERS)
        host = request.url.host or ""
        if from_page or not (host in names or _is_address(host)):
            body = msgspec.json.encode({"error": "the stand-in does not answer web pages or under a foreign name"})
            return web.Response(status=403, body=body, content_type="application/json")
        return await handler(request)

    return guarded


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
