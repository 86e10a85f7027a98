"""Lines over time as an SVG within HTML, without a script: for a CloudWatch custom widget."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import chain
from typing import NamedTuple

# Lines differ in their dashes as well: nobody needs to tell colours apart. Each is legible on light and on dark.
_COLOURS = ("#0972d3", "#b2431f", "#1d8102", "#8456ce", "#a0522d", "#5f6b7a")
_DASHES = ("", "6 3", "2 2", "8 2 2 2")
_WIDTH, _HEIGHT, _TOP = 600.0, 110.0, 6.0
STYLE = """
.history { font: 14px/1.4 system-ui, sans-serif; color: light-dark(#16191f, #e9ebed);
  background: light-dark(#ffffff, #0f1b2a); padding: .2em .6em; }
.history figure { margin: 0 0 1em; }
.history figcaption { font-weight: 600; }
.history svg { width: 100%; height: 110px; border: 1px solid light-dark(#687078, #95a5b5); background: #ffffff; }
.history polyline { fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.history ul { margin: .2em 0; padding: 0; list-style: none; columns: 3; }
"""


class Point(NamedTuple):
    """A value at a moment, in seconds since 1970."""

    at: float
    value: float


def render_chart(title: str, unit: str, lines: Mapping[str, Sequence[Point]], start: float, end: float) -> str:
    """A line for each name from ``start`` to ``end``, and below them each name with its last and its largest value.

    Args:
        unit: what follows a value, such as `` ms``.
    """
    head = f"<figcaption>{escape(title)}</figcaption>"
    points = [*chain.from_iterable(lines.values())]
    if not points:
        return f"<figure>{head}<p>no values in this time</p></figure>"
    top = _top(points)
    names = sorted(lines, key=_by_number)
    drawn = "".join(_line(number, name, lines[name], (start, end), top) for number, name in enumerate(names))
    summaries = [_summary(name, lines[name], unit) for name in names]
    largest = escape(f"{title}, up to {top:g}{unit}")
    box = f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" preserveAspectRatio="none"'
    picture = f'<svg {box} role="img" aria-label="{largest}">{drawn}</svg>'
    return f"<figure>{head}{picture}<ul>{_legend(summaries)}</ul></figure>"


def _legend(summaries: Sequence[str]) -> str:
    return "".join(f"<li>{_sample(number)} {escape(summary)}</li>" for number, summary in enumerate(summaries))


def _top(points: Sequence[Point]) -> float:
    return max(0.0, *(point.value for point in points)) or 1.0


def _by_number(name: str) -> tuple[int, str]:
    """Brokers by their numbers; names without a number come last."""
    return (int(name), name) if name.isdecimal() else (2**31, name)


def _stroke(number: int) -> str:
    dashes = _DASHES[number // len(_COLOURS) % len(_DASHES)]
    return f'stroke="{_COLOURS[number % len(_COLOURS)]}" stroke-dasharray="{dashes}"'


def _line(number: int, name: str, points: Sequence[Point], span: tuple[float, float], top: float) -> str:
    start, end = span
    width = max(end - start, 1.0)
    places = " ".join(
        f"{(point.at - start) / width * _WIDTH:.1f},{_HEIGHT - 2 - point.value / top * (_HEIGHT - 2 - _TOP):.1f}"
        for point in sorted(points)
    )
    return f'<polyline {_stroke(number)} points="{places}"><title>{escape(name)}</title></polyline>'


def _sample(number: int) -> str:
    return (
        '<svg style="width:2em;height:.8em;border:0" viewBox="0 0 20 8" aria-hidden="true">'
        f'<polyline {_stroke(number)} points="0,4 20,4"></polyline></svg>'
    )


def _summary(name: str, points: Sequence[Point], unit: str) -> str:
    last, largest = max(points).value, max(point.value for point in points)
    return f"{name}: {last:g}{unit}, at most {largest:g}{unit}"
