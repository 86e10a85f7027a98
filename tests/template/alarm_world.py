"""The stack's alarms over time: what the functions print is measured, and each minute every alarm is evaluated."""

from collections.abc import Iterable, Mapping
from typing import Any

from local.alarms.evaluation import MINUTE, Evaluator
from local.alarms.samples import Sample
from local.alarms.states import State
from local.cost.emf import Metric, measured
from tests.template.alarm_mailer import AlarmMailer
from tests.template.stack import Stack, raw_template

ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
# Log lines become metrics a little later.
_DELAY = 20.0


class AlarmWorld:
    """All alarms of a stack from its creation on; ``mails`` holds (minute, logical id) of each that was sent.

    Args:
        mailer: makes the mails; None where only their number matters.
    """

    def __init__(self, mailer: AlarmMailer | None = None, **answers: str) -> None:
        stack = Stack(**answers)
        self._mailer = mailer
        self.alarms: dict[str, dict[str, Any]] = {name: stack.properties(name) for name in stack.names(ALARM)}
        self.composites = {
            name: {**stack.properties(name), "AlarmRule": _rule(name)} for name in stack.names(COMPOSITE)
        }
        self._evaluator = Evaluator(self.alarms, self.composites)
        self.mails: list[tuple[int, str]] = []
        self.minute = 0
        self._samples: dict[Metric, list[Sample]] = {}

    @property
    def states(self) -> Mapping[str, State]:
        """By logical id."""
        return self._evaluator.states

    def printed(self, text: str) -> None:
        """What a function printed in this minute."""
        if self._mailer:
            self._mailer.printed(self.minute * MINUTE, text)
        for one in measured(text.splitlines()):
            self.add(one.metric, one.values)

    def add(self, metric: Metric, values: Iterable[float]) -> None:
        """Values of this minute."""
        now = self.minute * MINUTE
        self._samples.setdefault(metric, []).extend(Sample(now + _DELAY, value) for value in values)

    def invoked(self, function: str, *, failed: bool) -> None:
        """An invocation ended: Lambda itself counts those with an error, and a zero for each other one."""
        self.add(Metric("AWS/Lambda", "Errors", (("FunctionName", function),)), [float(failed)])

    def pass_minute(self) -> None:
        """Evaluate every alarm, and go on to the next minute."""
        self.minute += 1
        for change in self._evaluator.evaluate(self._samples, self.minute * MINUTE):
            definition = {**self.alarms, **self.composites}[change.name]
            if change.after == "ALARM" and definition.get("AlarmActions"):
                self.mails.append((self.minute, change.name))
            if self._mailer and definition.get("AlarmActions" if change.after == "ALARM" else "OKActions"):
                self._mailer.change(change, definition, self.minute * MINUTE)


def _rule(composite: str) -> str:
    """A rule that names alarms by their logical ids, as it is written: SAM's local view resolves the names."""
    written: str = raw_template()["Resources"][composite]["Properties"]["AlarmRule"]["Fn::Sub"]
    return written.replace("${", "").replace("}", "")
