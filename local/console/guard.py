"""Who may use the console: pages that it has served itself, on this machine."""

import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

TOKEN_HEADER = "X-Console-Token"  # noqa: S105 a header's name
# Everything comes from the console itself. No inline script or style, and no string becomes markup or code: what a
# record or a broker says is text even where the page has a mistake.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NAMES = ("127.0.0.1", "localhost")
_API = "/api/"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def new_token() -> str:
    """A token that a page must send with every request for data; it lasts as long as the server."""
    return secrets.token_urlsafe(24)


def guard(token: str) -> Middleware:
    """Refuse foreign pages, and requests for data or actions that no page of this server has sent."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = _refusal(request, token)
        if refusal:
            response: web.StreamResponse = web.json_response({"error": refusal}, status=403)
        else:
            response = await _answered(request, handler)
        response.headers.update(HEADERS)
        return response

    return guarded


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return web.json_response({"error": error.text or error.reason}, status=error.status)


def _refusal(request: web.Request, token: str) -> str:
    """Why a request is refused; empty where it is not.

    A foreign page can make a browser send requests here: under another name that resolves to this machine (its Host is
    not ours), or across origins (its Origin is not ours, and it cannot know the token).
    """
    _, port, *_ = request.get_extra_info("sockname", ("", 0))
    hosts = [f"{name}:{port}" for name in _NAMES]
    if request.host not in hosts or request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
        return "the console is only available from this machine"
    if request.path.startswith(_API) and not _is_known(request.headers.get(TOKEN_HEADER, ""), token):
        return "this page was served by an earlier console; reload it"
    if request.method == "POST" and request.content_type != "application/json":
        return "the content type must be application/json"
    return ""


def _is_known(sent: str, token: str) -> bool:
    return secrets.compare_digest(sent.encode(errors="replace"), token.encode())
