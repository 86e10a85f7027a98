"""docs/metrics.md: every metric, as its row in the catalogue and the comment above it say, with the alarms on it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from msk_toolkit.stage import PROBE_STAGES
from msk_toolkit.telemetry.metrics import NAMESPACE, Metric, Published, latency_of

from docs.tables import cell

_ROOT = Path(__file__).resolve().parents[1]
_CATALOGUE = _ROOT / "layers/msk_toolkit/msk_toolkit/telemetry/metrics.py"
_SECTION = re.compile(r"# (\w+, for each .+)\.")
_ROW = re.compile(r'([A-Z_]+) = "\w+", ')
_STAGES = "locals().update"
_ALARM = re.compile(r"^  (\w+Alarm):\n((?:    .*\n|\n)+)", re.MULTILINE)
_WATCHED = re.compile(r"MetricName: (\w+)")
_PUBLISHED = {
    Published.ALWAYS: "in every run",
    Published.ABNORMAL: "if not zero",
    Published.DETAILED: "with `DetailedMetrics`",
}


class _Entry(NamedTuple):
    section: str
    metrics: list[Metric]
    meaning: str


def metrics_page(generated: str) -> str:
    """The page."""
    lines = [
        *("# Metrics", "", generated, ""),
        f"All are in the namespace `{NAMESPACE}`, with the dimension `service`: the function's name, such as",
        "`msk-vantiq-forwarder`. The log has every number of every run; why only some are published by default is in",
        "[monitoring.md](monitoring.md#what-is-published-and-what-is-only-logged).",
    ]
    alarms = _alarms()
    section = ""
    for entry in _entries(_CATALOGUE.read_text(encoding="utf-8").splitlines()):
        if entry.section != section:
            section = entry.section
            lines += ["", f"## {section}", ""]
            lines += ["| Metric | Unit | Published | Alarm | Meaning |", "| --- | --- | --- | --- | --- |"]
        lines += _lines(entry, alarms)
    return "\n".join([*lines, ""])


def _lines(entry: _Entry, alarms: Mapping[str, list[str]]) -> list[str]:
    """A line for metrics that are alike."""
    alike: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for metric in entry.metrics:
        on = ", ".join(f"`{name}`" for name in alarms.get(metric, ()))
        alike[metric.unit.value, _PUBLISHED[metric.published], on].append(f"`{metric}`")
    return [
        f"| {', '.join(names)} | {unit} | {published} | {on} | {cell(entry.meaning)} |"
        for (unit, published, on), names in alike.items()
    ]


def _entries(lines: list[str]) -> Iterator[_Entry]:
    """The catalogue's rows; a comment is about all rows up to the next one."""
    section, comment, goes_on = "", "", False
    metrics: list[Metric] = []
    for line in map(str.strip, lines[lines.index("class Metric(StrEnum):") :]):
        if line.startswith("# "):
            if metrics:
                yield _Entry(section, metrics, comment)
                metrics = []
            comment = f"{comment} {line[2:]}" if goes_on else line[2:]
            goes_on = True
            if heading := _SECTION.fullmatch(line):
                section, goes_on = heading[1], False
        else:
            goes_on = False
            metrics += _metrics_of(line) if section else []
    yield _Entry(section, metrics, comment)


def _metrics_of(line: str) -> list[Metric]:
    if line.startswith(_STAGES):
        return [latency_of(stage) for stage in PROBE_STAGES]
    row = _ROW.match(line)
    return [Metric[row[1]]] if row else []


def _alarms() -> dict[str, list[str]]:
    """By metric, the alarms that watch it."""
    alarms: dict[str, list[str]] = defaultdict(list)
    for name, body in _ALARM.findall((_ROOT / "template.yaml").read_text(encoding="utf-8")):
        if NAMESPACE in body:
            for metric in _WATCHED.findall(body):
                alarms[metric].append(name)
    return alarms
