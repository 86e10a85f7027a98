"""Secrets Manager on loopback, as far as a function asks it: GetSecretValue in AWS's JSON protocol."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeSecretsManager:
    """Answers with ``secrets``, text by id; what it doesn't have is not found."""

    def __init__(self, url: str, secrets: dict[str, str]) -> None:
        self.url = url
        self.secrets = secrets
        self.asked: list[str] = []

    def answer(self, request: dict[str, str]) -> tuple[int, dict[str, str]]:
        """Status and body of an answer."""
        name = request["SecretId"]
        self.asked.append(name)
        if name not in self.secrets:
            return 400, {"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the secret."}
        return 200, {"ARN": name, "Name": name, "SecretString": self.secrets[name]}


@contextmanager
def secrets_manager(**secrets: str) -> Iterator[FakeSecretsManager]:
    """A running server; AWS_ENDPOINT_URL is to be its ``url``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = fake.answer(request)
            encoded = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeSecretsManager(f"http://127.0.0.1:{server.server_port}", secrets)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
