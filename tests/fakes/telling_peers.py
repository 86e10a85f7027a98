"""Peers that repeat the secrets of a request in their answers: AWS, Vantiq and a broker, each in a good and a bad mood.

AWS does so itself: a signature that does not match is answered with the canonical request, session token included.
"""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from local.kafka.certificates import CertificateAuthority
from tests.fakes.http_fake import Peer, ScriptedServer
from tests.fakes.kafka_broker_fake import authenticate, handshake, replies, server_first

PASSWORD = "hush-password"
TOKEN = "hush-token-of-vantiq=="
SESSION = "hush-session-token"
KEY = "hush-secret-key"
SIGNED = "hush-signature"
PAYLOAD = "hush-payload"
PROXY_PASSWORD = "hush-proxy-password"
SECRETS = (PASSWORD, TOKEN, SESSION, KEY, SIGNED, PAYLOAD, PROXY_PASSWORD)
_EMPTY_BUCKET = b"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"


class Peers(NamedTuple):
    """Where they listen, and what AWS was sent."""

    aws: str
    vantiq: str
    broker: str
    proxy: str
    authority: str
    sent: list[bytes]


@contextmanager
def telling_peers(folder: Path, *, good: bool) -> Iterator[Peers]:
    """Running peers: the good ones accept all but the brokers' password, the bad ones refuse and repeat."""
    sent: list[bytes] = []
    authority = CertificateAuthority.create(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("broker", ["127.0.0.1"]))

    def broker(peer: Peer) -> None:
        with context.wrap_socket(peer.sock, server_side=True) as secure:
            refused = authenticate(error_code=58, message="Authentication failed for the user")
            replies(handshake(), server_first, refused)(Peer(secure, peer.stopping, []))

    def proxy(peer: Peer) -> None:
        head = peer.read_head()
        peer.send(b"HTTP/1.1 407 You sent: " + head.replace(b"\r\n", b" ") + b"\r\nX-Sent: " + head + head)

    with ExitStack() as stack:
        aws = stack.enter_context(_server(lambda request: _aws(request, sent, good=good)))
        vantiq = stack.enter_context(_server(lambda request: _vantiq(request, good=good)))
        listening = stack.enter_context(ScriptedServer(broker))
        proxying = stack.enter_context(ScriptedServer(proxy))
        places = f"127.0.0.1:{listening.port}", f"http://127.0.0.1:{proxying.port}"
        yield Peers(aws, vantiq, *places, authority.ca_file.read_text(), sent)


class _Request(NamedTuple):
    headers: dict[str, str]
    body: bytes
    path: str


_Reply = tuple[int, str, bytes]


def _aws(request: _Request, sent: list[bytes], *, good: bool) -> _Reply:
    sent.append(request.body)
    target = request.headers.get("x-amz-target", "")
    if target == "secretsmanager.GetSecretValue":
        return _json(200, _secret(json.loads(request.body)["SecretId"]))
    if not good:
        credentials = "\n".join(f"{name}:{value}" for name, value in sorted(request.headers.items()))
        text = f"The request signature does not match. The Canonical String should have been 'POST\n/\n\n{credentials}'"
        return _json(403, {"__type": "SignatureDoesNotMatch", "message": text, "Message": text})
    if target.endswith("FilterLogEvents"):
        return _json(200, {"events": []})
    if "list-type" in request.path:
        return 200, "application/xml", _EMPTY_BUCKET
    return _json(400, {"__type": "AccessDeniedException", "message": "The user may not do this"})


def _secret(name: str) -> dict[str, str]:
    text = TOKEN
    if "proxy" in name:
        # So long a name puts the password at the beginning of base64's next group.
        text = json.dumps({"username": "us", "password": PROXY_PASSWORD})
    if "AmazonMSK" in name:
        text = json.dumps({"username": "user", "password": PASSWORD})
    return {"ARN": name, "Name": name, "SecretString": text}


def _vantiq(request: _Request, *, good: bool) -> _Reply:
    if good:
        return _json(200, [])
    repeated = f"{request.headers.get('authorization', '')} {request.body.decode(errors='replace')}"
    return _json(400, [{"code": f"io.vantiq {repeated}", "message": f"refused: {repeated}", "params": [repeated]}])


def _json(status: int, value: Any) -> _Reply:
    return status, "application/json", json.dumps(value).encode()


@contextmanager
def _server(answer: Any) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            status, kind, content = answer(_Request(headers, body, self.path))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815 - the standard library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
