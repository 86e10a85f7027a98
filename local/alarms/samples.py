"""The values of metrics over time, and their statistics by period."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from local.cost.emf import Metric

# How much longer the evaluation range is than the evaluation periods, AWS does not say; its example has two more.
_MORE_PERIODS = 2


_STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": sum,
}


class Sample(NamedTuple):
    """A value of a metric, at a moment in seconds."""

    at: float
    value: float


# By metric, the oldest first.
Samples = Mapping[Metric, Sequence[Sample]]
# A value for each period of the evaluation range, the newest first; None where there is none.
Series = list[float | None]


def metric_of(properties: Mapping[str, Any]) -> Metric:
    """The metric that an alarm or a ``MetricStat`` names."""
    dimensions = properties.get("Dimensions", [])
    pairs = sorted((dimension["Name"], dimension["Value"]) for dimension in dimensions)
    return Metric(properties["Namespace"], properties["MetricName"], tuple(pairs))


def series(stat: Mapping[str, Any], periods: int, samples: Samples, now: float) -> Series:
    """The statistic of a metric for each period of the evaluation range.

    Args:
        stat: metric, ``Period`` and ``Statistic`` or ``Stat``, as in a template.
        periods: the alarm's evaluation periods.
        now: the end of the newest period, in seconds.
    """
    seconds = int(stat["Period"])
    statistic = str(stat.get("Statistic") or stat.get("Stat") or stat.get("ExtendedStatistic"))
    values: list[list[float]] = [[] for _ in range(periods + _MORE_PERIODS)]
    for sample in reversed(samples.get(metric_of(stat), ())):
        number = int((now - sample.at) // seconds)
        if number >= len(values):
            break
        values[max(0, number)].append(sample.value)
    return [_statistic(statistic, period) if period else None for period in values]


def _statistic(name: str, values: list[float]) -> float:
    if name.startswith("p"):
        ordered = sorted(values)
        return ordered[min(len(ordered) - 1, int(float(name[1:]) / 100 * len(ordered)))]
    return float(_STATISTICS[name](values))
