"""All alarms of a stack, evaluated at one moment after another."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from local.alarms.rules import holds, names_in
from local.alarms.samples import Samples, Series
from local.alarms.states import State, next_state, points

type Properties = Mapping[str, Any]
# The least pause between two evaluations of CloudWatch.
MINUTE = 60.0
_COMPARED: Mapping[str, str] = {
    "GreaterThanThreshold": "greater",
    "GreaterThanOrEqualToThreshold": "greater or equal",
    "LessThanThreshold": "less",
    "LessThanOrEqualToThreshold": "less or equal",
}


class Change(msgspec.Struct, frozen=True):
    """An alarm entered another state; ``causes`` are the alarms that made a composite one do so."""

    name: str
    before: State
    after: State
    reason: str
    causes: tuple[str, ...] = ()

    @property
    def is_news(self) -> bool:
        """Whether it is on, or was; of anything else the stack makes no mail."""
        return "ALARM" in {self.before, self.after}


class Evaluator:
    """The states of alarms, by name.

    Args:
        alarms: their properties as in a template, resolved.
        composites: likewise; rules name alarms as these two do.
        created: the moment of the alarms' creation, in seconds of the clock that ``evaluate`` gets.
    """

    def __init__(
        self, alarms: Mapping[str, Properties], composites: Mapping[str, Properties], created: float = 0.0
    ) -> None:
        self.alarms = alarms
        self.composites = composites
        self.states: dict[str, State] = dict.fromkeys([*alarms, *composites], "INSUFFICIENT_DATA")
        self._created = created
        self._ready: set[str] = set()

    def evaluate(self, samples: Samples, now: float) -> list[Change]:
        """The changes at a moment, single alarms first.

        Raises:
            ExpressionError, RuleError: metric math or a rule is not supported here.
        """
        changes = [*self._single(samples, now)]
        return [*changes, *self._composite({change.name for change in changes})]

    def _single(self, samples: Samples, now: float) -> Iterator[Change]:
        for name, alarm in self.alarms.items():
            values = points(alarm, samples, now)
            if not self._is_ready(name, values, now):
                continue
            yield from self._enter(name, next_state(alarm, values, self.states[name]), _reason(alarm, values))

    def _composite(self, changed: set[str]) -> Iterator[Change]:
        for name in self._ordered():
            rule = self.composites[name]["AlarmRule"]
            after: State = "ALARM" if holds(rule, self.states) else "OK"
            causes = tuple(cause for cause in dict.fromkeys(names_in(rule)) if cause in changed)
            text = " and ".join(f"{cause} is {self.states[cause]}" for cause in causes) or "its rule was evaluated"
            for change in self._enter(name, after, text, causes):
                changed.add(name)
                yield change

    def _enter(self, name: str, after: State, reason: str, causes: tuple[str, ...] = ()) -> Iterator[Change]:
        before = self.states[name]
        if after != before:
            self.states[name] = after
            yield Change(name, before, after, reason, causes)

    def _is_ready(self, name: str, values: Series, now: float) -> bool:
        """Whether the warm-up is over: by time, or by data in every evaluation period."""
        alarm = self.alarms[name]
        minutes = int(alarm.get("WarmUpConfiguration", {}).get("WarmUpPeriodDurationInMinutes", 0))
        is_filled = all(value is not None for value in values[: int(alarm["EvaluationPeriods"])])
        if is_filled or now - self._created > minutes * MINUTE:
            self._ready.add(name)
        return name in self._ready

    def _ordered(self) -> list[str]:
        """The composite alarms, each behind those that its rule names."""
        ordered: list[str] = []

        def add(name: str, above: frozenset[str]) -> None:
            if name not in self.composites or name in ordered or name in above:
                return
            for other in names_in(self.composites[name]["AlarmRule"]):
                add(other, above | {name})
            ordered.append(name)

        for name in self.composites:
            add(name, frozenset())
        return ordered


def _reason(alarm: Properties, values: Series) -> str:
    """In CloudWatch's words, without the times of the data points."""
    recent = values[: int(alarm["EvaluationPeriods"])]
    shown = ", ".join("missing" if value is None else f"{value:g}" for value in recent)
    comparison = _COMPARED[alarm["ComparisonOperator"]]
    noun = "datapoint" if len(recent) == 1 else "datapoints"
    return f"Threshold ({float(alarm['Threshold']):g}), {comparison} is breaching: last {len(recent)} {noun} [{shown}]"
