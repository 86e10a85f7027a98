"""The stand-in bears what the vendor's JavaScript client does on the wire (version 1.2.3, read in its repository)."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from local.vantiq import VantiqStandIn
from tests.contract.conftest import PASSWORD, USER
from tests.contract.wire import API, PATIENCE_SECONDS, Wire, converse

ORDERS = f"{API}/resources/custom/Order"


class SockJs:
    """SockJS over its web-socket transport, with the client's option ``server: "websocket"``."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._messages: list[str] = []

    async def send(self, message: dict[str, Any]) -> None:
        """An array of texts in a text frame."""
        await self._socket.send_str(json.dumps([json.dumps(message)]))

    async def message(self) -> dict[str, Any]:
        """The next message, which the client parses and whose headers it looks into without asking."""
        while not self._messages:
            frame = await self._frame()
            if frame[0] == "a":
                self._messages += json.loads(frame[1:])
        message: dict[str, Any] = json.loads(self._messages.pop(0))
        return message

    async def opened(self) -> None:
        """The frame before all messages."""
        assert await self._frame() == "o"

    async def _frame(self) -> str:
        received = await asyncio.wait_for(self._socket.receive(), PATIENCE_SECONDS)
        assert received.type is WSMsgType.TEXT
        return str(received.data)


@asynccontextmanager
async def subscriber(wire: Wire) -> AsyncIterator[SockJs]:
    """Connected and validated."""
    info = await wire.ask("GET", f"{API}/wsock/info")
    assert info.body["websocket"] is True
    async with wire.session.ws_connect(f"{wire.url}{API}/wsock/websocket/ab12cd34/websocket") as socket:
        sock = SockJs(socket)
        await sock.opened()
        await sock.send({"op": "validate", "resourceName": "system.credentials", "object": wire.token})
        assert (await sock.message())["status"] == 200
        yield sock


async def subscribe(wire: Wire, sock: SockJs, path: str, **parameters: Any) -> dict[str, Any]:
    """The answer to a subscription, whose request id is its path."""
    message = {"accessToken": wire.token, "op": "subscribe", "resourceName": "events", "resourceId": path}
    await sock.send(message | {"parameters": {**parameters, "requestId": path}})
    answer = await sock.message()
    assert (answer["status"], answer["headers"]["X-Request-Id"]) == (200, path)
    return answer


@pytest.mark.parametrize(
    ("resource", "name", "path"),
    [
        ("topics", "/orders/new", "/topics/orders/new"),
        ("services", "shop.Desk/Arrived", "/services//shop.Desk/Arrived"),
        ("services", "shop.Desk/Arrived", "/services/shop.Desk/Arrived"),
    ],
)
def test_events_come_over_sockjs(
    vantiq: VantiqStandIn, certificates: Path, resource: str, name: str, path: str
) -> None:
    async def talk(wire: Wire) -> None:
        async with subscriber(wire) as sock:
            await subscribe(wire, sock, path)
            assert (await wire.ask("POST", f"{API}/resources/{resource}/{name}", {"foo": "bar"})).status == 200
            event = await sock.message()
            assert (event["status"], event["headers"]["X-Request-Id"]) == (100, path)
            assert event["body"]["value"] == {"foo": "bar"}

    converse(vantiq, certificates, talk)


def test_a_sources_arrivals_are_at_their_path(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        async with subscriber(wire) as sock:
            await subscribe(wire, sock, "/sources/Outside")
            vantiq.receive("Outside", [1, 2])
            event = await sock.message()
            assert (event["body"]["path"], event["body"]["value"]) == ("/sources/Outside/receive", [1, 2])

    converse(vantiq, certificates, talk)


def test_a_persistent_subscription_has_a_name(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        async with subscriber(wire) as sock:
            answer = await subscribe(wire, sock, "/topics/orders/many", persistent=True)
            name = answer["body"]["subscriptionName"]
            assert isinstance(name, str)
        async with subscriber(wire) as sock:
            again = await subscribe(wire, sock, "/topics/orders/many", persistent=True, subscriptionName=name)
            assert again["body"]["subscriptionName"] == name

    converse(vantiq, certificates, talk)


def test_a_filter_lets_only_its_events_through(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        async with subscriber(wire) as sock:
            await subscribe(wire, sock, "/topics/orders/new", eventFilter={"kind": "b"})
            for body in ({"kind": "a"}, [1], {"kind": "b", "n": 1}):
                await wire.ask("POST", f"{API}/resources/topics//orders/new", body)
            assert (await sock.message())["body"]["value"] == {"kind": "b", "n": 1}

    converse(vantiq, certificates, talk)


def test_a_topic_that_nobody_registered_takes_publishes_and_passes_them_on(
    vantiq: VantiqStandIn, certificates: Path
) -> None:
    async def talk(wire: Wire) -> None:
        async with subscriber(wire) as sock:
            await subscribe(wire, sock, "/topics/test/sub/topic")
            assert (await wire.ask("POST", f"{API}/resources/topics//test/sub/topic", {"foo": "bar"})).status == 200
            assert (await sock.message())["body"]["value"] == {"foo": "bar"}

    converse(vantiq, certificates, talk)
    assert len(vantiq.journal) == 0


def test_deletes_are_known_by_their_204(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        created = (await wire.ask("POST", ORDERS, {"id": "a"})).body
        await wire.ask("POST", ORDERS, {"id": "b"})
        assert (await wire.ask("DELETE", f"{ORDERS}/{created['_id']}")).status == 204
        gone = await wire.ask("DELETE", ORDERS, query={"count": "true", "where": {"id": "b"}})
        assert (gone.status, gone.headers["x-total-count"], gone.text) == (204, "1", "")

    converse(vantiq, certificates, talk)


def test_selects_by_where_sort_props_and_page(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        for number in range(5):
            await wire.ask("POST", ORDERS, {"id": f"o{number}", "size": number})

        async def ids(**query: Any) -> list[str]:
            reply = await wire.ask("GET", ORDERS, query={"sort": {"id": 1}, **query})
            assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
            return [row["id"] for row in reply.body]

        assert await ids(where={"$nor": [{"size": {"$gt": 3}}, {"id": "o0"}]}) == ["o1", "o2", "o3"]
        assert await ids(where={"size": {"$not": {"$gte": 1}}}) == ["o0"]
        assert await ids(where={"id": {"$regex": "^o[12]$"}}) == ["o1", "o2"]
        assert await ids(limit="2", page="2") == ["o2", "o3"]
        count = await wire.ask("GET", ORDERS, query={"count": "true", "props": ["_id"], "limit": "2"})
        assert (count.headers["x-total-count"], len(count.body)) == ("5", 2)
        posted = await wire.ask("POST", f"{ORDERS}/select", {"size": {"$lt": 2}}, query={"sort": {"id": -1}})
        assert [row["id"] for row in posted.body] == ["o1", "o0"]
        types = await wire.ask("POST", f"{API}/resources/types/select", {"name": "Order"})
        assert [row["name"] for row in types.body] == ["Order"]

    converse(vantiq, certificates, talk)


@pytest.mark.parametrize("where", [{"$where": "x"}, {"a": {"$near": []}}, {"$nor": [{"$jsonSchema": {}}]}])
def test_an_operator_that_is_not_played_is_refused(
    vantiq: VantiqStandIn, certificates: Path, where: dict[str, Any]
) -> None:
    async def talk(wire: Wire) -> None:
        await wire.ask("POST", ORDERS, {"id": "a"})
        assert (await wire.ask("GET", ORDERS, query={"where": where})).status == 400

    converse(vantiq, certificates, talk)


def test_a_log_in_with_user_and_password(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        basic = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        reply = await wire.ask("GET", "/authenticate", headers={"Authorization": f"Basic {basic}"})
        wire.token = reply.body["accessToken"]
        assert (await wire.ask("GET", f"{API}/resources/types/Order")).body["name"] == "Order"

    converse(vantiq, certificates, talk)


def test_a_topic_without_its_slash_is_a_404(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        assert (await wire.ask("POST", f"{API}/resources/topics/orders", {})).status == 404

    converse(vantiq, certificates, talk)
