"""The demo's story as tests, on a stack that SAM has really built and deployed; they run in their order."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from rich.console import Console

from local.demo.story import Story
from local.steps import Steps
from local.system import System

pytestmark = pytest.mark.e2e

RECORDS = 3_000


@pytest.fixture(scope="module")
def began() -> datetime:
    """When the tests began; the stack's schedules had been running for a moment."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def story(system: System, steps: Steps, began: datetime) -> Story:
    """One story over all tests of this file: at its end everything is counted."""
    return Story(system, steps, Console(highlight=False, width=140))


@pytest.fixture(autouse=True)
def _the_step_reached_what_it_was_for(steps: Steps) -> Iterator[None]:
    before = len(steps.results)
    yield
    assert [step for step in steps.results[before:] if not step.ok] == []
    assert len(steps.results) > before


def test_the_stack_has_created_its_topics(story: Story) -> None:
    story.topics()


def test_the_tutorials_four_messages_arrive(story: Story) -> None:
    story.tutorial()

    received = [envelope["value"] for envelope in story.traffic.received("AWSKafkaTutorialTopic")]
    assert received == ["test message 1", "test message 23", "test message 44", "test meesagege 23"]


def test_many_records_arrive(story: Story) -> None:
    story.many(RECORDS)


def test_a_stopped_broker_is_named_and_only_that_one(story: Story) -> None:
    story.broker_stops()

    verdict = story.verdicts["broker stopped"]
    assert (verdict["stage"], verdict["cause"]) == ("tcp", "connection-refused")


def test_while_vantiq_is_down_records_wait_and_none_is_set_aside(story: Story) -> None:
    story.vantiq_stops(RECORDS)

    assert sum(stats.dead_lettered + stats.dropped for stats in story.system.poller_stats()) == 0


def test_a_record_that_vantiq_refuses_is_set_aside_and_replayed(story: Story) -> None:
    story.poison()


def test_the_probes_run_by_their_schedule(story: Story, began: datetime) -> None:
    story.scheduled_probe(began)


def test_nothing_was_lost_altered_or_out_of_order(story: Story) -> None:
    counted = story.account()

    assert counted.produced == RECORDS + 504
    assert (counted.lost, counted.altered, counted.order_violations) == (0, 0, 0)


def test_no_log_holds_a_secret(story: Story, steps: Steps) -> None:
    with steps.step("Secrets: in no log"):
        system = story.system
        secrets = [system.kafka.settings.password, system.vantiq_token_file.read_text().strip()]
        logs = {str(log): log.read_text(errors="replace") for log in system.run.glob("**/*.log")}
        for name in ("Topics", "ProducerProbe", "ConsumerProbe", "Forwarder"):
            logs[name] = "".join(system.function(f"{name}Function").logs())

        assert all(len(secret) > 20 for secret in secrets)
        assert all(logs[name] for name in ("Topics", "ProducerProbe", "ConsumerProbe", "Forwarder"))
        assert [name for name, text in logs.items() if any(secret in text for secret in secrets)] == []
