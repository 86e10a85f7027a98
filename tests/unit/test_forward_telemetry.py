"""What an outcome says in the log and the metrics."""

from typing import Any

import pytest
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.lanes import Lane
from msk_toolkit.forward.outcome import BatchOutcome, LaneOutcome, RefusedRecord
from msk_toolkit.forward.telemetry import delivery_counts, delivery_metrics, publish_delivery
from msk_toolkit.telemetry.metrics import Metric

from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_fake import refusal

RECORDS = decode(event([record(0, b'{"n": 1}')])).partitions["orders-0"]


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
    (failure,) = line["failures"]
    assert failure["reason"] == "Vantiq answered 403 io.vantiq.some.validation for topic:/orders"
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


def outcome_of(**fields: Any) -> BatchOutcome:
    """A batch of one lane with these fields."""
    lane = LaneOutcome(Lane("orders-0", RECORDS), len(RECORDS), **fields)
    return BatchOutcome(len(RECORDS), 0, [lane], {}, [], None)


def values(outcome: BatchOutcome, metric: Metric) -> list[float]:
    return [value for name, value in delivery_metrics(outcome) if name is metric]


@pytest.mark.parametrize(("requests", "kept"), [(0, 0), (1, 1), (100, 100), (101, 51), (200, 100), (201, 67)])
def test_a_metric_has_no_more_values_than_one_line_accepts(requests: int, kept: int) -> None:
    outcome = outcome_of(latencies=[0.001 * number for number in range(requests)])
    assert len(values(outcome, Metric.VANTIQ_LATENCY)) == kept


def test_of_many_heartbeats_the_latest_fifty_are_measured() -> None:
    outcome = outcome_of(ages=[float(number) for number in range(60)])
    assert values(outcome, Metric.HEARTBEAT_LATENCY) == [1000.0 * number for number in range(10, 60)]


def test_the_log_has_the_longest_request_the_lag_and_what_was_throttled() -> None:
    outcome = outcome_of(latencies=[0.01, 0.123462], throttled=1.23456, retried=2)._replace(lag_seconds=2.5)
    counts = delivery_counts(outcome)
    assert values(outcome, Metric.LAG_AT_ARRIVAL) == [2500.0]
    assert (counts["longest_post_ms"], counts["posts"], counts["lag_ms"]) == (123.5, 2, 2500)
    assert delivery_counts(outcome_of(latencies=[0.01, 0.02, 9.0]))["median_post_ms"] == 20.0
    assert (counts["throttled_seconds"], counts["retried"]) == (1.235, 2)
    assert not {"longest_post_ms", "lag_ms"} & delivery_counts(outcome_of()).keys()


def test_the_log_names_at_most_twenty_refused_records() -> None:
    log: Any = Written()
    refused = [RefusedRecord(RECORDS[0], "refused", 400, str(number)) for number in range(30)]
    publish_delivery(outcome_of(refused=refused), log, log)
    codes = [line["code"] for line in log.lines if line["message"] == "record refused"]
    assert codes == [str(number) for number in range(20)]


@pytest.mark.parametrize(("length", "expected"), [(0, None), (1, "{"), (3, '{"n')])
def test_values_are_logged_only_as_far_as_asked_for(length: int, expected: str | None) -> None:
    log: Any = Written()
    outcome = outcome_of(refused=[RefusedRecord(RECORDS[0], "refused", 400, "")])
    publish_delivery(outcome, log, log, payload_bytes=length)
    assert log.lines[-1].get("value") == expected


def test_what_was_noticed_about_a_target_is_logged_although_it_stops_nothing() -> None:
    log: Any = Written()
    publish_delivery(outcome_of()._replace(notes=["topic:/orders is not reliable"]), log, log)
    assert log.lines[-1] == {"message": "target check", "note": "topic:/orders is not reliable"}
