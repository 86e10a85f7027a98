"""The stack's alarms over time: what the functions print is measured, and each minute every alarm is evaluated."""

from collections.abc import Iterable
from typing import Any

from local.cost.emf import Metric, measured
from tests.template.alarm_states import Sample, State, points, rings, state
from tests.template.stack import Stack, raw_template

ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
MINUTE = 60.0
# Log lines become metrics a little later.
_DELAY = 20.0


class AlarmWorld:
    """All alarms of a stack from its creation on; ``mails`` holds (minute, logical id) of each that was sent."""

    def __init__(self, **answers: str) -> None:
        stack = Stack(**answers)
        self.alarms: dict[str, dict[str, Any]] = {name: stack.properties(name) for name in stack.names(ALARM)}
        # As they are written: SAM's local view resolves the names of resources in a rule.
        resources = raw_template()["Resources"]
        self.composites = {name: resources[name]["Properties"] for name in stack.names(COMPOSITE)}
        self.states: dict[str, State] = dict.fromkeys([*self.alarms, *self.composites], "INSUFFICIENT_DATA")
        self.mails: list[tuple[int, str]] = []
        self.minute = 0
        self._samples: dict[Metric, list[Sample]] = {}
        self._ready: set[str] = set()

    def printed(self, text: str) -> None:
        """What a function printed in this minute."""
        for one in measured(text.splitlines()):
            self.add(one.metric, one.values)

    def add(self, metric: Metric, values: Iterable[float]) -> None:
        """Values of this minute."""
        now = self.minute * MINUTE
        self._samples.setdefault(metric, []).extend(Sample(now + _DELAY, value) for value in values)

    def failed(self, function: str) -> None:
        """An invocation ended with an error, which Lambda itself counts."""
        self.add(Metric("AWS/Lambda", "Errors", (("FunctionName", function),)), [1.0])

    def pass_minute(self) -> None:
        """Evaluate every alarm, and go on to the next minute."""
        self.minute += 1
        now = self.minute * MINUTE
        for name, alarm in self.alarms.items():
            values = points(alarm, self._samples, now)
            if self._is_ready(name, alarm, values):
                self._enter(name, alarm, state(alarm, values, self.states[name]))
        on = {name: self.states[name] == "ALARM" for name in self.alarms}
        # The forwarder's is in the heartbeat's rule.
        for name in sorted(self.composites, key=lambda each: each == "HeartbeatAlarm"):
            holds = rings(self.composites[name]["AlarmRule"]["Fn::Sub"], on)
            on[name] = holds
            self._enter(name, self.composites[name], "ALARM" if holds else "OK")

    def _is_ready(self, name: str, alarm: dict[str, Any], values: list[float | None]) -> bool:
        """Whether the warm-up is over: by time, or by data in every evaluation period."""
        minutes = alarm.get("WarmUpConfiguration", {}).get("WarmUpPeriodDurationInMinutes", 0)
        filled = all(value is not None for value in values[: int(alarm["EvaluationPeriods"])])
        if filled or self.minute > minutes:
            self._ready.add(name)
        return name in self._ready

    def _enter(self, name: str, alarm: dict[str, Any], new: State) -> None:
        if new == "ALARM" and self.states[name] != "ALARM" and alarm.get("AlarmActions"):
            self.mails.append((self.minute, name))
        self.states[name] = new
