"""Events as the mapping builds them."""

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

ARN = "arn:aws:kafka:eu-central-1:123456789012:cluster/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5"
CLUSTER = "demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5"


def record(
    offset: int, value: bytes | None = None, *, topic: str = "orders", partition: int = 0, key: bytes | None = None
) -> dict[str, Any]:
    """One record; without a value, its JSON is its place."""
    body = json.dumps({"partition": partition, "offset": offset}).encode() if value is None else value
    made: dict[str, Any] = {
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "timestamp": 1_763_800_000_000 + offset,
        "timestampType": "CREATE_TIME",
        "value": b64encode(body).decode(),
        "headers": [],
    }
    if key is not None:
        made["key"] = b64encode(key).decode()
    return made


def event(records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """An event with these records, each under its partition."""
    partitions: dict[str, list[dict[str, Any]]] = {}
    for entry in records:
        partitions.setdefault(f"{entry['topic']}-{entry['partition']}", []).append(entry)
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": ARN,
        "bootstrapServers": "b-1.demo:9096,b-2.demo:9096",
        "records": partitions,
    }
