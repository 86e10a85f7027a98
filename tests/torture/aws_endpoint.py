"""As much of S3 and Secrets Manager as the forwarder speaks, over HTTP, with an S3 that fails at times."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import msgspec

from tests.fakes.s3_fake import FakeS3


class AwsEndpoint:
    """Objects go into ``s3``; every secret holds what ``secret`` answers.

    Args:
        failing: chance that S3 fails a request, before or after it has stored the object.
    """

    def __init__(self, s3: FakeS3, secret: Callable[[], str], chance: random.Random, failing: float) -> None:
        self.s3, self.secret, self.chance, self.failing = s3, secret, chance, failing
        self.failed = 0
        self.url = ""

    def put(self, path: str, body: bytes) -> int:
        """Answer the status of a PUT."""
        fails = self.chance.random() < self.failing
        self.failed += fails
        if fails and self.chance.random() < 0.5:
            return 503
        self.s3.put_object(Key=unquote(path.split("/", 2)[2].partition("?")[0]), Body=body)
        if fails:
            return 500
        return 200


@contextmanager
def serving(endpoint: AwsEndpoint) -> Iterator[AwsEndpoint]:
    """The endpoint on a free port of this machine."""
    server = _Server(endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, endpoint: AwsEndpoint) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.endpoint = endpoint

    def handle_error(self, *_: object) -> None:
        """An environment that was killed leaves its connections broken."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_PUT(self) -> None:
        body = self._body()
        self._answer(self.server.endpoint.put(self.path, body), b"")

    def do_POST(self) -> None:
        self._body()
        self._answer(200, msgspec.json.encode({"SecretString": self.server.endpoint.secret()}))

    def _body(self) -> bytes:
        if self.headers.get("Expect") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        size = self._chunk_size()
        while size:
            body += self.rfile.read(size)
            self.rfile.readline()
            size = self._chunk_size()
        while self.rfile.readline().strip():
            pass  # trailers
        return body

    def _chunk_size(self) -> int:
        return int(self.rfile.readline().split(b";")[0], 16)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""
