"""A mapping of the deployed stack is really off when it is off, and a reset has its records arrive again."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from local.demo.journal import Deliveries, Place
from local.demo.records import produce, sensor_records
from local.system import CHECKOUT, System

pytestmark = pytest.mark.e2e

TOPIC = "sensor-readings"
_LONGEST_SECONDS = 60.0


def mskv(system: System, *arguments: str) -> Any:
    command = [sys.executable, "-m", "mskv", "mapping", *arguments, "-o", "json"]
    command += ["--local", "--local-run", str(system.run)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _LONGEST_SECONDS
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.3)


def write(system: System, count: int) -> set[Place]:
    written = produce(system.kafka.client_settings, TOPIC, list(sensor_records(count)))
    return {(TOPIC, record.partition, record.offset) for record in written}


def times_received(deliveries: Deliveries, places: set[Place]) -> int:
    """How often the record that arrived least often has arrived."""
    deliveries.read()
    received = [(record["topic"], record["partition"], record["offset"]) for record in deliveries.envelopes]
    return min(received.count(place) for place in places)


def test_the_deployment_said_where_its_new_mappings_start(system: System) -> None:
    starts = system.stack.outputs["StartingPositions"]
    assert starts.endswith("new mappings start at TRIM_HORIZON: their groups have no committed offsets")


def test_the_acls_for_the_pollers_name_their_user_their_topics_and_their_groups(system: System) -> None:
    command = [sys.executable, "-m", "mskv", "connect", "access", "--local", "--local-run", str(system.run)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("kafka-acls.sh")]
    assert f"--allow-principal User:{system.kafka.settings.username} " in line
    for event_source in system.stack.event_sources():
        (topic,) = event_source.properties["Topics"]
        assert f"--topic {topic} " in f"{line} "
        assert (
            f"--group {event_source.properties['AmazonManagedKafkaEventSourceConfig']['ConsumerGroupId']} "
            in f"{line} "
        )


def test_after_a_reset_to_the_beginning_every_record_arrives_again(system: System) -> None:
    deliveries = Deliveries(system.vantiq_journal, system.resources.cluster_arn)
    first = write(system, 20)
    assert deliveries.wait_for(first, _LONGEST_SECONDS)
    before = times_received(deliveries, first)

    mskv(system, "disable", TOPIC)
    # Without members nobody reads: what is written now can't arrive.
    plan = ("reset", TOPIC, "--to", "beginning", "--dry-run")
    wait_until(lambda: mskv(system, *plan)["state"] == "Empty", "the poller has not left the group")
    later = write(system, 5)
    skipped = mskv(system, "reset", TOPIC, "--to", "end", "--dry-run")["skipped"]
    assert (skipped, later & deliveries.read()) == (5, set())
    mskv(system, "enable", TOPIC)
    assert deliveries.wait_for(later, _LONGEST_SECONDS)

    moved = mskv(system, "reset", TOPIC, "--to", "beginning", "--yes")
    assert (moved["status"], moved["skipped"]) == ("moved", 0)
    assert moved["repeated"] >= len(first | later)
    wait_until(lambda: times_received(deliveries, first) > before, "the records have not arrived again")
    (mapping,) = mskv(system, TOPIC)
    assert mapping["state"] == "Enabled"
