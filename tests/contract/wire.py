"""HTTP and web sockets as the vendor's other clients speak them, for checks of the stand-in.

Neither client is in a package registry. What they send and expect was read in their public repositories
(Vantiq/vantiq-sdk-node 1.2.3 and Vantiq/vantiq-sdk-java 1.5.0) and is played here.
"""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import aiohttp

from local.vantiq import VantiqStandIn

API = "/api/v1"
PATIENCE_SECONDS = 10.0


class Reply(NamedTuple):
    """What a client looks at."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        """The JSON."""
        return json.loads(self.text)


class Wire:
    """One client's session with a stand-in over HTTPS."""

    def __init__(self, session: aiohttp.ClientSession, vantiq: VantiqStandIn, token: str) -> None:
        self.session = session
        self.url = vantiq.url
        self.token = token

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request with the token; parameters that are no text go as JSON."""
        told = {name: value if isinstance(value, str) else json.dumps(value) for name, value in (query or {}).items()}
        url = self.url + path + (f"?{urlencode(told)}" if told else "")
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"} | (headers or {})
        data = None if body is None else json.dumps(body)
        async with self.session.request(method, url, data=data, headers=sent) as response:
            lower = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status, lower, await response.text())


def converse(vantiq: VantiqStandIn, certificates: Path, talk: Callable[[Wire], Awaitable[None]]) -> None:
    """Run a conversation to its end, within a bound."""

    async def run() -> None:
        context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
            await asyncio.wait_for(talk(Wire(session, vantiq, vantiq.token)), 4 * PATIENCE_SECONDS)

    asyncio.run(run())
