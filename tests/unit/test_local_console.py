"""The console's server: who may ask it, and what it answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from local.console.app import console
from local.console.guard import TOKEN_HEADER
from tests.browser.worlds import faulty
from tests.fakes.console_world import LETTER, MARKUP, World

pytestmark = pytest.mark.enable_socket
Client = TestClient[Request, Application]
TOKEN = "page's own"
PATIENCE_SECONDS = 10.0
PAGE = {TOKEN_HEADER: TOKEN}
POSTS = ("/api/actions/write-records", "/api/letters/replay", "/api/topics/apply")


@pytest.fixture
def world() -> World:
    return faulty()


def ask(world: World, question: Callable[[Client], Awaitable[ClientResponse]]) -> tuple[int, str, Any]:
    """Status, text and headers of the response to one request."""

    async def talk() -> tuple[int, str, Any]:
        async with TestClient(TestServer(console(world.parts(), TOKEN), host="127.0.0.1")) as client:
            response = await question(client)
            return response.status, await response.text(), response.headers

    return asyncio.run(talk())


def post(world: World, path: str, body: Any, headers: dict[str, str] = PAGE) -> tuple[int, str, Any]:
    return ask(world, lambda client: client.post(path, json=body, headers=headers))


def get(world: World, path: str, headers: dict[str, str]) -> tuple[int, str, Any]:
    return ask(world, lambda client: client.get(path, headers=headers))


def acted(world: World) -> list[Any]:
    """What the redrive was asked for by a page; the server itself lists the letters."""
    return [event for event in world.redrive.events if event["action"] != "list"]


def test_the_page_carries_the_token_and_runs_no_inline_script(world: World) -> None:
    status, text, headers = ask(world, lambda client: client.get("/"))
    assert status == 200
    assert 'content="page&#x27;s own"' in text
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
    ],
)
def test_a_foreign_page_can_neither_read_nor_act_even_with_the_token(world: World, headers: dict[str, str]) -> None:
    for path in ("/", "/static/main.js", "/api/state"):
        assert get(world, path, {**PAGE, **headers})[0] == 403
    for path in POSTS:
        assert post(world, path, {}, {**PAGE, **headers})[0] == 403
    assert (world.done, acted(world), world.applied) == ([], [], [])


@pytest.mark.parametrize("headers", [{}, {TOKEN_HEADER: "guessed"}, {TOKEN_HEADER: "é"}])
def test_without_the_pages_token_nothing_is_read_and_nothing_is_done(world: World, headers: dict[str, str]) -> None:
    assert ask(world, lambda client: client.get("/api/state", headers=headers))[0] == 403
    for path in POSTS:
        status, text, _ = post(world, path, {}, headers)
        assert (status, "reload it" in text) == (403, True)
    assert (world.done, acted(world), world.applied) == ([], [], [])


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_is_refused(world: World, content_type: str) -> None:
    headers = {**PAGE, "Content-Type": content_type}
    status, _, _ = ask(world, lambda client: client.post(POSTS[0], data=b"{}", headers=headers))
    assert status == 403
    assert world.done == []


def test_nothing_is_done_by_get(world: World) -> None:
    for path in POSTS:
        assert get(world, path, PAGE)[0] == 405


def test_every_response_has_the_headers_also_an_error(world: World) -> None:
    for path, expected in (("/", 200), ("/nothing", 404), ("/api/state", 403), ("/static/../app.py", 404)):
        status, _, headers = get(world, path, {})
        assert status == expected
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_the_state_holds_the_points_behind_a_moment_only(world: World) -> None:
    status, text, _ = ask(world, lambda client: client.get("/api/state?after=0", headers=PAGE))
    assert (status, text.count('"late') > 1000) == (200, True)
    _, text, _ = ask(world, lambda client: client.get("/api/state?after=9e12", headers=PAGE))
    assert '"points":[]' in text
    assert ask(world, lambda client: client.get("/api/state?after=now", headers=PAGE))[0] == 400


def test_an_action_is_started_and_an_unknown_one_refused(world: World) -> None:
    async def start_and_wait(client: Client) -> ClientResponse:
        response = await client.post("/api/actions/write-records", json={}, headers=PAGE)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not world.done:
                await asyncio.sleep(0.01)
        return response

    assert ask(world, start_and_wait)[0] == 202
    assert world.done == ["200 records were written to orders."]
    status, text, _ = post(world, "/api/actions/format-disk", {})
    assert (status, "there is no action format-disk" in text) == (404, True)


def test_a_letters_payload_is_read_only_on_demand(world: World) -> None:
    _, text, _ = post(world, "/api/letters/show", {"name": LETTER})
    assert "value" not in text.replace("io.vantiq.value.invalid", "")
    _, text, _ = post(world, "/api/letters/show", {"name": LETTER, "payload": True})
    assert MARKUP.replace('"', '\\"') in text


def test_a_replay_is_a_dry_run_unless_it_says_otherwise(world: World) -> None:
    post(world, "/api/letters/replay", {"topic": "orders"})
    post(world, "/api/letters/replay", {"topic": "orders", "dry_run": False})
    replays = [event for event in world.redrive.events if event["action"] == "replay"]
    assert [event["dry_run"] for event in replays] == [True, False]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/letters/replay", {"dry_run": "no"}),
        ("/api/letters/replay", {"unknown": 1}),
        ("/api/letters/show", {"name": "failures/other"}),
        ("/api/letters/names", {"first": "", "last": ""}),
        ("/api/topics/apply", {}),
    ],
)
def test_a_body_of_another_form_is_refused_and_named(world: World, path: str, body: Any) -> None:
    status, text, _ = post(world, path, body)
    assert status == 400
    assert text.startswith('{"error": "Object ') or "$" in text


def test_the_very_plan_that_was_shown_is_applied(world: World) -> None:
    assert post(world, "/api/topics/apply", {"plan": {"steps": [1]}})[0] == 200
    assert world.applied == [{"steps": [1]}]
