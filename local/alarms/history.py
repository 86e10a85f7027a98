"""The samples of the metrics that alarms watch, on a clock that may run faster than the real one."""

from collections.abc import Iterable, Mapping
from typing import Any

from local.alarms.definitions import Definitions
from local.alarms.samples import Sample, metric_of
from local.cost.emf import Measured, Metric

# The evaluation range is a little longer than the evaluation periods.
_MORE_PERIODS = 3


class Clock:
    """The alarms' clock, in seconds since ``start`` (in seconds since 1970), each lasting ``1 / factor`` seconds."""

    def __init__(self, start: float, factor: float) -> None:
        self.start = start
        self._factor = factor
        self._skipped: list[tuple[float, float]] = []

    def at(self, moment: float) -> float:
        """What this clock shows at a moment in seconds since 1970."""
        skipped = sum(seconds for since, seconds in self._skipped if since <= moment)
        return (moment - self.start) * self._factor + skipped

    def skip(self, seconds: float, moment: float) -> None:
        """Let time pass at a moment in seconds since 1970: what was measured before it is that much older then."""
        self._skipped.append((moment, seconds))


class History:
    """The samples by metric, the oldest first, no older than any alarm looks back."""

    def __init__(self, definitions: Definitions, clock: Clock) -> None:
        self.samples: dict[Metric, list[Sample]] = {metric: [] for metric in watched(definitions)}
        self._clock = clock
        self._range = max((seconds_back(alarm, _MORE_PERIODS) for alarm in definitions.alarms.values()), default=0.0)

    def add(self, measured: Iterable[Measured], moment: float) -> None:
        """Keep what was measured at a moment in seconds since 1970, of the metrics that are watched."""
        at = self._clock.at(moment)
        for measure in measured:
            samples = self.samples.get(measure.metric)
            if samples is not None:
                samples += [Sample(at, value) for value in measure.values]
                # A line may come later than the next one.
                samples.sort()

    def forget(self, moment: float) -> None:
        """Drop what is older than any alarm looks back from a moment in seconds since 1970."""
        oldest = self._clock.at(moment) - self._range
        for samples in self.samples.values():
            while samples and samples[0].at < oldest:
                samples.pop(0)


def watched(definitions: Definitions) -> set[Metric]:
    """The metrics that the alarms watch, also below metric math."""
    metrics: set[Metric] = set()
    for alarm in definitions.alarms.values():
        metrics |= {metric_of(stat) for stat in _stats(alarm)}
    return metrics


def _stats(alarm: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "Metrics" not in alarm:
        return [dict(alarm)]
    stats = [query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query]
    return [{**stat, **stat["Metric"]} for stat in stats]


def seconds_back(alarm: Mapping[str, Any], more: int = 0) -> float:
    """How far back an alarm's evaluation periods go, and some ``more`` of them."""
    periods = int(alarm["EvaluationPeriods"]) + more
    return max((float(stat["Period"]) * periods for stat in _stats(alarm)), default=0.0)
