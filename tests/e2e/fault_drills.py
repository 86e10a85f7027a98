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
from local.alarms.history import Clock
from local.alarms.process import PROCESS
from local.alarms.running import Alarms
from local.aws.functions import FunctionError, FunctionUnavailableError
from local.demo.records import produce, sensor_records
from local.faults import Faults
from local.system import CHECKOUT, USERNAME, System

TUTORIAL, SENSORS = "AWSKafkaTutorialTopic", "sensor-readings"
# An invocation of the forwarder that reaches nothing tries for some seconds.
_REAL_SECONDS = 90.0
_SCHEDULE_SECONDS = 300.0


class Shown(NamedTuple):
    """What the surfaces show at one moment, blanks counted once, and the state as JSON."""

    status: str
    widget: str
    state: Any

    @property
    def causes(self) -> set[str]:
        """The causes of the problems."""
        return {problem["cause"] for problem in self.state["problems"]}

    def problem(self, cause: str) -> Any:
        """The problem of a cause."""
        return next(problem for problem in self.state["problems"] if problem["cause"] == cause)


class Mail(NamedTuple):
    """A mail: its subject, its text with blanks counted once, and when it came on the alarms' clock."""

    subject: str
    text: str
    at: float


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

    @property
    def now(self) -> float:
        """On the alarms' clock."""
        return self.clock.at(time.time())

    def faults(self, topic: str = SENSORS) -> Faults:
        """What can be broken."""
        return Faults(self.system, topic)

    def pass_time(self, *functions: str) -> None:
        """Five minutes, at whose end what has a schedule has run; the alarms are evaluated each minute."""
        for name, event in _SCHEDULED.items():
            if name in functions or not functions:
                self.run(name, event)
        for _ in range(5):
            self.evaluate()
            self.clock.skip(_SCHEDULE_SECONDS / 5)
        self.evaluate()

    def run(self, function: str, event: dict[str, Any]) -> Any:
        """Run a function; what it raises is in its log."""
        try:
            return self.system.function(function).invoke(event)
        except (FunctionError, FunctionUnavailableError):
            return None

    def evaluate(self) -> None:
        """Evaluate the alarms; their mails come a little later, from a function."""
        self.changes += self._alarms.evaluate()
        self._collect()

    def write(self, topic: str = SENSORS, count: int = 3) -> None:
        """Write records that are forwarded."""
        kafka = self.system.kafka
        settings = {
            "bootstrap_servers": kafka.bootstrap("SASL_SSL").split(","),
            "security_protocol": "SASL_SSL",
            "ssl_cafile": str(kafka.ca_file),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": USERNAME,
            "sasl_plain_password": kafka.settings.password,
        }
        produce(settings, topic, list(sensor_records(count, start=self._written)))
        self._written += count

    def shown(self) -> Shown:
        """What each surface shows now."""
        widget = self.system.function("StatusFunction").invoke({"widgetContext": {"theme": "dark"}})
        state = self.system.function("StatusFunction").invoke({})
        command = [sys.executable, "-m", "mskv", "status", "--local", "--local-run", str(self.system.run)]
        result = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)
        assert result.returncode in {0, 1}, result.stderr
        return Shown(_blank_once(result.stdout), _blank_once(_text_of(widget)), state)

    def until(self, condition: Callable[[], bool], what: str, seconds: float = _REAL_SECONDS) -> None:
        """Evaluate until a condition holds; fails after some real seconds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what}; mails: {[mail.subject for mail in self.mails]}"
            self.evaluate()
            time.sleep(0.5)

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


_SCHEDULED: dict[str, dict[str, Any]] = {
    "ProducerProbeFunction": {},
    "ConsumerProbeFunction": {},
    "StatusFunction": {"action": "watch"},
}
