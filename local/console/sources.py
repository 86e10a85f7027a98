"""What the page shows of a running system: where each part of it is read, and how often."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.last_run import LastRun, last_run

from local.console.history import SECONDS, History, Reading
from local.console.invoking import UNAVAILABLE, Invokes
from local.console.letters import Letters
from local.console.mails import latest_mails
from local.console.offsets import Offsets, OffsetsError
from local.console.watch import Source
from local.faults import Faults
from local.system import System

STATUS, TOPICS = "StatusFunction", "TopicsFunction"
PROBES = {"Producer probe": "ProducerProbeFunction", "Consumer probe": "ConsumerProbeFunction"}
_LOG_SECONDS = 20.0
AWS_ERRORS = (BotoCoreError, ClientError)
_NOT_DEPLOYED = "this stack has no StatusFunction"


class NotDeployedError(Exception):
    """The stack has no such function."""


def sources(
    system: System, invoke: Invokes, faults: Faults, letters: Letters, sample: Callable[[], None]
) -> dict[str, Source]:
    """The sources by their names on the page."""

    logs = system.emulator.session().client("logs", endpoint_url=system.emulator.endpoint)

    def status() -> Any:
        if STATUS not in system.stack.physical_ids:
            raise NotDeployedError(_NOT_DEPLOYED)
        return invoke(STATUS, {})

    return {
        "offsets": Source(sample, SECONDS, (), always=True),
        "status": Source(status, 5, (*UNAVAILABLE, NotDeployedError)),
        "probes": Source(lambda: last_runs(system, logs), 5, AWS_ERRORS),
        "faults": Source(faults.states, 3, (*AWS_ERRORS, OSError)),
        "letters": Source(letters.groups, 10, UNAVAILABLE),
        "plan": Source(lambda: invoke(TOPICS, {"action": "plan"}), 30, UNAVAILABLE),
        "mails": Source(lambda: latest_mails(system.run / "mails"), 3, (OSError,)),
    }


def sampling(offsets: Offsets, history: History, now: Callable[[], float] = time.time) -> Callable[[], None]:
    """A function that adds the present offsets to the history; one that could not be read leaves a gap."""

    def sample() -> None:
        try:
            positions = offsets.read()
        except OffsetsError:
            history.add(Reading(now(), None))
        else:
            history.add(Reading(now(), positions))

    return sample


def last_runs(system: System, logs: Any) -> list[LastRun]:
    """The last run of each probe, from its log."""
    deadline = Deadline(_LOG_SECONDS)
    return [
        last_run(logs, name, f"/aws/lambda/{system.stack.physical_ids[function]}", now=time.time(), deadline=deadline)
        for name, function in PROBES.items()
    ]
