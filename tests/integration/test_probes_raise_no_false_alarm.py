"""Healthy runs in a row, also while brokers restart one by one: no false alarm.

PROBE_RUNS says how many; ``make soak`` takes 300, and restarts all three again and again, every other time as after a
power cut. With ``-s`` it prints what the runs said.
"""

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msk_toolkit.kafka.access import Access

from local.kafka import BROKER_IDS, KafkaCluster
from tests.integration.kafka_access import elect_preferred_leaders, new_name, scram, settled, wait_until
from tests.integration.probe_faults import consume, named, produce

pytestmark = pytest.mark.integration

RUNS = int(os.environ.get("PROBE_RUNS", "20"))
# A busy machine is no fault of a broker's.
STAGE_SECONDS = 5.0


@pytest.mark.timeout(60 + 2 * RUNS)
def test_healthy_runs_in_a_row_are_all_healthy(kafka: KafkaCluster, topic: str) -> None:
    access, group = scram(kafka), new_name("group")
    for _ in range(RUNS):
        written = produce(access, topic, stage_seconds=STAGE_SECONDS)
        read = consume(access, topic, group, stage_seconds=STAGE_SECONDS)
        assert written.verdict.status == read.verdict.status == "healthy", written.table + read.table
        assert (read.gaps, read.duplicates, read.lag) == (0, 0, 0)


class ProbesInARow:
    """Runs both probes again and again; ``away`` are the brokers that may be named."""

    def __init__(self, access: Access, topic: str) -> None:
        self.away: set[int] = set()
        self.runs = 0
        self.gaps = 0
        self.wrong: list[str] = []
        self.outcomes: Counter[str] = Counter()
        self._access, self._topic, self._group = access, topic, new_name("group")

    def run_until(self, ending: threading.Event) -> None:
        """Until the event is set."""
        while not ending.is_set():
            before = set(self.away)
            written = produce(self._access, self._topic, stage_seconds=STAGE_SECONDS)
            read = consume(self._access, self._topic, self._group, stage_seconds=STAGE_SECONDS)
            self.runs += 1
            self.gaps += read.gaps
            for response in (written, read):
                self._judge(response, before | self.away)

    def _judge(self, response: Any, away: set[int]) -> None:
        allowed = {str(self._access.brokers[broker - 1]) for broker in away}
        status, address, stage, cause = named(response)
        probe = type(response).__name__.removesuffix("ProbeResponse")
        self.outcomes[f"{probe}: {status} {stage or ''} {cause or ''}"] += 1
        if status == "down" or (status == "degraded" and address not in allowed):
            self.wrong.append(f"away: {away}\n{response.table}")


def restart(kafka: KafkaCluster, topic: str, broker: int, *, orderly: bool) -> None:
    """Stop or kill a broker, and start it again."""
    if orderly:
        kafka.stop_broker(broker)
    else:
        kafka.kill_broker(broker)
    kafka.start_broker(broker)
    wait_until(lambda: settled(kafka, topic), "the broker does not catch up", 60)


def make_whole(kafka: KafkaCluster, topic: str) -> None:
    """Start whatever broker is stopped."""
    for broker in set(BROKER_IDS) - set(kafka.running_brokers()):
        kafka.start_broker(broker)
    wait_until(lambda: settled(kafka, topic), "the cluster is not whole again", 60)
    elect_preferred_leaders(kafka)


@pytest.mark.timeout(300 + 4 * RUNS)
def test_probes_that_run_all_through_a_rolling_restart_name_the_broker_that_is_away(
    kafka: KafkaCluster, topic: str
) -> None:
    probes, ending = ProbesInARow(scram(kafka), topic), threading.Event()
    # The short version restarts one of them; a broker takes its time to start.
    restarted = BROKER_IDS if RUNS >= 100 else BROKER_IDS[1:2]
    pool = ThreadPoolExecutor(1)
    probing = pool.submit(probes.run_until, ending)

    def some_more_runs() -> None:
        enough = probes.runs + 3
        wait_until(lambda: probes.runs >= enough or probing.done(), "no run ends", 60)

    try:
        # At least once around, and as often as it takes for the runs that are asked for.
        rounds = 0
        while not probing.done() and (probes.runs < RUNS or not rounds):
            rounds += 1
            for broker in restarted:
                probes.away.add(broker)
                restart(kafka, topic, broker, orderly=rounds % 2 == 1)
                probes.away.discard(broker)
                # Partitions and coordinators move while every broker is there: no broker may be named for that.
                elect_preferred_leaders(kafka)
                some_more_runs()
    finally:
        ending.set()
        pool.shutdown()
        make_whole(kafka, topic)
    print(f"{probes.runs} runs of both probes, {rounds} rounds:", *sorted(probes.outcomes.items()), sep="\n  ")
    probing.result()
    assert probes.runs >= RUNS
    assert not probes.wrong, f"{len(probes.wrong)} of {2 * probes.runs} runs:\n" + "\n\n".join(probes.wrong)
    assert probes.gaps == 0
