"""The emulator as an ASGI application whose Lambda also returns what only a mapping's poller knows.

The emulator leaves out a mapping's topics, and always says that no record was processed. The pollers write both to a
file for each mapping, named after its UUID, in the folder ``mappings`` below the current one.
"""

import json
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

# Loaded from its file, in the emulator's own environment.
sys.path.insert(0, str(Path(__file__).parents[3]))

from local.aws.emulated.failing import Failing
from local.aws.emulated.guard import Application, Guarded, Message, Receive, Send

_PATH = re.compile(r"/2015-03-31/event-source-mappings(/[^/]*)?")


class WithMappings:
    """An application that completes another one's descriptions of event source mappings."""

    def __init__(self, emulator: Application, folder: Path) -> None:
        self._emulator = emulator
        self._folder = folder

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _PATH.fullmatch(scope["path"]):
            await self._emulator(scope, receive, send)
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._emulator(scope, receive, keep)
        body = b"".join(message.get("body", b"") for message in messages if message["type"] == "http.response.body")
        start = messages[0]
        content = self._completed(body)
        headers = [header for header in start["headers"] if header[0].lower() != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(content)).encode())]})
        await send({"type": "http.response.body", "body": content})

    def _completed(self, body: bytes) -> bytes:
        try:
            response = json.loads(body)
        except ValueError:
            return body
        for mapping in response.get("EventSourceMappings", [response]):
            mapping.update(self._known(mapping.get("UUID", "")))
        return json.dumps(response).encode()

    def _known(self, mapping_id: str) -> dict[str, Any]:
        """What the poller of a mapping has written; nothing before it starts."""
        try:
            return dict(json.loads((self._folder / f"{mapping_id}.json").read_bytes()))
        except OSError:
            return {}


def make() -> Application:
    """The whole emulator, for those who know its session token."""
    emulator: Application = import_module("ministack.app").app
    _queues_get_mail(import_module("ministack.services.sns"))
    if not os.environ.get("ALARM_ACTIONS"):
        _alarms_only_show(import_module("ministack.services.cloudwatch"))
    hosts = frozenset(os.environ["GUARD_HOSTS"].split(","))
    mappings = WithMappings(emulator, Path.cwd() / "mappings")
    failing = Failing(mappings, Path.cwd() / "failing.json")
    return Guarded(failing, hosts, os.environ["AWS_SESSION_TOKEN"])


def _queues_get_mail(sns: Any) -> None:
    """Send queues what SNS would send by e-mail, which the emulator does not: on this machine they are mailboxes."""
    resolve = sns._resolve_message_for_protocol

    def resolved(message: str, structure: str, protocol: str) -> Any:
        if protocol == "sqs":
            protocol = "email"
        return resolve(message, structure, protocol)

    sns._resolve_message_for_protocol = resolved


def _alarms_only_show(cloudwatch: Any) -> None:
    """Let alarms keep their actions and not carry them out: local/alarms does, in CloudWatch's own form."""
    cloudwatch._dispatch_alarm_actions = lambda *_: None
