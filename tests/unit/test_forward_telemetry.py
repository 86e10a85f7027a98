"""What an outcome says in the log and the metrics."""

from typing import Any

from msk_toolkit.forward.telemetry import publish_delivery

from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import record
from tests.fakes.vantiq_fake import refusal


class Written:
    """Keeps the metrics and the log."""

    def __init__(self) -> None:
        self.metrics: dict[str, list[tuple[str, float]]] = {}
        self.lines: list[dict[str, Any]] = []

    def add_metric(self, name: str, unit: Any, value: float) -> None:
        self.metrics.setdefault(name, []).append((getattr(unit, "value", unit), value))

    def flush_metrics(self) -> None: ...

    def warning(self, message: str, *, extra: dict[str, Any]) -> None:
        self.lines.append({"message": message} | extra)

    info = warning


def written(harness: ForwarderHarness, partitions: int) -> Written:
    said: Any = Written()
    outcome = harness.forward(*[record(n, partition=p) for p in range(partitions) for n in range(3)])
    publish_delivery(outcome, said, said, detailed=True)
    kept: Written = said
    return kept


def test_a_request_is_measured_in_milliseconds() -> None:
    said = written(ForwarderHarness(), 1)
    assert [(unit, round(value, 6)) for unit, value in said.metrics["VantiqLatency"]] == [("Milliseconds", 10.0)] * 3


def test_lanes_that_were_only_held_back_say_nothing_new() -> None:
    said = written(ForwarderHarness(lambda path, documents: refusal(403)), 4)
    (line,) = said.lines
    assert line["reasons"] == ["Vantiq answered 403 io.vantiq.some.validation for topic:/orders"]
    assert said.metrics["VantiqOutage"] == [("Count", 1)]


def test_what_was_there_already_is_counted() -> None:
    said = written(
        ForwarderHarness(
            lambda path, documents: refusal(409, "io.vantiq.resource.duplicate.key"), vantiq_target="type:A"
        ),
        1,
    )
    (line,) = said.lines
    assert (line["delivered"], line["there_already"]) == (3, 3)
