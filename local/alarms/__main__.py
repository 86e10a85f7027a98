"""``python -m local.alarms --run FOLDER``: evaluate the alarms of a running system until SIGTERM."""

import argparse
import logging
import signal
import sys
import threading
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local.alarms.history import Clock
from local.alarms.process import Evaluated, state_file
from local.alarms.running import Alarms
from local.event_source_mapping.stats import StateFile
from local.system import System

_PAUSE_SECONDS = 2.0
_logger = logging.getLogger("local.alarms")


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
    alarms = Alarms(system, Clock(time.time(), arguments.factor))
    alarms.create()
    file = StateFile(state_file(system.run))
    while not stop.wait(_PAUSE_SECONDS):
        try:
            alarms.evaluate()
            alarms.collect()
        except (ClientError, BotoCoreError) as error:
            _logger.warning("the emulator does not answer: %s", error)
        else:
            file.write_now(Evaluated(time.time(), arguments.factor))
    return 0


if __name__ == "__main__":
    sys.exit(main())
