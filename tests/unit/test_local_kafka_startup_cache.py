"""The cache that makes brokers start quicker: taken where it is there, and missed by nobody."""

from pathlib import Path

import pytest

from local.kafka import KafkaOptions
from local.kafka.java import PROJECTS_JAVA
from local.kafka.kraft import FormatError
from local.kafka.programs import KafkaPrograms
from local.kafka.startup_cache import write_startup_cache
from local.kafka.versions import DEFAULT_VERSION


@pytest.fixture
def programs(tmp_path: Path) -> KafkaPrograms:
    return KafkaPrograms(tmp_path / f"kafka-{DEFAULT_VERSION}", PROJECTS_JAVA)


def options(tmp_path: Path, version: str = DEFAULT_VERSION) -> KafkaOptions:
    return KafkaOptions("test", "secret", tmp_path, version)


@pytest.mark.parametrize(("content", "taken"), [(None, False), (b"", False), (b"classes", True)])
def test_java_reads_the_cache_only_where_one_was_written(
    content: bytes | None, taken: bool, programs: KafkaPrograms
) -> None:
    if content is not None:
        programs.startup_cache.write_bytes(content)
    command = programs.command("kafka.Kafka")
    assert (f"-XX:AOTCache={programs.startup_cache}" in command) is taken


def test_the_cache_is_one_of_its_java_and_its_kafka(programs: KafkaPrograms) -> None:
    name = programs.startup_cache.name
    assert name.startswith(f"kafka-{DEFAULT_VERSION}-java-2")
    assert name.endswith(".aot")


@pytest.mark.enable_socket
def test_a_broker_that_does_not_start_costs_its_cache_alone_and_once(
    programs: KafkaPrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def fail(*_: object) -> None:
        raise FormatError("no data")

    monkeypatch.setattr("local.kafka.startup_cache.prepare", fail)
    write_startup_cache(programs, options(tmp_path), tries.append)
    write_startup_cache(programs, options(tmp_path), tries.append)
    assert len(tries) == 1
    assert [(path.name, path.stat().st_size) for path in tmp_path.iterdir()] == [(programs.startup_cache.name, 0)]


def test_versions_that_are_started_once_get_none(programs: KafkaPrograms, tmp_path: Path) -> None:
    write_startup_cache(programs, options(tmp_path, "4.4.0"))
    assert list(tmp_path.iterdir()) == []
