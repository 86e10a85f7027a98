"""The processes that play the stack's event source mappings: members of one consumer group for each mapping."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from local.aws import emulator
from local.aws.processed import EventSource
from local.event_source_mapping.config import Config
from local.event_source_mapping.stats import Stats
from local.private_files import write_private
from local.processes import Command
from local.system import CHECKOUT, System

# A broker may be down, and the rebalance wait for the end of another member's invocation.
_READY_SECONDS = 90.0


def start_pollers(system: System) -> None:
    """Start every poller of the system that is not running, each with the mapping as the stack has it now.

    Raises:
        ProcessError: one does not start.
    """
    running = system.ledger.running()
    checks: dict[str, Callable[[], bool]] = {}
    for source in system.stack.event_sources():
        for name in poller_names(system, source.logical_id):
            if name not in running:
                start_poller(system, source, name)
                checks[name] = partial(_is_ready, stats_file(system, name), alone=system.pollers == 1)
    system.ledger.await_ready(checks, _READY_SECONDS)


def poller_names(system: System, logical_id: str) -> list[str]:
    """The names of a mapping's pollers in the ledger."""
    first = f"poller-{logical_id}"
    return [first, *(f"{first}-{number}" for number in range(2, system.pollers + 1))]


def stats_file(system: System, name: str) -> Path:
    """Where the poller of that name writes what it has done."""
    return _home(system) / f"{name.removeprefix('poller-')}.stats.json"


def start_poller(system: System, source: EventSource, name: str, *, switched: bool = True) -> None:
    """Start one process that plays a mapping.

    Args:
        switched: whether Lambda knows the mapping, and may say that it is disabled.
    """
    home, stats = _home(system), stats_file(system, name)
    home.mkdir(exist_ok=True)
    # What an earlier one has left says nothing of this one.
    stats.unlink(missing_ok=True)
    config = home / f"{name.removeprefix('poller-')}.json"
    settings = msgspec.structs.replace(_config(system, source, stats), switched=switched)
    write_private(config, msgspec.json.encode(settings))
    system.ledger.start(
        name,
        Command(
            [sys.executable, "-m", "local.event_source_mapping", f"--config={config}"],
            env=dict(os.environ),
            cwd=CHECKOUT,
            log=home / f"{name.removeprefix('poller-')}.log",
        ),
    )


def _config(system: System, source: EventSource, stats: Path) -> Config:
    return Config(
        properties=source.properties,
        mapping_id=source.mapping_id,
        endpoint_url=system.emulator.endpoint,
        session_token=system.emulator.session_token,
        region=emulator.REGION,
        stats_file=str(stats),
        described_file=str(system.run / "aws" / "mappings" / f"{source.mapping_id}.json"),
        ca_file=str(system.kafka.ca_file),
    )


def _home(system: System) -> Path:
    return system.run / "pollers"


def _is_ready(stats: Path, *, alone: bool) -> bool:
    """Whether it reads. Of several members of a group, one has nothing to read where there is a single partition."""
    expected = {"polling", "disabled"}
    if not alone:
        expected.add("joining")
    return stats.exists() and msgspec.json.decode(stats.read_bytes(), type=Stats).state in expected
