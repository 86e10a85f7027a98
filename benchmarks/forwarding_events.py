"""The events that the benchmarks send."""

import functools
import itertools
import json
from typing import Any

import msgspec

from tests.fakes.kafka_events import event, record

VALUE_BYTES = 500
_HEADERS = (
    ("content-type", b"application/json"),
    ("source", b"plant-7"),
    ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
)


class BatchShape(msgspec.Struct, frozen=True):
    """A batch: how many records over how many partitions, with how many headers each."""

    partitions: int
    records: int
    headers: int = 1


@functools.cache
def batch_of(shape: BatchShape) -> dict[str, Any]:
    """The event, as the mapping would build it; values are JSON objects of 500 bytes."""
    places = itertools.product(range(shape.partitions), range(shape.records // shape.partitions))
    headers = [{name: list(value)} for name, value in _HEADERS[: shape.headers]]
    records = [record(offset, _value(partition, offset), partition=partition) for partition, offset in places]
    return event([{**made, "headers": headers} for made in records])


def _value(partition: int, offset: int) -> bytes:
    place = {"partition": partition, "offset": offset}
    bare = len(json.dumps({**place, "pad": ""}))
    return json.dumps({**place, "pad": "x" * (VALUE_BYTES - bare)}).encode()
