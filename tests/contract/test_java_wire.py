"""The stand-in bears what the vendor's Java client does on the wire (version 1.5.0, read in its repository)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType

from local.vantiq import VantiqStandIn
from tests.contract.wire import API, PATIENCE_SECONDS, Wire, converse

ORDERS = f"{API}/resources/custom/Order"


class Subscriber:
    """It hears binary frames only, and looks up the request of every message that has headers at all."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._subscribed: dict[str, bool] = {}

    async def send(self, message: dict[str, Any]) -> None:
        """Requests are text."""
        await self._socket.send_str(json.dumps(message))

    async def ping(self) -> None:
        """Its own, every 30 seconds: a binary frame that is no JSON, and nobody answers."""
        await self._socket.send_bytes(b"Vantiq-Ping")

    async def message(self) -> dict[str, Any]:
        """The next message."""
        received = await asyncio.wait_for(self._socket.receive(), PATIENCE_SECONDS)
        assert received.type is WSMsgType.BINARY
        message: dict[str, Any] = json.loads(received.data)
        if message.get("headers") is not None:
            # A null pointer where the id is not that of a subscription.
            assert message["headers"].get("X-Request-Id") in self._subscribed
        return message

    async def subscribe(self, path: str, token: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a subscription."""
        self._subscribed[path] = False
        message = {"op": "subscribe", "resourceName": "events", "resourceId": path, "accessToken": token}
        await self.send(message | {"parameters": {**parameters, "requestId": path}})
        return await self.message()


@asynccontextmanager
async def subscriber(wire: Wire) -> AsyncIterator[Subscriber]:
    """Connected and validated."""
    async with wire.session.ws_connect(f"{wire.url}{API}/wsock/websocket") as socket:
        made = Subscriber(socket)
        await made.send({"op": "validate", "resourceName": "system.credentials", "object": wire.token})
        answer = await made.message()
        assert (answer["status"], "headers" in answer) == (200, False)
        yield made


def test_events_come_in_binary_frames_and_pings_disturb_nothing(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        async with subscriber(wire) as ear:
            assert (await ear.subscribe("/topics/orders/new", wire.token))["status"] == 200
            await ear.ping()
            assert (await wire.ask("POST", f"{API}/resources/topics//orders/new", {"k": 42})).status == 200
            event = await ear.message()
            assert (event["status"], event["body"]["value"]) == (100, {"k": 42})
            assert event["body"]["path"] == "/topics/orders/new/publish"
            sequence = {"sequenceId": float(event["body"]["sequenceId"]), "partitionId": 0.0}
            await ear.send({"op": "acknowledge", "resourceName": "events", "parameters": sequence})
            await wire.ask("POST", f"{API}/resources/topics//orders/new", {"k": 43})
            assert (await ear.message())["body"]["value"] == {"k": 43}

    converse(vantiq, certificates, talk)


def test_a_subscription_is_taken_up_again_by_its_name(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        async with subscriber(wire) as ear:
            answer = await ear.subscribe("/topics/orders/many", wire.token, persistent=True)
            name = answer["body"]["subscriptionName"]
            assert isinstance(name, str)
        async with subscriber(wire) as ear:
            known = {"persistent": True, "subscriptionId": name}
            again = await ear.subscribe("/topics/orders/many", wire.token, **known)
            assert again["body"]["subscriptionName"] == name

    converse(vantiq, certificates, talk)


def test_a_token_that_is_not_valid_is_told_in_a_frame(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        async with wire.session.ws_connect(f"{wire.url}{API}/wsock/websocket") as socket:
            made = Subscriber(socket)
            await made.send({"op": "validate", "resourceName": "system.credentials", "object": "no token"})
            answer = await made.message()
            assert (answer["status"], answer["body"][0]["code"]) == (400, "io.vantiq.authentication.failed")

    converse(vantiq, certificates, talk)


def test_a_duplicate_is_a_409_with_its_code(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        assert (await wire.ask("POST", ORDERS, {"id": "a"})).status == 200
        again = await wire.ask("POST", ORDERS, {"id": "a"})
        assert (again.status, again.body[0]["code"]) == (409, "io.vantiq.resource.duplicate.key")

    converse(vantiq, certificates, talk)


def test_a_source_is_created_or_updated_by_a_post(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        for pause in (1, 2):
            body = {"name": "Outside", "type": "REMOTE", "config": {"pollingInterval": pause}}
            assert (await wire.ask("POST", f"{API}/resources/sources", body)).status == 200
        row = (await wire.ask("GET", f"{API}/resources/sources/Outside")).body
        assert row["config"] == {"pollingInterval": 2}

    converse(vantiq, certificates, talk)


def test_another_namespace_is_named_by_a_header_or_a_parameter(vantiq: VantiqStandIn, certificates: Path) -> None:
    vantiq.define("types", {"name": "Elsewhere"}, namespace="other")

    async def talk(wire: Wire) -> None:
        path = f"{API}/resources/types/Elsewhere"
        assert (await wire.ask("GET", path)).status == 400
        assert (await wire.ask("GET", path, headers={"X-Target-Namespace": "other"})).status == 200
        assert (await wire.ask("GET", path, query={"targetNamespace": "other"})).status == 200
        assert (await wire.ask("GET", path, query={"targetNamespace": "closed"})).status == 403

    converse(vantiq, certificates, talk)


def test_a_batch_carries_the_token_in_each_of_its_requests(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        own = {"Authorization": f"Bearer {wire.token}"}
        items = [
            {"method": "POST", "headers": own, "uri": "/custom/Order", "body": {"id": "a"}},
            {"method": "POST", "headers": own, "uri": "/custom/Order", "body": [{"id": "a"}, {"id": "b"}]},
        ]
        first, second = (await wire.ask("POST", f"{API}/batch", items)).body
        assert {first["status"], second["status"]} <= {200, 409}
        assert {element["status"] for element in second["body"]} <= {200, 409}

    converse(vantiq, certificates, talk)


def test_a_revoked_token_is_refused(vantiq: VantiqStandIn, certificates: Path) -> None:
    async def talk(wire: Wire) -> None:
        session = (await wire.ask("GET", "/authenticate")).body["accessToken"]
        plain = {"Content-Type": "plain/text"}
        async with wire.session.post(wire.url + "/authenticate/revoke", data=session, headers=plain) as response:
            assert response.status == 200
        wire.token = session
        refused = await wire.ask("GET", f"{API}/resources/types")
        assert (refused.status, refused.body[0]["code"]) == (401, "io.vantiq.authentication.failed")

    converse(vantiq, certificates, talk)
