"""The newest Kafka there is, which MSK does not offer yet: what the toolkit stands on, cheaply."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msk_toolkit.kafka.error_codes import ErrorCode, broker_error

from local.compat import VERSIONS
from local.kafka import KafkaCluster
from local.kafka.programs import kafka_programs
from tests.integration.kafka_access import plaintext
from tests.integration.own_version import CACHE, cluster_of
from tests.integration.packed_records import both_probes_are_healthy
from tests.integration.topics_runs import do, states, topic

pytestmark = pytest.mark.integration
NEWEST = VERSIONS[-1]
SECONDS = 60


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    with cluster_of(NEWEST, tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


def test_the_error_codes_are_kafkas_own() -> None:
    jars, java_home = kafka_programs(NEWEST, CACHE)
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.java_errors", str(jars), str(java_home)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    kafkas = [tuple(json.loads(line)) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(kafkas) > 130
    assert [(int(each), each.name, each.retriable) for each in ErrorCode] == sorted(kafkas)
    for code, name, retriable in kafkas:
        error = broker_error("Fetch", code)
        assert (error.name, error.retriable) == (name, retriable)


def test_topics_are_made_changed_and_left_alone_and_both_probes_are_healthy(newest: KafkaCluster) -> None:
    access = plaintext(newest)
    declared = topic(partitions=3, min_insync_replicas="2", compression_type="zstd")
    assert states(do(access, declared)) == [(declared.name, "create", "done")]
    both_probes_are_healthy(newest, declared.name)
    changed = topic(declared.name, 3, min_insync_replicas="2", compression_type="lz4")
    assert [state for *_, state in states(do(access, changed))] == ["done"]
    assert do(access, changed, action="plan").table.endswith("Nothing was changed.")
    assert states(do(access, changed)) == []
