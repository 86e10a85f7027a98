"""The heartbeat through the whole path as deployed: probe, Kafka, mapping, forwarder, Vantiq, and its metric."""

import itertools
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from local.demo.journal import Deliveries
from local.event_source_mapping.stats import Stats
from local.system import PROBE_TOPIC, System

pytestmark = pytest.mark.e2e

_LONGEST_SECONDS = 60.0


def wait_until(condition: Callable[[], bool], what: str, longest_seconds: float = _LONGEST_SECONDS) -> None:
    end = time.monotonic() + longest_seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.3)


def write_heartbeats(system: System) -> int:
    """How many the probe has written: one through each broker that leads a partition of its topic."""
    answer = system.function("ProducerProbeFunction").invoke({})
    assert answer["verdict"]["status"] == "healthy", answer["table"]
    return int(answer["brokersLed"])


def latencies(system: System, since: datetime) -> list[float]:
    """The metric's values, in milliseconds, as CloudWatch would take them out of the forwarder's log."""
    lines = [line for line in system.function("ForwarderFunction").logs(since) if '"HeartbeatLatency"' in line]
    return list(itertools.chain.from_iterable(json.loads(line)["HeartbeatLatency"] for line in lines))


def mapping(system: System) -> Stats:
    """The mapping of the probes' topic."""
    (heartbeats,) = [stats for stats in system.poller_stats() if PROBE_TOPIC in " ".join(stats.partitions)]
    return heartbeats


def heartbeats_wait(stats: Stats) -> bool:
    """Whether the mapping has read heartbeats that the function has not brought to Vantiq."""
    return stats.polled > stats.committed


def test_a_heartbeat_reaches_vantiq_and_its_time_is_a_metric(system: System) -> None:
    began = datetime.now(UTC)
    written = write_heartbeats(system)
    wait_until(lambda: len(latencies(system, began)) >= written, "the heartbeats were not acknowledged")
    assert all(0 < value < _LONGEST_SECONDS * 1000 for value in latencies(system, began))
    deliveries = Deliveries(system.vantiq_journal, system.resources.cluster_arn)
    deliveries.read()
    assert {envelope["topic"] for envelope in deliveries.envelopes} >= {PROBE_TOPIC}


def test_without_vantiq_there_is_no_metric_and_afterwards_it_tells_how_late_they_were(system: System) -> None:
    system.stop_vantiq()
    stopped = datetime.now(UTC)
    try:
        written = write_heartbeats(system)
        # Those of a scheduled run may have been taken just before: then these wait behind them in Kafka.
        wait_until(lambda: heartbeats_wait(mapping(system)), "no heartbeats were taken to the function")
        # No data for as long as it lasts: what HeartbeatMissingAlarm takes for a breach.
        assert latencies(system, stopped) == []
    finally:
        system.start_vantiq()
    outage_ms = (datetime.now(UTC) - stopped).total_seconds() * 1000
    wait_until(lambda: len(latencies(system, stopped)) >= written, "the heartbeats that waited were not acknowledged")
    assert max(latencies(system, stopped)) > outage_ms / 2
