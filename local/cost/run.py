"""The counting run: the local system through its states, and what its functions published in each."""

import json
import ssl
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from local.cost.counts import LOOK_LINE, Counts, FunctionCounts, alarms, count_log, functions, schedules
from local.cost.model import READ_SECRETS
from local.demo.records import sensor_records
from local.demo.story import SENSORS, Story
from local.startup import bring_down, bring_up, build_folder
from local.steps import Steps
from local.system import System

# A line that each run of a function writes once.
FUNCTIONS = {
    "ProducerProbeFunction": ("producer-probe", "verdict"),
    "ConsumerProbeFunction": ("consumer-probe", "verdict"),
    "TopicsFunction": ("topics", "action"),
    "ConnectFunction": ("connect", "action"),
    "StatusFunction": ("status", LOOK_LINE),
    "ForwarderFunction": ("forwarder", "delivered"),
    "RedriveFunction": ("redrive", "action"),
}
PROBES = ("ProducerProbeFunction", "ConsumerProbeFunction")
CHECKING = ("TopicsFunction", "ConnectFunction")
CALLS_LOG = Path("aws") / "calls.log"
_STOPPED = 2
_SINGLE_RECORDS = 8
# The batch window is a second: records that are further apart come one in a batch.
_APART_SECONDS = 1.5
_RUNS = 2
_LETTER_SECONDS = 60.0
# An invocation retries for as long as its timeout of two minutes allows.
_OUTAGE_RECORDS, _OUTAGE_SECONDS, _ALWAYS = 50, 180.0, 100_000


class Counting:
    """One counting run over a system that is up."""

    def __init__(self, system: System, steps: Steps, console: Console) -> None:
        self.system = system
        self.steps = steps
        self.story = Story(system, steps, console)
        self.states: dict[str, dict[str, FunctionCounts]] = {}
        self.secret_calls = 0.0

    def everything(self) -> None:
        """Every state, one after another; each is over before the next begins."""
        with self._state("healthy"):
            before = self._calls()
            self._monitor()
            asked = self._calls() - before
        runs = sum(self.states["healthy"][name].runs for name in READ_SECRETS)
        self.secret_calls = round(asked / runs, 2)
        with self._state("forwarding"):
            self.story.many(2_000)
        with self._state("trickle"):
            self._trickle()
        with self._state("dead letters"):
            self._dead_letter()
            self._look()
            self.system.function("RedriveFunction").invoke({"action": "replay", "dry_run": False})
        with self._state("outage"):
            self._outage()
        with self._state("drift"):
            missing = [{"name": "not-there", "partitions": 1, "replication_factor": 1}]
            self.system.function("TopicsFunction").invoke({"action": "check", "topics": missing})
        # Before a broker has been away: it would lead nothing, and have fewer stages.
        with self._state("detailed"):
            self._detailed("true")
        self._detailed("false")
        with self._state("broker stopped"):
            self.system.kafka.stop_broker(_STOPPED)
            self._probe()
            self.system.kafka.start_broker(_STOPPED)
        with self._state("login refused"):
            self._wrong_password()

    def _monitor(self) -> None:
        for _ in range(_RUNS):
            self._probe()
            for name in CHECKING:
                self.system.function(name).invoke({"action": "check"})
            self._look()

    def _look(self) -> None:
        self.system.function("StatusFunction").invoke({"action": "watch"})

    def _probe(self) -> None:
        for name in PROBES:
            self.system.function(name).invoke({})

    def _trickle(self) -> None:
        with self.steps.step("Forward: records that arrive one by one") as step:
            for number in range(_SINGLE_RECORDS):
                self.story.traffic.send(SENSORS, list(sensor_records(1, start=number)))
                time.sleep(_APART_SECONDS)
            step.ok = self.story.traffic.delivered()

    def _dead_letter(self) -> None:
        with self.steps.step("Fault: Vantiq refuses a record") as step:
            since = datetime.now(UTC)
            self._vantiq("POST", {"action": "status", "status": 400, "path": "/api/v1/resources", "times": 1})
            self.story.traffic.send_uncounted(SENSORS, list(sensor_records(1)))
            step.ok = self._forwarder_wrote('"dead_lettered":1', since, _LETTER_SECONDS)
            self._vantiq("DELETE")

    def _outage(self) -> None:
        with self.steps.step("Fault: Vantiq answers 503 until an invocation has failed") as step:
            since = datetime.now(UTC)
            always = {"action": "status", "status": 503, "path": "/api/v1/resources", "times": _ALWAYS}
            self._vantiq("POST", always)
            self.story.traffic.send(SENSORS, list(sensor_records(_OUTAGE_RECORDS, start=10_000)))
            step.ok = self._forwarder_wrote('"VantiqOutage":', since, _OUTAGE_SECONDS)
            self._vantiq("DELETE")
            step.ok = self.story.traffic.delivered() and step.ok

    def _forwarder_wrote(self, text: str, since: datetime, seconds: float) -> bool:
        forwarder = self.system.function("ForwarderFunction")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if any(text in line for line in forwarder.logs(since)):
                return True
            time.sleep(0.5)
        return False

    def _wrong_password(self) -> None:
        secrets = self.system.emulator.session().client("secretsmanager", endpoint_url=self.system.emulator.endpoint)
        arn = self.system.resources.scram_secret_arn
        right = secrets.get_secret_value(SecretId=arn)["SecretString"]
        wrong = {**json.loads(right), "password": "not-the-password"}
        secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(wrong))
        try:
            self._probe()
        finally:
            secrets.put_secret_value(SecretId=arn, SecretString=right)

    def _detailed(self, value: str) -> None:
        client = self.system.emulator.session().client("lambda", endpoint_url=self.system.emulator.endpoint)
        for name in (*PROBES, *CHECKING, "ForwarderFunction"):
            function = self.system.stack.physical_ids[name]
            variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
            client.update_function_configuration(
                FunctionName=function, Environment={"Variables": {**variables, "DETAILED_METRICS": value}}
            )
        if value == "true":
            self._monitor()
            self.story.many(200)

    @contextmanager
    def _state(self, name: str) -> Iterator[None]:
        since = datetime.now(UTC)
        yield
        counted = {}
        for logical_id, (function, last_line) in FUNCTIONS.items():
            lines = self.system.function(logical_id).logs(since)
            if lines:
                counted[function] = count_log(lines, last_line)
        self.states[name] = counted
        metrics = sum(sum(metric.number for metric in function.metrics) for function in counted.values())
        self.steps.say(f"counted: {name}, {metrics} metrics")

    def _calls(self) -> int:
        """How often a secret was read so far."""
        log = self.system.run / CALLS_LOG
        if not log.exists():
            return 0
        return log.read_text().count("secretsmanager.GetSecretValue")

    def _vantiq(self, method: str, body: Any = None) -> None:
        context = ssl.create_default_context(cafile=self.system.kafka.ca_file)
        request = urllib.request.Request(  # noqa: S310 - the stand-in on this machine
            f"{self.system.vantiq_url}/standin/faults",
            data=json.dumps(body or []).encode(),
            method=method,
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10, context=context).close()  # noqa: S310


def count(run: Path, cache: Path, console: Console) -> Counts:
    """Bring the local system up, count, and end it; errors as of ``bring_up``."""
    steps = Steps(console)
    try:
        system = bring_up(run, cache, steps)
        counting = Counting(system, steps, console)
        counting.everything()
        template = yaml.safe_load((build_folder(run) / "build" / "template.yaml").read_text())
        return Counts(
            brokers=len(system.kafka.bootstrap("SASL_SSL").split(",")),
            alarms=alarms(template, of_heartbeats=False),
            heartbeat_alarms=alarms(template, of_heartbeats=True),
            schedules=schedules(template),
            functions=functions(template),
            secret_calls=counting.secret_calls,
            states=counting.states,
        )
    finally:
        bring_down(run)
