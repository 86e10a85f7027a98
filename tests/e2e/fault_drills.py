"""The system under a fault: its alarms on a clock that a drill moves on, its mails, and what is shown of it."""

import html
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from local.alarms.evaluation import Change
from local.alarms.history import Clock, seconds_back
from local.alarms.process import PROCESS
from local.alarms.running import Alarms
from local.aws.functions import FunctionError, FunctionUnavailableError
from local.demo.journal import Deliveries
from local.demo.records import produce, sensor_records
from local.faults import Faults
from local.system import CHECKOUT, System

TUTORIAL, SENSORS = "AWSKafkaTutorialTopic", "sensor-readings"
# An invocation of the forwarder that reaches nothing tries for some seconds.
_REAL_SECONDS = 150.0
_LONGEST = 3 * 3600.0
_MINUTE = 60.0
_CHECK_SECONDS = 1800.0
# A function makes the mail, on a machine that is busy.
_MAIL_SECONDS = 40.0


class Shown(NamedTuple):
    """What the surfaces show at one moment, blanks counted once, and the state as JSON."""

    status: str
    widget: str
    state: Any

    def problem(self, cause: str) -> Any:
        """The problem of a cause."""
        return next(problem for problem in self.state["problems"] if problem["cause"] == cause)


class Mail(NamedTuple):
    """A mail: its subject, its text with blanks counted once, and when it came on the alarms' clock."""

    subject: str
    text: str
    at: float

    @property
    def is_end(self) -> bool:
        """Whether it says that an alarm has ended."""
        return "Over after" in self.subject or "Alarm ended" in self.subject


class Line:
    """A running system whose alarms are evaluated by a test, as quickly as it likes."""

    def __init__(self, system: System) -> None:
        self.system = system
        system.ledger.stop(PROCESS)
        self.clock = Clock(time.time(), 1.0)
        self._alarms = Alarms(system, self.clock)
        self._alarms.create()
        self.changes: list[Change] = []
        self.mails: list[Mail] = []
        self._written = 0
        self._checked = 0.0
        self._deliveries = Deliveries(system.vantiq_journal, system.resources.cluster_arn)

    @property
    def delivered(self) -> bool:
        """Whether Vantiq has every record that was written."""
        return len(self._deliveries.read()) >= self._written

    @property
    def causes(self) -> set[str]:
        """The causes of the present problems."""
        return {problem["cause"] for problem in self.system.function("StatusFunction").invoke({})["problems"]}

    @property
    def now(self) -> float:
        """On the alarms' clock."""
        return self.clock.at(time.time())

    def faults(self, topic: str = SENSORS) -> Faults:
        """What can be broken."""
        return Faults(self.system, topic)

    def pass_time(self, minutes: int = 5, *, probes: bool = True) -> None:
        """What has a schedule runs, and then some minutes pass; the alarms are evaluated in each of them."""
        if probes:
            self.run("ProducerProbeFunction", {})
            self.run("ConsumerProbeFunction", {})
        self.run("StatusFunction", {"action": "watch"})
        if self.now - self._checked >= _CHECK_SECONDS:
            self._checked = self.now
            self.run("TopicsFunction", {"action": "check"})
        for _ in range(minutes):
            self.evaluate()
            self.clock.skip(_MINUTE, time.time())

    def run(self, function: str, event: dict[str, Any]) -> Any:
        """Run a function; what it raises is in its log."""
        try:
            return self.system.function(function).invoke(event)
        except (FunctionError, FunctionUnavailableError):
            return None

    def evaluate(self) -> None:
        """Evaluate the alarms, and wait for the mails of those that went off or ended."""
        changes = self._alarms.evaluate()
        self.changes += changes
        expected = len(self.mails) + sum(map(self._is_mailed, changes))
        deadline = time.monotonic() + _MAIL_SECONDS
        self._collect()
        while len(self.mails) < expected and time.monotonic() < deadline:
            time.sleep(0.2)
            self._collect()

    def mails_of(self, alarm: str) -> list[Mail]:
        """The mails about an alarm, by its name without the stack's and what follows the logical id."""
        link = f"alarm/{self.system.stack.name}-{alarm}"
        return [mail for mail in self.mails if link in mail.text]

    def seconds_of(self, alarm: str) -> float:
        """How long the periods last that made an alarm go off last."""
        names = [change for change in self.changes if change.after == "ALARM" and self._is(change.name, alarm)]
        behind = names[-1].causes or (names[-1].name,)
        periods = [seconds_back(self._alarms.definitions.of(name)) for name in behind]
        return max(periods, default=0.0)

    def _is(self, name: str, alarm: str) -> bool:
        return name.startswith(f"{self.system.stack.name}-{alarm}")

    def _is_mailed(self, change: Change) -> bool:
        is_news = change.after == "ALARM" or (change.after, change.before) == ("OK", "ALARM")
        return is_news and bool(self._alarms.definitions.actions(change.name, change.after))

    def write(self, topic: str = SENSORS, count: int = 3) -> None:
        """Write records that are forwarded."""
        produce(self.system.kafka.client_settings, topic, list(sensor_records(count, start=self._written)))
        self._written += count

    def shown(self) -> Shown:
        """What each surface shows now."""
        widget = self.system.function("StatusFunction").invoke({"widgetContext": {"theme": "dark"}})
        state = self.system.function("StatusFunction").invoke({})
        command = [sys.executable, "-m", "mskv", "status", "--local", "--local-run", str(self.system.run)]
        result = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)
        assert result.returncode in {0, 1}, result.stderr
        return Shown(_blank_once(result.stdout), _blank_once(_text_of(widget)), state)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Evaluate in real time until a condition holds; fails after some time."""
        deadline = time.monotonic() + _REAL_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"{what}; mails: {[mail.subject for mail in self.mails]}"
            self.evaluate()
            time.sleep(0.5)

    def move_on(self, condition: Callable[[], bool], what: str, *, probes: bool = True, minutes: int = 5) -> None:
        """Let time pass until a condition holds; fails after three hours."""
        began = self.now
        number = 0
        while not condition():
            assert self.now - began < _LONGEST, f"{what}; mails: {[mail.subject for mail in self.mails]}"
            self.pass_time(minutes, probes=probes or number % 2 == 0)
            number += 1

    def _collect(self) -> None:
        for file in self._alarms.collect():
            self.mails.append(_mail(file, self.now))


def _mail(file: Path, at: float) -> Mail:
    subject, _, text = file.read_text(encoding="utf-8").partition("\n")
    return Mail(subject.removeprefix("Subject: "), _blank_once(text), at)


def _text_of(markup: str) -> str:
    return html.unescape(re.sub("<[^>]*>", " ", markup))


def _blank_once(text: str) -> str:
    return " ".join(text.split())
