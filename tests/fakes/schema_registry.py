"""A schema registry with the part of Confluent's API that serializers and the forwarder use, on loopback.

tests/contract/test_schema_registries.py holds it to what a real one answers. Unlike a real one it compiles nothing:
what is registered as Protobuf must be a descriptor already, as Confluent's Python serializer sends it.
"""

import json
import ssl
import threading
import uuid
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

type Json = dict[str, Any]
_NOT_FOUND = 40403


class FakeRegistry:
    """What is registered, and how it answers.

    Args:
        login: user and password that it asks for; empty for none.
    """

    def __init__(self, url: str, login: str = "") -> None:
        self.url = url
        self.login = login
        self.schemas: list[Json] = []
        self.subjects: dict[str, list[int]] = {}
        self.asked: list[str] = []
        # Status and body that it answers instead of what it knows, first come first served.
        self.faults: list[tuple[int, bytes]] = []
        # Schemas by id that it denies to know so many times more: another node has them already.
        self.late: dict[int, int] = {}

    def register(self, subject: str, schema: Json) -> Json:
        """The schema's id, the same for the same schema."""
        kept = {name: schema[name] for name in ("schema", "schemaType", "references") if schema.get(name)}
        if kept not in self.schemas:
            self.schemas.append(kept)
        number = self.schemas.index(kept) + 1
        versions = self.subjects.setdefault(subject, [])
        if number not in versions:
            versions.append(number)
        return {"id": number, "guid": guid(number), "version": versions.index(number) + 1, "subject": subject, **kept}

    def answer(self, method: str, path: str, body: Json) -> tuple[int, Json]:
        """Status and body of an answer."""
        parts = [unquote(part) for part in path.strip("/").split("/")]
        match method, parts:
            case "POST", ["subjects", subject, "versions"]:
                return 200, self.register(subject, body)
            case "POST", ["subjects", subject]:
                return 200, self.register(subject, body)
            case "GET", ["schemas", "ids", number]:
                return self._schema(int(number))
            case "GET", ["schemas", "guids", text]:
                known = {guid(number + 1): number + 1 for number in range(len(self.schemas))}
                return self._schema(known.get(text, 0))
            case "GET", ["subjects", subject, "versions", version]:
                versions = self.subjects.get(subject, [])
                if not 0 < int(version) <= len(versions):
                    return 404, {"error_code": 40402, "message": "Version not found"}
                return 200, self.register(subject, self.schemas[versions[int(version) - 1] - 1])
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def _schema(self, number: int) -> tuple[int, Json]:
        late = self.late.get(number, 0)
        self.late[number] = late - 1
        if late > 0 or not 0 < number <= len(self.schemas):
            return 404, {"error_code": _NOT_FOUND, "message": "Schema not found"}
        return 200, {**self.schemas[number - 1], "guid": guid(number)}


def guid(number: int) -> str:
    """That of the schema with this id."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, str(number)))


@contextmanager
def schema_registry(login: str = "", context: ssl.SSLContext | None = None) -> Iterator[FakeRegistry]:
    """A running registry, over TLS where a context is given."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET", {})

        def do_POST(self) -> None:
            self._answer("POST", json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, method: str, body: Json) -> None:
            fake.asked.append(f"{method} {self.path}")
            expected = "Basic " + b64encode(fake.login.encode()).decode()
            if fake.login and self.headers.get("Authorization") != expected:
                self._send(401, b'{"error_code":401,"message":"Unauthorized"}')
            elif fake.faults:
                self._send(*fake.faults.pop(0))
            else:
                status, reply = fake.answer(method, urlsplit(self.path).path, body)
                self._send(status, json.dumps(reply).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    fake = FakeRegistry(f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}", login)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
