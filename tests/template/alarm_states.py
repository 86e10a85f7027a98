"""CloudWatch's alarms over samples that a test gives: as much of them as the template uses.

Of metric math only FILL with a constant. What AWS documents of missing data: the most recent real data points of the
evaluation range are used, which is longer than the evaluation periods; only where they are too few, missing ones count
as ``TreatMissingData`` says. How much longer the range is, AWS does not say; its example has two more.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from local.cost.emf import Metric

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
_MORE_PERIODS = 2
_STATISTICS = {"Maximum": max, "Sum": sum, "SampleCount": len}
_FILL = re.compile(r"FILL\((\w+), (-?\d+)\)")
_TOKEN = re.compile(r'ALARM\("\$\{(\w+)\}"\)|(AND|OR|NOT|\(|\))')


class Sample(NamedTuple):
    """A value of a metric, at a moment in seconds."""

    at: float
    value: float


# By metric, the oldest first.
Samples = Mapping[Metric, Sequence[Sample]]


def _series(properties: Mapping[str, Any], samples: Samples, now: float) -> list[float | None]:
    """The metric's value for each period of the evaluation range, the newest first; None where there is none."""
    statistic = properties.get("Statistic") or properties["Stat"]
    period = int(properties["Period"])
    dimensions = tuple(sorted((each["Name"], each["Value"]) for each in properties["Dimensions"]))
    metric = Metric(properties["Namespace"], properties["MetricName"], dimensions)
    periods: list[list[float]] = [[] for _ in range(int(properties["EvaluationPeriods"]) + _MORE_PERIODS)]
    for sample in reversed(samples.get(metric, ())):
        number = int((now - sample.at) // period)
        if number >= len(periods):
            break
        periods[number].append(sample.value)
    return [float(_STATISTICS[statistic](values)) if values else None for values in periods]  # type: ignore[operator]


def points(alarm: Mapping[str, Any], samples: Samples, now: float) -> list[float | None]:
    """The alarm's data points over its evaluation range, the newest first."""
    if "Metrics" not in alarm:
        return _series(alarm, samples, now)
    watched, expression = alarm["Metrics"]
    fill = _FILL.fullmatch(expression["Expression"])
    assert fill, f"no other metric math is known: {expression['Expression']}"
    assert (fill[1], watched["ReturnData"]) == (watched["Id"], False)
    stat = watched["MetricStat"]
    series = _series({**stat, **stat["Metric"], "EvaluationPeriods": alarm["EvaluationPeriods"]}, samples, now)
    # Without any data point there is no time series to fill.
    if all(value is None for value in series):
        return series
    return [float(fill[2]) if value is None else value for value in series]


def _breaches(alarm: Mapping[str, Any], value: float) -> bool:
    threshold = float(alarm["Threshold"])
    return value > threshold if alarm["ComparisonOperator"] == "GreaterThanThreshold" else value < threshold


def state(alarm: Mapping[str, Any], values: Sequence[float | None], before: State) -> State:
    """The alarm's next state."""
    periods = int(alarm["EvaluationPeriods"])
    enough = int(alarm.get("DatapointsToAlarm", periods))
    real = [_breaches(alarm, value) for value in values if value is not None][:periods]
    missing = periods - len(real)
    treatment = alarm["TreatMissingData"]
    if treatment == "breaching":
        real += [True] * missing
    if sum(real) >= enough:
        return "ALARM"
    # What is missing could make the difference: then the state stays.
    return before if treatment == "ignore" and sum(real) + missing >= enough else "OK"


def rings(rule: str, on: Mapping[str, bool]) -> bool:
    """Whether a composite's rule holds; names of alarms stand in it as ``${LogicalId}``."""
    tokens = [(match[1], match[2]) for match in _TOKEN.finditer(rule)]
    assert _TOKEN.sub("", rule).strip() == "", f"not understood: {rule}"
    position = 0

    def take(operator: str) -> bool:
        nonlocal position
        if position < len(tokens) and tokens[position][1] == operator:
            position += 1
            return True
        return False

    def term() -> bool:
        nonlocal position
        if take("NOT"):
            return not term()
        if take("("):
            value = either()
            assert take(")")
            return value
        name = tokens[position][0]
        position += 1
        return on.get(name, False)

    def both() -> bool:
        value = term()
        while take("AND"):
            # Both sides are read, whatever the first says.
            value = term() and value
        return value

    def either() -> bool:
        value = both()
        while take("OR"):
            value = both() or value
        return value

    holds = either()
    assert position == len(tokens), f"not understood: {rule}"
    return holds
