"""The emulator's answers about event source mappings, completed by what the pollers know."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from local.aws.emulated.application import WithMappings
from local.aws.emulated.guard import Message, Receive, Send

LIST = "/2015-03-31/event-source-mappings"


def answered(folder: Path, path: str, body: bytes) -> tuple[bytes, bytes]:
    """The body of the completed response, and the length that it announces."""

    async def emulator(scope: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": body[5:]})

    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "path": path}
    asyncio.run(WithMappings(emulator, folder)(scope, receive, send))
    headers = {name.lower(): value for name, value in messages[0]["headers"]}
    return b"".join(message.get("body", b"") for message in messages[1:]), headers[b"content-length"]


def write(folder: Path, mapping_id: str, **fields: Any) -> None:
    (folder / f"{mapping_id}.json").write_text(json.dumps(fields))


@pytest.mark.parametrize("path", [LIST, f"{LIST}/"])
def test_a_mapping_has_the_topics_and_the_last_result_of_its_poller(tmp_path: Path, path: str) -> None:
    write(tmp_path, "1", Topics=["orders"], LastProcessingResult="OK")
    mappings = [{"UUID": "1", "LastProcessingResult": "No records processed"}, {"UUID": "2"}]
    body, length = answered(tmp_path, path, json.dumps({"EventSourceMappings": mappings}).encode())
    assert json.loads(body)["EventSourceMappings"] == [
        {"UUID": "1", "LastProcessingResult": "OK", "Topics": ["orders"]},
        {"UUID": "2"},
    ]
    assert int(length) == len(body)


def test_one_mapping_is_completed_too(tmp_path: Path) -> None:
    write(tmp_path, "1", Topics=["orders"])
    body, _ = answered(tmp_path, f"{LIST}/1", b'{"UUID": "1"}')
    assert json.loads(body) == {"UUID": "1", "Topics": ["orders"]}


def test_whatever_else_the_emulator_says_stays_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "1", Topics=["orders"])
    said = b'{"UUID": "1"}'
    assert answered(tmp_path, "/2015-03-31/functions", said)[0] == said
    assert answered(tmp_path, LIST, b"no JSON at all")[0] == b"no JSON at all"
