"""``python -m local.console --run FOLDER --port PORT``: serve the page of a running system until SIGTERM."""

import argparse
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

from aiohttp import web
from kafka.errors import KafkaError

from local.aws.functions import Function
from local.console.actions import Action, Actions
from local.console.app import ApplyRequest, Parts, console
from local.console.history import History
from local.console.invoking import UNAVAILABLE, Invokes
from local.console.letters import REDRIVE, Letters
from local.console.offsets import Offsets, forwarded_topics
from local.console.sources import AWS_ERRORS, PROBES, STATUS, TOPICS, sampling, sources
from local.console.watch import Watch
from local.faults import FaultError, Faults
from local.kafka.cluster import KafkaClusterError
from local.processes import AlreadyRunningError, ProcessError
from local.system import PROBE_TOPIC, System

_EXPECTED = (
    *UNAVAILABLE,
    *AWS_ERRORS,
    AlreadyRunningError,
    FaultError,
    KafkaClusterError,
    KafkaError,
    OSError,
    ProcessError,
)


def main() -> int:
    """Returns the exit status: 1 when nothing runs there."""
    parser = argparse.ArgumentParser(
        prog="python -m local.console", description="Serve the console of a running local system until SIGTERM."
    )
    parser.add_argument("--run", type=Path, required=True, help="folder of the running system")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    arguments = parser.parse_args()
    # Each answer of a broker that is down would be a line.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    system = System.open(arguments.run)
    if system is None:
        print(f"no local system is running in {arguments.run}", file=sys.stderr)
        return 1
    web.run_app(console(parts_of(system)), host="127.0.0.1", port=arguments.port, access_log=None, print=None)
    return 0


def parts_of(system: System) -> Parts:
    """Everything that the server needs of a running system."""
    invoke = _invoking(system)
    topics = forwarded_topics(system.stack.event_sources(), PROBE_TOPIC)
    history = History([topic.name for topic in topics])
    s3 = system.emulator.session().client("s3", endpoint_url=system.emulator.endpoint)
    letters = Letters(invoke, s3, system.stack.physical_ids["DeadLetterBucket"])
    faults = Faults(system, topics[-1].name)
    sample = sampling(Offsets(system.kafka.bootstrap("PLAINTEXT"), topics), history)
    watch = Watch(sources(system, invoke, faults, letters, sample))
    actions = Actions(_actions(faults, invoke), _EXPECTED, watch.refresh)

    def apply(request: ApplyRequest) -> Any:
        return invoke(TOPICS, {"action": "apply", "plan": request.plan})

    return Parts(watch, history, actions, letters, apply, _EXPECTED)


def _invoking(system: System) -> Invokes:
    @cache
    def function(logical_id: str) -> Function:
        return system.function(logical_id)

    for logical_id in (*PROBES.values(), REDRIVE, TOPICS, STATUS):
        if logical_id in system.stack.physical_ids:
            function(logical_id)  # made here: boto3's session must not make two clients at once

    def invoke(logical_id: str, event: dict[str, Any]) -> Any:
        return function(logical_id).invoke(event)

    return invoke


def _actions(faults: Faults, invoke: Invokes) -> dict[str, Action]:
    return {
        "probe": Action("probe", partial(_probe, invoke)),
        "stop-vantiq": Action("vantiq", faults.stop_vantiq),
        "start-vantiq": Action("vantiq", faults.start_vantiq),
        "stop-broker": Action("broker", faults.stop_broker),
        "start-broker": Action("broker", faults.start_broker),
        "refuse-token": Action("vantiq", faults.refuse_token),
        "store-token": Action("vantiq", faults.store_token),
        "disable-mapping": Action("mapping", faults.disable_mapping),
        "enable-mapping": Action("mapping", faults.enable_mapping),
        "rotate-password": Action("password", faults.rotate_password),
        "store-password": Action("password", faults.store_password),
        "change-topic": Action("topics", faults.change_topic),
        "accept-poison": Action("records", faults.forgive_poison),
        "write-poison": Action("records", faults.write_poison),
        "write-records": Action("records", faults.write_records),
    }


def _probe(invoke: Invokes) -> str:
    """Run both probes; a result is in its log also where the function fails."""
    with ThreadPoolExecutor(len(PROBES)) as pool:
        answers = list(pool.map(lambda function: invoke(function, {}), PROBES.values()))
    summaries = [answer["verdict"]["summary"] for answer in answers]
    return " ".join(f"{name}: {summary}." for name, summary in zip(PROBES, summaries, strict=True))


if __name__ == "__main__":
    sys.exit(main())
