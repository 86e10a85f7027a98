"""The forwarder, and what it is measured against. Each sender brings one event's records to the endpoint."""

import functools
import http.client
import importlib
import os
import socket
from base64 import b64decode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import Any

import msgspec
import orjson

Sender = Callable[[dict[str, Any]], object]
MAX_IN_FLIGHT = 8


class Setup(msgspec.Struct, frozen=True):
    """What a sender is made for."""

    port: int
    latency_ms: int
    per_post: int

    @property
    def path(self) -> str:
        """Where the endpoint answers so late."""
        return f"/api/v1/resources/topics//ms{self.latency_ms}"

    @property
    def environment(self) -> dict[str, str]:
        """The function's; Secrets Manager is the endpoint as well."""
        return {
            "VANTIQ_URL": f"http://127.0.0.1:{self.port}",
            "VANTIQ_TOKEN_SECRET_ARN": "vantiq-token",
            "VANTIQ_TARGET": f"topic:/ms{self.latency_ms}",
            "MAX_BATCH_RECORDS": str(self.per_post),
            "MAX_IN_FLIGHT": str(MAX_IN_FLIGHT),
            "TARGET_CHECK": "off",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }


class Context:
    """What the handler asks of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Two minutes."""
        return 120_000


def forwarder(setup: Setup, _event: dict[str, Any]) -> Sender:
    """The whole handler, with settings, metrics and log."""
    os.environ.update(setup.environment)
    # Found in the search path: each build has its own.
    handler = importlib.import_module("forwarder").handler

    def send(event: dict[str, Any]) -> None:
        assert handler(event, Context()) == {"batchItemFailures": []}

    send({"eventSource": "aws:kafka", "records": {}})
    return send


def usual_sample(setup: Setup, _event: dict[str, Any]) -> Sender:
    """What tutorials show: a ``requests.post`` for each record, one after the other."""
    import requests

    url = f"http://127.0.0.1:{setup.port}{setup.path}"

    def send(event: dict[str, Any]) -> None:
        for records in event["records"].values():
            for record in records:
                value = orjson.loads(b64decode(record["value"]))
                requests.post(url, json=value, timeout=10).raise_for_status()

    return send


def powertools(setup: Setup, _event: dict[str, Any]) -> Sender:
    """Powertools' BatchProcessor with a session that keeps its connection."""
    import requests
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
    from aws_lambda_powertools.utilities.data_classes.kafka_event import KafkaEventRecord

    url = f"http://127.0.0.1:{setup.port}{setup.path}"
    session = requests.Session()
    processor = BatchProcessor(event_type=EventType.Kafka)

    def handle(record: KafkaEventRecord) -> None:
        session.post(url, json=record.json_value, timeout=10).raise_for_status()

    def send(event: dict[str, Any]) -> None:
        answered = process_partial_response(event=event, record_handler=handle, processor=processor, context=None)
        assert not answered["batchItemFailures"]

    return send


def simplest_arrays(setup: Setup, _event: dict[str, Any]) -> Sender:
    """Decode, loads, dumps, POST: a thread for each partition, orjson, and no check of anything."""
    connections, pool = _clients(setup.port)

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


@functools.cache
def _clients(port: int) -> tuple[list[http.client.HTTPConnection], ThreadPoolExecutor]:
    connections = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(MAX_IN_FLIGHT)]
    for connection in connections:
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connections, ThreadPoolExecutor(MAX_IN_FLIGHT)


def ceiling(setup: Setup, event: dict[str, Any]) -> Sender:
    """Requests as large as the forwarder's for this event, ready made, over as many connections as it has lanes."""
    kept = [_requests_of(setup, records) for records in event["records"].values()]
    sockets, pool = _sockets(setup.port)

    def lane(sock: socket.socket, requests_made: list[bytes]) -> None:
        for request in requests_made:
            sock.sendall(request)
            received = b""
            while not received.endswith(b"{}"):
                received += sock.recv(65536)

    def send(_: dict[str, Any]) -> None:
        list(pool.map(lane, sockets, kept))

    return send


def _requests_of(setup: Setup, records: list[dict[str, Any]]) -> list[bytes]:
    head = f"POST {setup.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    made: list[bytes] = []
    for some in batched(records, setup.per_post, strict=False):
        body = orjson.dumps([{**record, "value": orjson.loads(b64decode(record["value"]))} for record in some])
        made.append(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return made


@functools.cache
def _sockets(port: int) -> tuple[list[socket.socket], ThreadPoolExecutor]:
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(MAX_IN_FLIGHT)]
    for sock in sockets:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sockets, ThreadPoolExecutor(MAX_IN_FLIGHT)


SENDERS: Mapping[str, Callable[[Setup, dict[str, Any]], Sender]] = {
    "forwarder": forwarder,
    "simplest": simplest_arrays,
    "ceiling": ceiling,
    "requests.post": usual_sample,
    "Powertools": powertools,
}
