"""The poller: a mapping that is disabled, and what Lambda's API says of its last run."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import SaslAuthenticationFailedError

from local.aws.functions import FunctionError
from local.event_source_mapping.attempts import Invocation
from local.event_source_mapping.event import Source
from local.event_source_mapping.kafka_source import KafkaSource
from local.event_source_mapping.poller import Clock, Poller, SourceError
from local.event_source_mapping.stats import StateFile, Stats
from tests.fakes.poller_world import ON_DEMAND, P0, P1, Function, World, everything, play, poller_of


def test_a_disabled_mapping_reads_nothing_and_leaves_the_group() -> None:
    world, function = World(), Function(ON_DEMAND)
    world.disabled, world.deadline = (0, 1e9), 60
    stats = play(ON_DEMAND, world, function).stats
    assert (stats.state, stats.partitions, stats.polled, stats.invocations) == ("disabled", [], 0, 0)
    assert world.left == 1


def test_that_a_mapping_is_disabled_is_shown_although_its_file_was_just_written(tmp_path: Path) -> None:
    world, file = World(), StateFile(tmp_path / "stats.json")
    world.disabled, world.deadline = (0, 1e9), 60
    file.write(Stats(state="polling"), world.time)
    Poller(
        ON_DEMAND,
        world,
        Invocation(Source("arn:cluster", "b-1:9096"), Function(ON_DEMAND)),
        notice=lambda stats: file.write(stats, world.time),
        clock=Clock(lambda: world.time),
        enabled=world.enabled,
    ).run(world.stop)
    assert '"disabled"' in (tmp_path / "stats.json").read_text()


def test_an_enabled_mapping_goes_on_where_it_stopped() -> None:
    world, function = World(), Function(ON_DEMAND)
    world.disabled = (0, 60)
    assert play(ON_DEMAND, world, function).stats.state == "polling"
    assert sorted(function.delivered) == sorted(everything(world))
    assert world.time >= 60


def test_a_mapping_that_is_disabled_between_two_tries_tries_no_more_and_commits_nothing_of_it() -> None:
    world = World()
    world.disabled, world.deadline = (10, 1e9), 100

    def function(event: dict[str, Any]) -> None:
        assert world.time < 10
        raise FunctionError("boom")

    assert play(ON_DEMAND, world, function).stats.state == "disabled"
    assert world.committed == {P0: 0, P1: 0}


def test_the_last_processing_result_is_the_one_that_lambda_documents() -> None:
    world, results = World(), list[str]()
    world.failing_polls = 1

    def function(event: dict[str, Any]) -> None:
        results.append(poller.stats.last_result)
        if len(results) == 1:
            raise FunctionError("boom")

    poller = poller_of(ON_DEMAND, world, function)
    assert poller.stats.last_result == "No records processed"
    poller.run(world.stop)
    assert "check your event source connection configuration" in results[0]
    assert results[1:3] == ["PROBLEM: Function call failed", "OK"]
    assert poller.stats.last_result == "OK"


@pytest.mark.parametrize(
    ("error", "result"),
    [
        ("poll: SaslAuthenticationFailedError: refused", "PROBLEM: SASL authentication failed"),
        ("poll: GroupAuthorizationFailedError: group", "PROBLEM: Cluster failed to authorize Lambda"),
    ],
)
def test_a_login_or_a_permission_that_is_refused_is_named(error: str, result: str) -> None:
    world = World()
    world.failing_polls, world.failure, world.deadline = 1000, error, 60
    assert play(ON_DEMAND, world, Function(ON_DEMAND)).stats.last_result == result


def test_a_login_that_one_broker_refuses_makes_the_poller_connect_again_with_the_present_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Consumer:
        _coordinator = SimpleNamespace(rejoining=False)

        def __init__(self, **settings: Any) -> None:
            passwords.append(settings["sasl_plain_password"])

        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: {}

    passwords = list[str]()
    secret = iter(["old", "new"])
    monkeypatch.setattr("local.event_source_mapping.kafka_source.KafkaConsumer", Consumer)
    source = KafkaSource(ON_DEMAND, lambda: {"sasl_plain_password": next(secret)})
    source.poll(0)
    error = SaslAuthenticationFailedError("invalid credentials")
    logging.getLogger("kafka.consumer.fetcher").error("Fetch to node 3 failed: %s", error)
    with pytest.raises(SourceError, match="Authentication"):
        source.poll(0)
    source.poll(0)
    assert passwords == ["old", "new"]
