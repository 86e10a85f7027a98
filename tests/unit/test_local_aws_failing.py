"""The emulator's services that fail at times."""

import asyncio
import json
import random
from pathlib import Path

import pytest

from local.aws.emulated.failing import Failing
from local.aws.emulated.guard import Message, Receive, Send

SIGNED = "AWS4-HMAC-SHA256 Credential=test/20261128/eu-central-1/{}/aws4_request, SignedHeaders=host, Signature=0"


def statuses(file: Path, service: str, count: int = 200) -> tuple[list[int], int]:
    """The statuses of many requests to a service, and how many of them were carried out."""
    carried_out, sent = list[Message](), list[int]()

    async def emulator(scope: Message, receive: Receive, send: Send) -> None:
        carried_out.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    async def receive() -> Message:
        return {"type": "http.request"}

    failing = Failing(emulator, file, random.Random(0))  # noqa: S311 - a reproducible draw
    scope = {"type": "http", "headers": [(b"Authorization", SIGNED.format(service).encode())]}
    for _ in range(count):
        asyncio.run(failing(scope, receive, send))
    return sent, len(carried_out)


def test_a_share_of_the_requests_to_a_service_fails_half_of_them_carried_out(tmp_path: Path) -> None:
    file = tmp_path / "failing.json"
    file.write_text(json.dumps({"s3": 0.5}))
    sent, carried_out = statuses(file, "s3")
    failed = sent.count(500)
    assert len(sent) == 200
    assert 70 < failed < 130
    assert 0.3 < (carried_out - sent.count(200)) / failed < 0.7


@pytest.mark.parametrize(("service", "content"), [("lambda", '{"s3": 1}'), ("s3", "{}"), ("s3", None)])
def test_other_services_and_those_of_which_nothing_is_said_never_fail(
    tmp_path: Path, service: str, content: str | None
) -> None:
    file = tmp_path / "failing.json"
    if content is not None:
        file.write_text(content)
    assert statuses(file, service) == ([200] * 200, 200)


def test_a_service_recovers_when_the_file_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "failing.json"
    file.write_text('{"s3": 1}')
    assert statuses(file, "s3", 3)[0] == [500] * 3
    file.unlink()
    assert statuses(file, "s3", 3)[0] == [200] * 3
