"""Services that fail at times: the emulator itself never does, and AWS's own now and then do."""

import json
import random
from pathlib import Path
from typing import Any

from local.aws.emulated.guard import Application, Message, Receive, Send

_SERVER_ERROR = 500
# What S3 and Secrets Manager say when they are overloaded or fail: clients of AWS retry both.
_BODY = b'{"__type":"InternalFailure","message":"the service fails on request"}'


class Failing:
    """An application whose requests to some services fail, as a file says.

    The file holds a JSON object of a service's name in signatures (``s3``, ``secretsmanager``) and the share of its
    requests that fail, from 0 to 1. Half of them are carried out before. Without the file nothing fails.
    """

    def __init__(self, application: Application, file: Path, chance: random.Random | None = None) -> None:
        self._application = application
        self._file = file
        self._chance = chance or random.Random()  # noqa: S311 - a draw, not a secret
        self._read_at = 0
        self._shares: dict[str, float] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        fails = scope["type"] == "http" and self._chance.random() < self._share(scope)
        if not fails:
            await self._application(scope, receive, send)
            return
        if self._chance.random() < 0.5:
            await self._application(scope, receive, _nowhere)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())]
        await send({"type": "http.response.start", "status": _SERVER_ERROR, "headers": headers})
        await send({"type": "http.response.body", "body": _BODY})

    def _share(self, scope: Message) -> float:
        try:
            changed = self._file.stat().st_mtime_ns
        except OSError:
            return 0.0
        if changed != self._read_at:
            self._read_at, self._shares = changed, json.loads(self._file.read_bytes())
        return self._shares.get(_service(scope), 0.0)


def _service(scope: Message) -> str:
    """The service's name in the request's signature, empty without one."""
    for name, value in scope["headers"]:
        if name.lower() == b"authorization":
            parts = value.decode("latin-1").split("/")
            return parts[3] if len(parts) > 4 else ""
    return ""


async def _nowhere(_: Any) -> None:
    """Where the response to a request goes that is carried out and fails nevertheless."""
