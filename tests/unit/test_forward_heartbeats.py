"""Heartbeats on their way to Vantiq: ordinary records, of which the time until the acknowledgement is measured."""

import json
from typing import Any

import pytest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.forward.telemetry import publish_delivery
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import record
from tests.fakes.vantiq_fake import Fault, at_offset, refusal

HEART = "heart"
# The harness's clock stands a minute after the first record's time.
MINUTE = 60.0
ON: dict[str, Any] = {"heartbeat_topic": HEART, "heartbeat_target": "topic:/heart"}


def harness(*faults: Fault, **settings: Any) -> ForwarderHarness:
    """A forwarder that is configured for heartbeats."""
    return ForwarderHarness(*faults, **ON, **settings)


def ages(outcome: BatchOutcome) -> list[float]:
    return [seconds for lane in outcome.lanes for seconds in lane.ages]


def heartbeat(offset: int, **place: Any) -> dict[str, Any]:
    return record(offset, topic=HEART, **place)


def test_a_heartbeat_is_timed_from_its_writing_to_vantiqs_acknowledgement() -> None:
    timed = harness()
    assert ages(timed.forward(heartbeat(0), heartbeat(5000, partition=1))) == pytest.approx([MINUTE, MINUTE - 5])


def test_no_other_record_is_timed() -> None:
    assert ages(harness().forward(record(0), record(1, topic="heart-2"))) == []
    assert ages(ForwarderHarness().forward(heartbeat(0))) == []


def test_a_heartbeat_that_vantiq_did_not_take_is_not_timed() -> None:
    failing = harness(at_offset(1, refusal(503), refusal(503)), max_attempts=2)
    outcome = failing.forward(*(heartbeat(n) for n in range(3)))
    assert outcome.to_report == [("heart-0", 1), ("heart-0", 2)]
    assert len(ages(outcome)) == 1
    # It comes again and is taken, as any record.
    assert len(ages(failing.forward(*(heartbeat(n) for n in range(3))))) == 2


def test_a_heartbeat_that_is_set_aside_is_not_timed() -> None:
    timed = harness(at_offset(0, refusal(400)))
    outcome = timed.forward(heartbeat(0), heartbeat(1))
    assert (outcome.dead_lettered, len(ages(outcome))) == (1, 1)


def test_heartbeats_that_travel_together_are_all_timed() -> None:
    timed = harness(max_batch_records=10)
    outcome = timed.forward(*(heartbeat(n) for n in range(4)))
    assert (len(timed.vantiq.taken), len(ages(outcome))) == (4, 4)


def test_a_heartbeat_without_a_time_of_its_own_is_not_timed() -> None:
    times = (None, -1, 0)
    outcome = harness().forward(*(heartbeat(n) | {"timestamp": time} for n, time in enumerate(times)))
    assert (outcome.delivered, ages(outcome)) == (3, [])


def test_heartbeats_go_to_their_own_target_before_every_route() -> None:
    routes: dict[str, Any] = {"vantiq_routes": f'{{"{HEART}": "topic:/wrong", "*": "topic:/all"}}'}
    settings = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", **ON, **routes)
    assert str(settings.targets.target_for(HEART)) == "topic:/heart"
    assert str(settings.targets.target_for("orders")) == "topic:/all"


def test_a_target_that_heartbeats_can_not_go_to_is_told_with_the_other_mistakes() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(
            ForwarderSettings,
            {
                "VANTIQ_URL": "https://v",
                "VANTIQ_TOKEN_SECRET_ARN": "s",
                "VANTIQ_TARGET": "x:y",
                "HEARTBEAT_TOPIC": HEART,
            },
        )
    assert [problem.split()[0] for problem in caught.value.problems] == ["VANTIQ_TARGET", "HEARTBEAT_TARGET"]


def published(outcome: BatchOutcome, capsys: pytest.CaptureFixture[str]) -> list[float] | None:
    """The metric's values in the one line that is written, None where it is not in there."""
    publish_delivery(outcome, toolkit_logger("forwarder"), toolkit_metrics("forwarder"))
    (line,) = [line for text in capsys.readouterr().out.splitlines() if "_aws" in (line := json.loads(text))]
    values: list[float] | None = line.get("HeartbeatLatency")
    return values


def test_the_metric_is_published_in_milliseconds_and_only_where_there_is_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert published(harness().forward(record(0)), capsys) is None
    assert published(harness().forward(heartbeat(0)), capsys) == [60_000.0]


def test_of_very_many_the_latest_are_published(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = harness(max_batch_records=500).forward(*(heartbeat(n * 100) for n in range(300)))
    assert published(outcome, capsys) == pytest.approx([60_000 - 100 * n for n in reversed(range(50))])
