"""What is said of each part of the local system: a part that does not run is a line of its own."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from local.alarms.process import Evaluated, state_file
from local.aws.processed import EventSource
from local.event_source_mapping.stats import Stats
from local.health import Part, are_well, part_lines, parts_of

MAPPING = EventSource("Forwardorders", "uuid", {"Topics": ["orders"]})
NAMES = ["kafka-1", "kafka-2", "kafka-3", "aws", "vantiq", "poller-Forwardorders", "alarms", "console"]
NOW = 1_000_000.0


class World:
    """A system as far as its health needs it."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.names = list(NAMES)
        self.ledger = self.stack = self
        self.write(run / "pollers" / "Forwardorders.stats.json", Stats(state="polling", last_result="OK"))
        self.write(state_file(run), Evaluated(NOW - 1, 5.0))

    def write(self, file: Path, content: msgspec.Struct) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(content))

    def running(self) -> dict[str, Any]:
        return dict.fromkeys(self.names)

    def event_sources(self) -> list[EventSource]:
        return [MAPPING]

    def parts(self) -> dict[str, Part]:
        system: Any = self
        return {part.name: part for part in parts_of(system, NOW)}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("local.health.resident", lambda running: dict.fromkeys(running, 200 * 1024 * 1024))
    return World(tmp_path)


def test_everything_runs_and_is_a_line(world: World) -> None:
    parts = world.parts()
    assert list(parts) == NAMES
    assert are_well(list(parts.values()))
    lines = part_lines(list(parts.values()))
    assert lines[0] == "kafka-1                  200 MiB  running"
    assert lines[-1] == "all                    1,600 MiB"
    assert parts["poller-Forwardorders"].detail == "orders: OK"


@pytest.mark.parametrize("name", NAMES)
def test_a_part_that_does_not_run_stays_a_line(world: World, name: str) -> None:
    world.names.remove(name)
    parts = list(world.parts().values())
    assert not are_well(parts)
    assert [line.split() for line in part_lines(parts) if "NOT RUNNING" in line] == [[name, "NOT", "RUNNING"]]


@pytest.mark.parametrize(
    ("stats", "detail"),
    [
        (Stats(state="disabled", last_error="old"), "orders: disabled"),
        (Stats(state="retrying", last_error="poll: refused"), "orders: retrying: poll: refused"),
    ],
)
def test_a_mapping_that_does_not_read_is_not_well(world: World, stats: Stats, detail: str) -> None:
    world.write(world.run / "pollers" / "Forwardorders.stats.json", stats)
    part = world.parts()["poller-Forwardorders"]
    assert (part.state, part.detail) == ("degraded", detail)
    assert not are_well([part])


def test_alarms_that_are_no_longer_evaluated_are_not_well(world: World) -> None:
    world.write(state_file(world.run), Evaluated(NOW - 90, 5.0))
    assert world.parts()["alarms"].detail == "last evaluated 90 s ago"
    state_file(world.run).unlink()
    assert world.parts()["alarms"].state == "degraded"
