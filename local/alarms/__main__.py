"""``python -m local.alarms --run FOLDER``: evaluate the alarms of a running system until SIGTERM."""

import argparse
import logging
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from local.alarms.definitions import Definitions, definitions_file
from local.alarms.emulator import Services, published_by_services
from local.alarms.evaluation import Change, Evaluator
from local.alarms.history import Clock, History
from local.alarms.mailbox import Mailbox
from local.alarms.notifications import Place, notification
from local.alarms.process import Evaluated, mails_folder, state_file
from local.aws.emulator import REGION
from local.cost.emf import measured
from local.event_source_mapping.stats import StateFile
from local.system import System

_PAUSE_SECONDS = 2.0
_LOG_GROUP = "AWS::Logs::LogGroup"
_logger = logging.getLogger("local.alarms")


class Alarms:
    """The alarms of a running system."""

    def __init__(self, system: System, factor: float) -> None:
        self._definitions = msgspec.json.decode(definitions_file(system.run).read_bytes(), type=Definitions)
        session, endpoint = system.emulator.session(), system.emulator.endpoint
        self._services = Services(session, endpoint)
        self._mailbox = Mailbox(session, endpoint, mails_folder(system.run))
        self._topic = system.stack.physical_ids["AlarmTopic"]
        self._place = Place(REGION, system.stack.stack_id.split(":")[4])
        types = system.stack.types
        self._groups = [system.stack.physical_ids[name] for name, kind in types.items() if kind == _LOG_GROUP]
        clock = Clock(time.time(), factor)
        self._clock = clock
        self._history = History(self._definitions, clock)
        self._evaluator = Evaluator(self._definitions.alarms, self._definitions.composites)
        self._read_until = clock.start

    def create(self) -> None:
        """Show the alarms in the emulator, and collect their mails."""
        self._mailbox.subscribe(self._topic)
        self._services.create(self._definitions)

    def evaluate(self) -> None:
        """Read what is new, and carry out what it changes."""
        now = time.time()
        self._read(now)
        for change in self._evaluator.evaluate(self._history.samples, self._clock.at(now)):
            self._carry_out(change)
        for file in self._mailbox.collect():
            _logger.info("mail: %s", file)

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
        definition = self._definitions.of(change.name)
        message = notification(change, definition, self._place, datetime.now(UTC))
        for topic in self._definitions.actions(change.name, change.after):
            self._services.publish(topic, message)


def main() -> int:
    """Returns the exit status: 1 when nothing runs there."""
    parser = argparse.ArgumentParser(
        prog="python -m local.alarms", description="Evaluate the alarms of a running local system until SIGTERM."
    )
    parser.add_argument("--run", type=Path, required=True, help="folder of the running system")
    parser.add_argument("--factor", type=float, default=1.0, help="how much faster than on AWS (default: %(default)s)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    _logger.setLevel(logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    system = System.open(arguments.run)
    if system is None:
        print(f"no local system is running in {arguments.run}", file=sys.stderr)
        return 1
    alarms = Alarms(system, arguments.factor)
    alarms.create()
    file = StateFile(state_file(system.run))
    while not stop.wait(_PAUSE_SECONDS):
        try:
            alarms.evaluate()
        except (ClientError, BotoCoreError) as error:
            _logger.warning("the emulator does not answer: %s", error)
        else:
            file.write_now(Evaluated(time.time(), arguments.factor))
    return 0


if __name__ == "__main__":
    sys.exit(main())
