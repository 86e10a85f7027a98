"""The stand-in's Kafka source without a broker: what it makes of records."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from local.vantiq import kafka_source
from local.vantiq.sources import KafkaSources


def consumed(monkeypatch: pytest.MonkeyPatch, config: dict[str, Any], *values: str | None) -> list[dict[str, Any]]:
    """What the source says of records with these values."""
    said: list[dict[str, Any]] = []
    ended = iter([False, True])
    java = SimpleNamespace(JClass=lambda name: SimpleNamespace(ofMillis=int) if "Duration" in name else list)
    monkeypatch.setattr(kafka_source, "jpype", java)
    monkeypatch.setattr(kafka_source, "_say", said.append)
    monkeypatch.setattr(kafka_source, "_ended", SimpleNamespace(is_set=lambda: next(ended)))
    records = [
        SimpleNamespace(key=lambda: None, value=lambda value=value: value, topic=lambda: "t", offset=lambda n=n: n)
        for n, value in enumerate(values)
    ]
    consumer = SimpleNamespace(subscribe=lambda topics: None, poll=lambda wait: records, close=lambda: None)
    kafka_source._consume(consumer, {"consumer.topics": ["t"]} | config)
    return said


@pytest.mark.parametrize("key", ["contentType", "consumer.contentType"])
def test_a_record_that_is_no_json_object_does_not_end_a_source_of_json(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    said = consumed(monkeypatch, {key: "application/json"}, '{"a": 1}', "no JSON", "5", None, '{"b": 2}')
    assert [message["event"]["value"] for message in said if "event" in message] == [{"a": 1}, None, {"b": 2}]
    assert [message["skipped"] for message in said if "skipped" in message] == [
        "offset 1 of t is not a JSON object",
        "offset 2 of t is not a JSON object",
    ]


def test_text_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said = consumed(monkeypatch, {"contentType": "application/json", "consumer.contentType": "text/plain"}, "no JSON")
    assert said == [{"event": {"key": None, "value": "no JSON", "topic": "t"}}]


def test_a_skipped_record_makes_no_source_unavailable() -> None:
    arrived: list[Any] = []
    failed: list[Any] = []
    sources = KafkaSources((None, None), lambda *what: arrived.append(what), lambda *what: failed.append(what))  # type: ignore[arg-type]
    lines = [{"skipped": "x"}, {"event": 1}, {"error": "y"}]
    sources._listen("local", "Msk", SimpleNamespace(stdout=map(json.dumps, lines)))  # type: ignore[arg-type]
    assert (arrived, failed) == ([("local", "Msk", 1)], [("local", "Msk", "y")])
