"""The next state of an alarm, from the values of its periods.

As AWS documents it: the most recent real data points of the evaluation range are used, which is longer than the
evaluation periods; only where these are too few, missing ones count as ``TreatMissingData`` says. Source: "Configuring
how CloudWatch alarms treat missing data", Amazon CloudWatch User Guide.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from local.alarms.expressions import evaluated
from local.alarms.samples import Samples, Series, series

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def points(alarm: Mapping[str, Any], samples: Samples, now: float) -> Series:
    """The alarm's data points over its evaluation range.

    Raises:
        ExpressionError: its metric math is not supported here.
    """
    periods = int(alarm["EvaluationPeriods"])
    if "Metrics" not in alarm:
        return series(alarm, periods, samples, now)
    known: dict[str, Series] = {}
    result: Series = []
    # The template's expressions come behind what they use.
    for query in alarm["Metrics"]:
        if "MetricStat" in query:
            stat = query["MetricStat"]
            known[query["Id"]] = series({**stat, **stat["Metric"]}, periods, samples, now)
        else:
            known[query["Id"]] = evaluated(query["Expression"], known)
        if query.get("ReturnData", True):
            result = known[query["Id"]]
    return result


def next_state(alarm: Mapping[str, Any], values: Series, before: State) -> State:
    """The state that an alarm with these data points enters, the newest first."""
    periods = int(alarm["EvaluationPeriods"])
    enough = int(alarm.get("DatapointsToAlarm", periods))
    breaching = [(age, _breaches(alarm, value)) for age, value in enumerate(values) if value is not None][:periods]
    count = sum(breach for _, breach in breaching)
    missing = periods - len(breaching)
    treatment = alarm.get("TreatMissingData", "missing")
    if treatment == "breaching":
        count += missing
    if count >= enough:
        return "ALARM"
    if treatment in {"missing", "ignore"}:
        return _without_missing(breaching, enough, None if treatment == "missing" else before)
    return "OK"


def _without_missing(breaching: list[tuple[int, bool]], enough: int, kept: State | None) -> State:
    """Too few breaching data points, none of the missing ones counted.

    Args:
        kept: the state that is kept where too little is known; None where that is a state of its own.
    """
    if not all(breach for _, breach in breaching):
        return "OK"
    if kept is not None:
        return kept
    # All are breaching, or there is none.
    is_old_enough = bool(breaching) and breaching[-1][0] >= enough - 1
    return "ALARM" if is_old_enough else "INSUFFICIENT_DATA"


def _breaches(alarm: Mapping[str, Any], value: float) -> bool:
    return _COMPARISONS[alarm["ComparisonOperator"]](value, float(alarm["Threshold"]))
