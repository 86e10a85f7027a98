"""Healthy runs in a row, also while brokers restart one by one: no false alarm.

PROBE_RUNS says how many; ``make soak`` takes 300, and restarts all three again and again, every other time as after a
power cut. With ``-s`` it prints what the runs said.
"""

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

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


@pytest.mark.timeout(300 + 4 * RUNS)
def test_probes_that_run_all_through_a_rolling_restart_name_the_broker_that_is_away(
    kafka: KafkaCluster, topic: str
) -> None:
    access, group = scram(kafka), new_name("group")
    away: set[int] = set()
    wrong: list[str] = []
    gaps: list[int] = []
    said: Counter[str] = Counter()
    runs, ending = [0], threading.Event()

    def probes() -> None:
        while not ending.is_set():
            before = set(away)
            written = produce(access, topic, stage_seconds=STAGE_SECONDS)
            read = consume(access, topic, group, stage_seconds=STAGE_SECONDS)
            runs[0] += 1
            gaps.append(read.gaps)
            allowed = {str(access.brokers[broker - 1]) for broker in before | away}
            for response in (written, read):
                status, address, stage, cause = named(response)
                said[
                    f"{type(response).__name__.removesuffix('ProbeResponse')}: {status} {stage or ''} {cause or ''}"
                ] += 1
                if status == "down" or (status == "degraded" and address not in allowed):
                    wrong.append(f"away: {before | away}\n{response.table}")

    def some_more_runs() -> None:
        enough = runs[0] + 3
        wait_until(lambda: runs[0] >= enough or probing.done(), "no run ends", 60)

    pool = ThreadPoolExecutor(1)
    probing = pool.submit(probes)
    try:
        # At least once around, and as often as it takes for the runs that are asked for.
        restarts = 0
        while not probing.done() and (runs[0] < RUNS or not restarts):
            restarts += 1
            # The short version restarts one of them; a broker takes its time to start.
            for broker in BROKER_IDS if RUNS >= 100 else BROKER_IDS[1:2]:
                away.add(broker)
                (kafka.stop_broker if restarts % 2 else kafka.kill_broker)(broker)
                kafka.start_broker(broker)
                wait_until(lambda: settled(kafka, topic), "the broker does not catch up", 60)
                away.discard(broker)
                # Partitions and coordinators move while every broker is there: nobody may be named for that.
                elect_preferred_leaders(kafka)
                some_more_runs()
    finally:
        ending.set()
        pool.shutdown()
        for broker in BROKER_IDS:
            if broker not in kafka.running_brokers():
                kafka.start_broker(broker)
        wait_until(lambda: settled(kafka, topic), "the cluster is not whole again", 60)
        elect_preferred_leaders(kafka)
    print(f"{runs[0]} runs of both probes, {restarts} times around:", *sorted(said.items()), sep="\n  ")
    probing.result()
    assert runs[0] >= RUNS
    assert not wrong, f"{len(wrong)} of {2 * runs[0]} runs:\n" + "\n\n".join(wrong)
    assert sum(gaps) == 0
