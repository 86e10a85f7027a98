"""The alarms of a running system, evaluated again and again."""

import logging
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from local.alarms.definitions import Definitions, definitions_file
from local.alarms.emulator import Services, published_by_services
from local.alarms.evaluation import Change, Evaluator
from local.alarms.history import Clock, History
from local.alarms.mailbox import Mailbox
from local.alarms.notifications import Place, notification
from local.alarms.process import mails_folder
from local.aws.emulator import REGION
from local.cost.emf import measured
from local.system import System

_LOG_GROUP = "AWS::Logs::LogGroup"
_logger = logging.getLogger("local.alarms")


class Alarms:
    """The alarms of a running system.

    Args:
        clock: what their periods are measured with.
    """

    def __init__(self, system: System, clock: Clock) -> None:
        self.definitions = msgspec.json.decode(definitions_file(system.run).read_bytes(), type=Definitions)
        session, endpoint = system.emulator.session(), system.emulator.endpoint
        self._services = Services(session, endpoint)
        self._mailbox = Mailbox(session, endpoint, mails_folder(system.run))
        self._topic = system.stack.physical_ids["AlarmTopic"]
        self._place = Place(REGION, system.stack.stack_id.split(":")[4])
        types = system.stack.types
        self._groups = [system.stack.physical_ids[name] for name, kind in types.items() if kind == _LOG_GROUP]
        self._clock = clock
        self._history = History(self.definitions, clock)
        self._evaluator = Evaluator(self.definitions.alarms, self.definitions.composites)
        self._read_until = clock.start
        self._due: deque[Change] = deque()

    def create(self) -> None:
        """Show the alarms in the emulator, and collect their mails."""
        self._mailbox.subscribe(self._topic)
        self._services.create(self.definitions)

    def evaluate(self) -> list[Change]:
        """Read what is new, and carry out what it changes; what an error has cut off, the next evaluation does.

        Raises:
            ClientError, BotoCoreError: the emulator does not answer.
        """
        now = time.time()
        self._read(now)
        changes = self._evaluator.evaluate(self._history.samples, self._clock.at(now))
        self._due += changes
        while self._due:
            self._carry_out(self._due[0])
            self._due.popleft()
        return changes

    def collect(self) -> list[Path]:
        """The files of the mails that have come since. Raises ``ClientError`` or ``BotoCoreError``."""
        files = self._mailbox.collect()
        for file in files:
            _logger.info("mail: %s", file)
        return files

    def _read(self, now: float) -> None:
        for group in self._groups:
            for line in self._services.new_lines(group, self._read_until):
                self._history.add(measured([line.text]), line.at)
        end = float(int(now))
        for metric in published_by_services(self._history.samples):
            for at, measure in self._services.measured(metric, float(int(self._read_until)), end):
                self._history.add([measure], at)
        self._history.forget(now)
        self._read_until = end

    def _carry_out(self, change: Change) -> None:
        _logger.info("%s: %s -> %s (%s)", change.name, change.before, change.after, change.reason)
        self._services.enter(change)
        if not change.is_news:
            # At the start all alarms turn OK at once, and each message would start an environment of its own, which
            # together keep two processors busy while the first commands wait.
            return
        definition = self.definitions.of(change.name)
        message = notification(change, definition, self._place, datetime.now(UTC))
        for topic in self.definitions.actions(change.name, change.after):
            self._services.publish(topic, message)
