"""The picture of rate over Vantiq's latency in docs/performance.md, by the formula that is given there."""

import math
from collections.abc import Iterator
from typing import NamedTuple

# A Lambda function's share of a core at 1 GB.
CORE = 0.58
LATENCIES_MS = (2, 5, 10, 20, 50, 100, 200)
RATES = (1, 10, 100, 1_000, 10_000, 100_000)
WIDTH, HEIGHT, LEFT, TOP, GAP = 380, 300, 70, 50, 190


class Panel(NamedTuple):
    """One diagram; CPU in microseconds for a record, from the table of docs/performance.md."""

    title: str
    per_request: int
    cpu_microseconds: float


class Line(NamedTuple):
    """An ordering, and how many requests it has in flight."""

    text: str
    lanes: int
    color: str


PANELS = (Panel("Arrays of 100 records", 100, 6.0), Panel("One record per request", 1, 37.0))
LINES = (
    Line("key or none, 64 in flight", 64, "#0b7a3b"),
    Line("partition, 8 partitions", 8, "#1f5fbf"),
    Line("partition, 4 partitions", 4, "#b3541e"),
    Line("partition, 1 partition", 1, "#7a3b96"),
)


def rate(panel: Panel, lanes: int, latency_ms: float) -> float:
    """Records per second."""
    limit = CORE / panel.cpu_microseconds * 1e6
    sending = panel.per_request / limit
    return min(limit, lanes * panel.per_request / (latency_ms / 1000 + sending))


def chart() -> str:
    """The picture as SVG."""
    width = LEFT + len(PANELS) * (WIDTH + GAP)
    height = TOP + HEIGHT + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="13" fill="#222">',
        "<title>Records per second over Vantiq's latency, by ordering (1 GB, computed)</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, panel in enumerate(PANELS):
        parts.append(f'<g transform="translate({LEFT + number * (WIDTH + GAP)},{TOP})">')
        parts += _axes(panel)
        parts += _lines(panel)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _axes(panel: Panel) -> Iterator[str]:
    yield f'<text x="0" y="-28" font-size="15" font-weight="bold">{panel.title}</text>'
    yield '<text x="0" y="-10" fill="#666">records per second</text>'
    for number in RATES:
        y = _y(number)
        yield f'<line x1="0" x2="{WIDTH}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="-6" y="{y + 4}" text-anchor="end">{number:,}</text>'
    for latency in LATENCIES_MS:
        x = _x(latency)
        yield f'<line x1="{x}" x2="{x}" y1="0" y2="{HEIGHT}" stroke="#eee"/>'
        yield f'<text x="{x}" y="{HEIGHT + 18}" text-anchor="middle">{latency}</text>'
    yield f'<text x="{WIDTH / 2}" y="{HEIGHT + 38}" text-anchor="middle" fill="#666">latency of Vantiq in ms</text>'


def _lines(panel: Panel) -> Iterator[str]:
    for line in LINES:
        points = " ".join(f"{_x(latency)},{_y(rate(panel, line.lanes, latency))}" for latency in _latencies())
        end = _y(rate(panel, line.lanes, LATENCIES_MS[-1]))
        yield f'<polyline points="{points}" fill="none" stroke="{line.color}" stroke-width="2.5"/>'
        yield f'<text x="{WIDTH + 8}" y="{end + 4}" fill="{line.color}">{line.text}</text>'


def _latencies() -> Iterator[float]:
    """Close enough for a line."""
    first, last, steps = LATENCIES_MS[0], LATENCIES_MS[-1], 40
    for step in range(steps + 1):
        yield first * (last / first) ** (step / steps)


def _x(latency_ms: float) -> float:
    return round(WIDTH * _share(latency_ms, LATENCIES_MS[0], LATENCIES_MS[-1]), 1)


def _y(records: float) -> float:
    return round(HEIGHT * (1 - _share(records, RATES[0], RATES[-1])), 1)


def _share(number: float, first: float, last: float) -> float:
    """How far along a logarithmic axis."""
    return math.log(number / first) / math.log(last / first)
