"""The demo's records: the tutorial's four messages, and many with keys, headers, tombstones and binary values."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from kafka import KafkaProducer

from local.demo.accounting import Produced

# The four lines of the seed document's producer test, misspelling and all.
TUTORIAL_MESSAGES = ("test message 1", "test message 23", "test message 44", "test meesagege 23")
_SENSORS = 24
_SPECIAL_EVERY = 500


class Outgoing(NamedTuple):
    """A record to write; Kafka chooses the partition from the key."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def tutorial_records() -> Iterator[Outgoing]:
    """The four test messages."""
    return (Outgoing(None, text.encode(), ()) for text in TUTORIAL_MESSAGES)


def sensor_records(count: int, start: int = 0) -> Iterator[Outgoing]:
    """Readings of a few sensors; now and then a tombstone, a binary value, an empty one, a header twice."""
    for number in range(start, start + count):
        key = f"sensor-{number % _SENSORS}".encode()
        value: bytes | None = json.dumps({"sensor": number % _SENSORS, "number": number, "celsius": 20.5}).encode()
        headers: tuple[tuple[str, bytes], ...] = (("source", b"demo"),)
        match number % _SPECIAL_EVERY:
            case 100:
                value = None
            case 200:
                value = bytes([0xFF, 0xFE, number % 256, 0x00])
            case 300:
                value = b""
            case 400:
                headers = (("trace", b"\x80\xff"), ("trace", b"again"), ("Trace", b""))
        yield Outgoing(key, value, headers)


def produce(
    settings: dict[str, Any], topic: str, records: Sequence[Outgoing], sent: Callable[[int], None] = lambda _: None
) -> list[Produced]:
    """Write the records with acks=all and wait until each has its offset; ``sent`` is called with how many have.

    Raises:
        KafkaError: a record was not acknowledged in time.
    """
    producer = KafkaProducer(
        **settings, acks="all", linger_ms=20, request_timeout_ms=20_000, delivery_timeout_ms=60_000
    )
    try:
        futures = [
            (record, producer.send(topic, key=record.key, value=record.value, headers=list(record.headers)))
            for record in records
        ]
        done = []
        for record, future in futures:
            place = future.get(timeout=90)
            done.append(Produced(topic, place.partition, place.offset, record.key, record.value, record.headers))
            sent(len(done))
        return done
    finally:
        producer.close(timeout=10)
