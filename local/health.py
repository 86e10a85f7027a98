"""Which part of the local system runs, and which does not."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from local.alarms.process import PROCESS as ALARMS
from local.alarms.process import Evaluated, state_file
from local.aws.emulator import PROCESS as AWS
from local.event_source_mapping.stats import Stats
from local.kafka.settings import BROKER_IDS
from local.memory import resident
from local.system import CONSOLE, VANTIQ, System

State = Literal["running", "degraded", "NOT RUNNING"]
_MIB = 1024 * 1024
# Alarms are evaluated every two seconds, later on a busy machine.
_LATE_SECONDS = 60.0
_WORKS = "polling"


class Part(msgspec.Struct, frozen=True):
    """A part; ``bytes`` is its resident memory, 0 where it does not run."""

    name: str
    state: State
    detail: str = ""
    bytes: int = 0


def parts_of(system: System, now: float | None = None) -> list[Part]:
    """Every part that `make up` starts, in the order of their start.

    Args:
        now: seconds since 1970; by default the present moment.
    """
    running = system.ledger.running()
    sizes = resident(running)
    names = [*(f"kafka-{broker}" for broker in BROKER_IDS), AWS, VANTIQ]
    parts = [_part(name, running, sizes) for name in names]
    for source in system.stack.event_sources():
        part = _part(f"poller-{source.logical_id}", running, sizes)
        topics = ", ".join(source.properties["Topics"])
        parts.append(_with_poller(part, topics, system.run / "pollers" / f"{source.logical_id}.stats.json"))
    parts.append(_with_alarms(_part(ALARMS, running, sizes), system.run, now or time.time()))
    parts.append(_part(CONSOLE, running, sizes))
    return parts


def are_well(parts: list[Part]) -> bool:
    """Whether everything runs and works."""
    return all(part.state == "running" for part in parts)


def part_lines(parts: list[Part]) -> list[str]:
    """A line for each part, and the sum of the memory."""
    width = max(len(part.name) for part in parts)
    lines = [_line(part, width) for part in parts]
    total = sum(part.bytes for part in parts)
    return [*lines, f"{'all':{width}}  {total / _MIB:6,.0f} MiB"]


def _line(part: Part, width: int) -> str:
    if part.state == "NOT RUNNING":
        return f"{part.name:{width}}  NOT RUNNING"
    text = f"{part.name:{width}}  {part.bytes / _MIB:6,.0f} MiB  {part.state}"
    if part.detail:
        text += f": {part.detail}"
    return text


def _part(name: str, running: Mapping[str, psutil.Process], sizes: Mapping[str, int]) -> Part:
    if name not in running:
        return Part(name, "NOT RUNNING")
    return Part(name, "running", bytes=sizes[name])


def _with_poller(part: Part, topics: str, stats_file: Path) -> Part:
    if part.state == "NOT RUNNING":
        return part
    try:
        stats = msgspec.json.decode(stats_file.read_bytes(), type=Stats)
    except (OSError, msgspec.DecodeError):
        return msgspec.structs.replace(part, state="degraded", detail=f"{topics}: it has not reported yet")
    if stats.state != _WORKS:
        detail = f"{topics}: {stats.state}"
        if stats.last_error and stats.state != "disabled":
            detail += f": {stats.last_error}"
        return msgspec.structs.replace(part, state="degraded", detail=detail)
    return msgspec.structs.replace(part, detail=f"{topics}: {stats.last_result}")


def _with_alarms(part: Part, run: Path, now: float) -> Part:
    if part.state == "NOT RUNNING":
        return part
    try:
        evaluated = msgspec.json.decode(state_file(run).read_bytes(), type=Evaluated)
    except (OSError, msgspec.DecodeError):
        return msgspec.structs.replace(part, state="degraded", detail="not evaluated yet")
    age = now - evaluated.at
    if age > _LATE_SECONDS:
        return msgspec.structs.replace(part, state="degraded", detail=f"last evaluated {age:.0f} s ago")
    return msgspec.structs.replace(part, detail=f"periods {evaluated.factor:g} times shorter than on AWS")
