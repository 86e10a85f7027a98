"""Who the AWS emulator answers: programs with its session token, and no web page."""

import asyncio
from typing import Any

import pytest

from local.aws.emulated.guard import Guarded, Message, Receive, Send

HOSTS = frozenset({"127.0.0.1", "localhost", "host.docker.internal"})
TOKEN = "the-token"
AWS = {"host": "127.0.0.1:4566", "x-amz-security-token": TOKEN}


async def application(scope: Message, receive: Receive, send: Send) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"everything"})


def answer(headers: dict[str, str], method: str = "POST", path: str = "/", query: str = "") -> tuple[int, bytes]:
    sent: list[Message] = []
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> Message:
        raise AssertionError("nothing is read of a refused request")

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Guarded(application, HOSTS, TOKEN)(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost:4566", "host.docker.internal:4566"])
def test_a_client_with_the_session_token_is_answered(host: str) -> None:
    assert answer({**AWS, "host": host}) == (200, b"everything")


def test_a_presigned_address_carries_the_token_in_its_query() -> None:
    assert answer({"host": AWS["host"]}, "GET", "/bucket/key", f"X-Amz-Security-Token={TOKEN}&a=b")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {**AWS, "origin": "http://127.0.0.1:4566"},
        {**AWS, "origin": "https://example.com"},
        {**AWS, "sec-fetch-site": "cross-site"},
        {**AWS, "host": "example.com:4566"},
        {**AWS, "host": "127.0.0.1.example.com:4566"},
        {**AWS, "host": ""},
        {"host": AWS["host"]},
        {**AWS, "x-amz-security-token": "another"},
        {**AWS, "x-amz-security-token": ""},
        {**AWS, "x-amz-security-token": "ä"},
    ],
)
def test_anybody_else_is_refused(headers: dict[str, str]) -> None:
    status, body = answer(headers)
    assert status == 403
    assert b"everything" not in body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_ministack/ready", 200),
        ("PUT", "/_ministack/cfn-response/c0ffee", 200),
        ("GET", "/_ministack/cfn-response/c0ffee", 403),
        ("POST", "/_ministack/ready", 403),
        ("POST", "/_ministack/reset", 403),
    ],
)
def test_only_readiness_and_answers_of_custom_resources_need_no_token(method: str, path: str, status: int) -> None:
    assert answer({"host": AWS["host"]}, method, path)[0] == status
    assert answer({"host": AWS["host"], "origin": "https://example.com"}, method, path)[0] == 403


def test_a_web_socket_of_a_page_is_closed() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {}

    scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"127.0.0.1:1"), (b"origin", b"http://x")]}
    asyncio.run(Guarded(application, HOSTS, TOKEN)(scope, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]
