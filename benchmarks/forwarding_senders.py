"""The forwarder, and what it is measured against. Each sender brings one event's records to the endpoint."""

import http.client
import socket
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import Any, NamedTuple

import orjson
import requests
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.kafka_event import KafkaEventRecord
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.connection import HttpResponse

from tests.fakes.vantiq_fake import answer

Sender = Callable[[dict[str, Any]], object]
MAX_IN_FLIGHT = 8


class Token:
    """See TokenSource."""

    def text(self, deadline: Deadline) -> str:
        """Any."""
        return "token"

    def renewed(self, refused: str, deadline: Deadline) -> str:
        """The same."""
        return "token"


class Setup(NamedTuple):
    """What a sender is made for."""

    port: int
    latency_ms: int
    per_post: int

    @property
    def path(self) -> str:
        """Where the endpoint answers so late."""
        return f"/api/v1/resources/topics//ms{self.latency_ms}"

    @property
    def settings(self) -> ForwarderSettings:
        """The forwarder's."""
        return ForwarderSettings(
            vantiq_url=f"http://127.0.0.1:{self.port}",
            vantiq_token_secret_arn="s",  # noqa: S106 - a name
            vantiq_target=f"topic:/ms{self.latency_ms}",
            max_batch_records=self.per_post,
            max_in_flight=MAX_IN_FLIGHT,
        )


def forwarder(setup: Setup) -> Sender:
    """The toolkit's own."""
    made = Forwarder(setup.settings, DeliveryServices(VantiqClient.from_settings(setup.settings, Token()), None))

    def send(event: dict[str, Any]) -> None:
        outcome = made.forward(event, Deadline(900))
        assert outcome.delivered == outcome.received, outcome.failures

    return send


def usual_sample(setup: Setup) -> Sender:
    """What tutorials show: a ``requests.post`` for each record, one after the other."""
    url = f"http://127.0.0.1:{setup.port}{setup.path}"

    def send(event: dict[str, Any]) -> None:
        for records in event["records"].values():
            for record in records:
                value = orjson.loads(b64decode(record["value"]))
                requests.post(url, json=value, timeout=10).raise_for_status()

    return send


def powertools(setup: Setup) -> Sender:
    """Powertools' BatchProcessor with a session that keeps its connection."""
    url = f"http://127.0.0.1:{setup.port}{setup.path}"
    session = requests.Session()
    processor = BatchProcessor(event_type=EventType.Kafka)

    def handle(record: KafkaEventRecord) -> None:
        session.post(url, json=record.json_value, timeout=10).raise_for_status()

    def send(event: dict[str, Any]) -> None:
        answered = process_partial_response(event=event, record_handler=handle, processor=processor, context=None)
        assert not answered["batchItemFailures"]

    return send


def simplest_arrays(setup: Setup) -> Sender:
    """Decode, loads, dumps, POST: a thread for each partition, orjson, and no check of anything."""
    connections = [http.client.HTTPConnection("127.0.0.1", setup.port) for _ in range(MAX_IN_FLIGHT)]
    for connection in connections:
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pool = ThreadPoolExecutor(MAX_IN_FLIGHT)

    def lane(connection: http.client.HTTPConnection, records: list[dict[str, Any]]) -> None:
        for some in batched(records, setup.per_post, strict=False):
            values = [orjson.loads(b64decode(record["value"])) for record in some]
            body = orjson.dumps(values)
            if setup.per_post == 1:
                body = orjson.dumps(values[0])
            connection.request("POST", setup.path, body, {"Content-Type": "application/json"})
            connection.getresponse().read()

    def send(event: dict[str, Any]) -> None:
        list(pool.map(lane, connections, event["records"].values()))

    return send


def ceiling(setup: Setup, event: dict[str, Any]) -> Sender:
    """The forwarder's own requests for this event, ready made, over as many connections as it has lanes."""
    kept: dict[str, list[bytes]] = {}
    for place, records in event["records"].items():
        taken = kept.setdefault(place, [])
        Forwarder(setup.settings, DeliveryServices(_Recorder(setup, taken), None)).forward(
            {**event, "records": {place: records}}, Deadline(900)
        )
    sockets = [socket.create_connection(("127.0.0.1", setup.port)) for _ in kept]
    for sock in sockets:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pool = ThreadPoolExecutor(MAX_IN_FLIGHT)

    def lane(sock: socket.socket, requests_made: list[bytes]) -> None:
        for request in requests_made:
            sock.sendall(request)
            received = b""
            while not received.endswith(b"{}"):
                received += sock.recv(65536)

    def send(_: dict[str, Any]) -> None:
        list(pool.map(lane, sockets, kept.values()))

    return send


class _Recorder:
    """Takes every request, and keeps it as it would have gone over the wire."""

    def __init__(self, setup: Setup, taken: list[bytes]) -> None:
        self._head = f"POST {setup.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        self._taken = taken

    def post(self, path: str, body: bytes, deadline: Deadline) -> HttpResponse:
        """See Vantiq."""
        self._taken.append(f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return answer(200)
