"""The vendor's own Python client, unchanged, against the stand-in over HTTPS."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from vantiqsdk import Vantiq, VantiqException, VantiqResources

from local.vantiq import VantiqStandIn
from tests.contract.conftest import PASSWORD, USER

pytestmark = pytest.mark.enable_socket

WAIT_SECONDS = 10

Conversation = Callable[[Any], Awaitable[None]]


@pytest.fixture
def converse(
    vantiq: VantiqStandIn, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Conversation], None]:
    """Run a conversation with a client that holds the token, trusting the test's CA and no proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    # The client's web socket opens with the default context, its requests with the one given.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))

    def run(conversation: Conversation) -> None:
        async def hold() -> None:
            async with Vantiq(vantiq.url, "1", ssl=context) as client:
                await client.set_access_token(vantiq.token)
                await asyncio.wait_for(conversation(client), WAIT_SECONDS)

        asyncio.run(hold())

    return run


class Ear:
    """A subscriber's callback that remembers what it heard."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    async def __call__(self, what: str, message: dict[str, Any]) -> None:
        await self.heard.put((what, message))

    async def connected(self) -> dict[str, Any]:
        what, message = await asyncio.wait_for(self.heard.get(), WAIT_SECONDS)
        assert what == "connect"
        return message

    async def event(self) -> dict[str, Any]:
        what, message = await asyncio.wait_for(self.heard.get(), WAIT_SECONDS)
        assert what == "message"
        body: dict[str, Any] = message["body"]
        return body


def test_a_user_logs_in_with_a_password_and_refreshes_the_token(converse: Any, vantiq: VantiqStandIn) -> None:
    async def conversation(client: Any) -> None:
        await client.authenticate(USER, PASSWORD)
        first = client.get_access_token()
        await client.refresh()
        assert client.get_id_token()
        assert client.get_access_token() not in (first, vantiq.token)
        assert (await client.select("Order")).is_success

    converse(conversation)


def test_a_wrong_token_is_told_so_in_the_documented_shape(converse: Any) -> None:
    async def conversation(client: Any) -> None:
        await client.set_access_token("wrong")
        answer = await client.publish(VantiqResources.TOPICS, "/orders/new", {"id": 1})
        assert (answer.status_code, answer.errors[0].code) == (401, "io.vantiq.authentication.failed")

    converse(conversation)


def test_publishes_to_topic_service_and_source(converse: Any, vantiq: VantiqStandIn) -> None:
    async def conversation(client: Any) -> None:
        for resource, name in (
            (VantiqResources.TOPICS, "/orders/new"),
            (VantiqResources.SERVICES, "shop.Desk/Arrived"),
            (VantiqResources.SOURCES, "Outside"),
        ):
            assert (await client.publish(resource, name, {"to": name})).is_success

    converse(conversation)
    assert [(entry.kind, entry.name, entry.value()) for entry in vantiq.journal.entries()] == [
        ("topics", "/orders/new", {"to": "/orders/new"}),
        ("services", "shop.Desk/Arrived", {"to": "shop.Desk/Arrived"}),
        ("sources", "Outside", {"to": "Outside"}),
    ]


def test_a_topic_subscriber_hears_each_unwound_event_in_order(converse: Any) -> None:
    async def conversation(client: Any) -> None:
        ear = Ear()
        assert (await client.subscribe(VantiqResources.TOPICS, "/orders/many", None, ear)).is_success
        subscription = await ear.connected()
        await client.publish(VantiqResources.TOPICS, "/orders/many", [{"id": 1}, {"id": 2}, {"id": 3}])
        events = [await ear.event() for _ in range(3)]
        assert [event["value"] for event in events] == [{"id": 1}, {"id": 2}, {"id": 3}]
        assert {event["path"] for event in events} == {"/topics/orders/many/publish"}
        request_id = subscription["headers"]["X-Request-Id"]
        await client.ack(request_id, subscription["body"]["name"], events[-1])
        # The acknowledgement is no event: the next thing heard is the next publish.
        await client.publish(VantiqResources.TOPICS, "/orders/many", {"id": 4})
        assert (await ear.event())["value"] == {"id": 4}

    converse(conversation)


def test_subscribers_hear_of_types_services_and_sources(converse: Any, vantiq: VantiqStandIn) -> None:
    async def conversation(client: Any) -> None:
        inserts, deletes, arrivals, messages = Ear(), Ear(), Ear(), Ear()
        await client.subscribe(VantiqResources.TYPES, "Order", "insert", inserts)
        await client.subscribe(VantiqResources.TYPES, "Order", "delete", deletes)
        await client.subscribe(VantiqResources.SERVICES, "shop.Desk/Arrived", None, arrivals)
        await client.subscribe(VantiqResources.SOURCES, "Outside", None, messages)
        for ear in (inserts, deletes, arrivals, messages):
            await ear.connected()
        await client.insert("Order", {"id": "a"})
        await client.publish(VantiqResources.SERVICES, "shop.Desk/Arrived", {"who": "b"})
        await client.delete("Order", {"id": "a"})
        vantiq.receive("Outside", {"c": 1})
        inserted = await inserts.event()
        assert inserted["path"].startswith("/types/Order/insert")
        assert inserted["value"]["id"] == "a"
        assert (await arrivals.event())["value"] == {"who": "b"}
        assert (await deletes.event())["value"]["id"] == "a"
        assert (await messages.event())["value"] == {"c": 1}

    converse(conversation)


def test_a_subscriber_with_a_wrong_token_is_refused(converse: Any) -> None:
    async def conversation(client: Any) -> None:
        await client.set_access_token("wrong")
        with pytest.raises(VantiqException) as refused:
            await client.start_subscriber_transport()
        assert "Failed to authenticate supplied credentials" in str(refused.value)

    converse(conversation)


def test_inserts_selects_counts_updates_and_deletes(converse: Any) -> None:
    async def conversation(client: Any) -> None:
        for number in range(5):
            row = (await client.insert("Order", {"id": f"o{number}", "size": number})).body
            assert row["_id"]
            assert row["ars_version"] == 1
        answer = await client.select("Order", ["id"], {"size": {"$gte": 2}}, {"size": -1}, limit=2)
        assert answer.body == [{"id": "o4"}, {"id": "o3"}]
        assert answer.count == 3
        assert (await client.count("Order", {"size": {"$lt": 2}})).count == 2
        assert (await client.update("Order", "o1", {"size": 10})).body["size"] == 10
        assert (await client.select_one("Order", "o1")).body["size"] == 10
        assert (await client.delete("Order", {"size": {"$lt": 5}})).count == 4
        assert (await client.delete("Order", {"id": "o1"})).count == 1
        # As the forwarder deletes the row of a tombstone: that it is gone is an error, and only a select proves it.
        gone = await client.delete("Order", {"id": "o1"})
        assert (gone.is_success, gone.errors[0].code) == (False, "io.vantiq.resource.not.found")
        assert (await client.select("Order", where={"id": "o1"})).body == []
        assert (await client.insert("Order", {"id": "o1"})).is_success
        assert (await client.delete_one("Order", "o1")).is_success
        assert (await client.select("Order")).body == []

    converse(conversation)


def test_an_upsert_of_the_same_natural_key_changes_the_row_that_is_there(converse: Any) -> None:
    async def conversation(client: Any) -> None:
        created = (await client.upsert("Order", {"id": "o", "size": 1})).body
        changed = (await client.upsert("Order", {"id": "o", "size": 2})).body
        assert changed["size"] == 2
        assert not changed.keys() & {"id", "_id"}
        rows = (await client.select("Order")).body
        assert [(row["_id"], row["size"], row["ars_version"]) for row in rows] == [(created["_id"], 2, 2)]

    converse(conversation)


def test_executes_a_procedure_and_queries_a_source(converse: Any) -> None:
    async def conversation(client: Any) -> None:
        assert (await client.execute("shop.echo", {"a": 1})).body == {"a": 1}
        assert (await client.query("Outside", {"q": 1})).body == {"q": 1}

    converse(conversation)


def test_creates_and_activates_system_resources(converse: Any, vantiq: VantiqStandIn) -> None:
    async def conversation(client: Any) -> None:
        assert (await client.insert(VantiqResources.TYPES, {"name": "T", "naturalKey": ["k"]})).is_success
        assert (await client.insert("T", {"k": 1})).is_success
        await client.insert(VantiqResources.PROCEDURES, {"ruleText": "PROCEDURE p.twice(n)\nreturn n"})
        assert (await client.execute("p.twice", {"n": 2})).is_success
        assert (await client.select_one(VantiqResources.TOPICS, "/orders/many")).body["isReliable"] is True
        token = (await client.insert(VantiqResources.TOKENS, {"name": "forwarder"})).body["accessToken"]
        await client.set_access_token(token)
        assert (await client.count("T")).count == 1
        await client.delete_one(VantiqResources.TYPES, "T")
        assert not (await client.select("T")).is_success
        await client.delete_one(VantiqResources.TOKENS, "forwarder")
        assert (await client.select("Order")).status_code == 401

    converse(conversation)


@pytest.mark.parametrize(
    ("resource", "code", "params"),
    [
        ("Nothing", "com.accessg2.ag2rs.type.not.found", ["Nothing"]),
        ("system.junkola", "io.vantiq.type.system.resource.unknown", ["junkola"]),
    ],
)
def test_what_does_not_exist_is_named_in_the_error(converse: Any, resource: str, code: str, params: list[str]) -> None:
    async def conversation(client: Any) -> None:
        answer = await client.select(resource)
        assert not answer.is_success
        assert (answer.errors[0].code, answer.errors[0].params) == (code, params)

    converse(conversation)


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        (VantiqResources.SERVICES, "shop.Desk/Nothing"),
        (VantiqResources.SERVICES, "no.Svc/Arrived"),
        (VantiqResources.SOURCES, "Nothing"),
    ],
)
def test_publishing_to_what_does_not_exist_is_refused(converse: Any, resource: str, name: str) -> None:
    async def conversation(client: Any) -> None:
        answer = await client.publish(resource, name, {})
        assert (answer.status_code, answer.errors[0].code) == (400, "io.vantiq.resource.not.found")

    converse(conversation)


def test_the_target_namespace_decides_where_a_call_goes(converse: Any, vantiq: VantiqStandIn) -> None:
    vantiq.define("topics", {"name": "/elsewhere"}, namespace="other")

    async def conversation(client: Any) -> None:
        client.set_target_namespace("other")
        assert (await client.publish(VantiqResources.TOPICS, "/elsewhere", {})).is_success
        client.set_target_namespace("nowhere")
        answer = await client.publish(VantiqResources.TOPICS, "/elsewhere", {})
        assert answer.errors[0].code == "io.vantiq.resource.not.found"
        client.set_target_namespace("closed")
        assert (await client.publish(VantiqResources.TOPICS, "/elsewhere", {})).status_code == 403

    converse(conversation)
    assert [entry.namespace for entry in vantiq.journal.entries()] == ["other"]


def test_the_client_needs_nothing_but_the_ca_in_its_environment(vantiq: VantiqStandIn, certificates: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from vantiqsdk import Vantiq, VantiqResources\n"
        "async def main():\n"
        "    async with Vantiq(sys.argv[1]) as client:\n"
        "        await client.set_access_token(sys.argv[2])\n"
        "        answer = await client.publish(VantiqResources.TOPICS, '/orders/new', {'id': 7})\n"
        "        assert answer.is_success, answer\n"
        "asyncio.run(main())\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | {
        "SSL_CERT_FILE": str(certificates / "ca.pem")
    }
    subprocess.run([sys.executable, "-c", script, vantiq.url, vantiq.token], env=environment, check=True, timeout=60)
    assert vantiq.journal.values() == [{"id": 7}]
