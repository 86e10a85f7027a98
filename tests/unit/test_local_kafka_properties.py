"""The .properties files of Kafka and ZooKeeper."""

import os
from pathlib import Path

import pytest

from local.kafka.java import java_environment
from local.kafka.programs import KafkaPrograms
from local.kafka.properties import properties_text
from local.kafka.settings import KafkaOptions, KafkaSettings, broker_properties, port_count
from local.kafka.zookeeper import ZooKeeper
from local.processes import Ledger

HOME = Path("/tmp/チェック 𝔸é\\n")  # noqa: S108 - nothing is written there


def read(text: str) -> dict[str, str]:
    """As Java reads it: ISO-8859-1 with backslash escapes, and escaped UTF-16 units."""
    lines = [line.partition("=") for line in text.encode().decode("iso-8859-1").splitlines()]
    return {key: _unescaped(value) for key, _, value in lines}


def _unescaped(value: str) -> str:
    units = value.encode("iso-8859-1").decode("unicode_escape")
    return units.encode("utf-16", "surrogatepass").decode("utf-16")


@pytest.mark.parametrize(
    "value", ["plain=#!:9092,[::1]", " spaces  ", "チェック", "é𝔸", "C:\\new", "two\nlines\t", "\\u0041"]
)
def test_java_reads_the_value_that_was_written(value: str) -> None:
    text = properties_text({"a": 1, "b.c": value, "d": "last"})
    assert text.isascii()
    assert read(text) == {"a": "1", "b.c": value, "d": "last"}


def test_values_of_usual_characters_stay_readable() -> None:
    assert properties_text({"listeners": "SSL://127.0.0.1:9092"}) == "listeners=SSL://127.0.0.1:9092\n"


@pytest.mark.parametrize("version", ["2.2.1", "4.1.0"])
def test_a_broker_keeps_its_data_below_a_folder_whose_name_is_not_ascii(version: str) -> None:
    settings = KafkaSettings.choose(
        HOME,
        HOME / "l",
        KafkaOptions("u", "p", HOME, version),
        ports=range(15_000, 15_000 + port_count(version, None)),
    )
    told = read(broker_properties(settings, 1, HOME / "store.p12", "s"))
    assert told["log.dirs"] == str(HOME / "broker-1" / "data")
    assert told["ssl.keystore.location"] == str(HOME / "store.p12")


def test_of_many_brokers_the_first_three_are_controllers() -> None:
    ports = range(15_000, 15_000 + port_count("4.1.0", None, 15))
    settings = KafkaSettings.choose(HOME, HOME / "l", KafkaOptions("u", "p", HOME, "4.1.0", brokers=15), ports)
    assert settings.brokers == tuple(range(1, 16))
    written = [read(broker_properties(settings, broker, HOME / "store.p12", "s")) for broker in settings.brokers]
    assert [properties["process.roles"] for properties in written] == ["broker,controller"] * 3 + ["broker"] * 12
    assert ["CONTROLLER" in properties["listeners"] for properties in written] == [True] * 3 + [False] * 12
    assert {properties["controller.quorum.voters"].count("@") for properties in written} == {3}
    taken = [port for by_broker in settings.ports.values() for port in by_broker.values()]
    assert sorted(taken) == list(ports)


def test_java_can_open_such_a_folder_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert java_environment() == {"PATH": os.environ["PATH"], "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}


def test_zookeeper_keeps_its_data_below_a_folder_whose_name_is_not_ascii(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "start", lambda *_, **__: None)
    home = tmp_path / "チェック"
    ZooKeeper(home, 2181).start(KafkaPrograms(tmp_path, tmp_path), Ledger(tmp_path / "processes.json"))
    (file,) = home.glob("*.properties")
    assert read(file.read_text(encoding="utf-8"))["dataDir"] == str(home / "data")
