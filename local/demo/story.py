"""The demo's steps, in order: topics, records, faults, and the final count."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from local.aws.functions import Function
from local.demo.accounting import Account
from local.demo.records import Outgoing, sensor_records, tutorial_records
from local.demo.traffic import DELIVERY_SECONDS, Traffic
from local.faults import Faults
from local.startup import bring_down, bring_up
from local.steps import StepResult, Steps
from local.system import System

TUTORIAL, SENSORS = "AWSKafkaTutorialTopic", "sensor-readings"
_STOPPED_BROKER = 2
_OUTAGE_RECORDS = 500
_INVOCATION_SECONDS = 120.0
_SCHEDULE_SECONDS = 90.0
_SCHEDULE_PERIOD = 60.0
_NEXT = """
Next:
  make up                                  # the same system, left running, with a console that shows the whole path
  .venv/bin/mskv status --local            # the whole path in the terminal; faults to try: mskv local break --help
  README.md, "Deploy"                      # your own cluster and namespace
"""


class Report(msgspec.Struct):
    """``build/demo/report.json``; ``probe`` holds the verdicts by the moment of their run."""

    steps: list[StepResult]
    produced: int
    delivered: int
    lost: int
    altered: int
    duplicates: int
    order_violations: int
    probe: dict[str, Any]


class Story:
    """One run of the demo; remembers the verdicts."""

    def __init__(self, system: System, steps: Steps, console: Console) -> None:
        self.system = system
        self.steps = steps
        self.traffic = Traffic(system, console)
        self.verdicts: dict[str, Any] = {}

    @property
    def probe(self) -> Function:
        """The deployed producer probe."""
        return self.system.function("ProducerProbeFunction")

    def topics(self) -> None:
        """The custom resource has created the topics while the stack was deployed."""
        with self.steps.step("Topics: created over SCRAM by the custom resource") as step:
            answer = self.system.function("TopicsFunction").invoke({"action": "plan"})
            for line in answer["table"].splitlines():
                self.steps.say(line)
            actions = [topic["action"] for topic in answer["plan"]["steps"]]
            changes = [action for action in actions if action != "unchanged"]
            step.ok = bool(actions) and not changes
            step.result = f"all {len(actions)} declared topics match topics.yaml"
            if not step.ok:
                step.result = f"{len(changes)} of {len(actions)} declared topics differ from topics.yaml"

    def tutorial(self) -> None:
        """The seed document's four test messages."""
        with self.steps.step("Forward: the tutorial's four messages") as step:
            self._forward(step, TUTORIAL, list(tutorial_records()))
            for envelope in self.traffic.received(TUTORIAL):
                self.steps.say(f"Vantiq received: {envelope['value']}")

    def many(self, count: int) -> None:
        """Many records over six partitions, followed by a progress bar."""
        with self.steps.step(f"Forward: {count:,} records over six partitions") as step:
            self._forward(step, SENSORS, list(sensor_records(count)))

    def scheduled_probe(self, since: datetime) -> None:
        """EventBridge Scheduler runs the probes each minute; wait for such a run.

        It is the consumer probe's, which the story never invokes by itself.
        """
        with self.steps.step("Probe: a scheduled run") as step:
            probe = self.system.function("ConsumerProbeFunction")
            deadline = time.monotonic() + _SCHEDULE_SECONDS
            self.steps.doing(lambda: _next_run(since, datetime.now(UTC)))
            step.ok = False
            step.result = f"no run within {_SCHEDULE_SECONDS:.0f} s"
            # A run during a fault has rightly not been healthy; then the next run counts.
            while not step.ok and time.monotonic() < deadline:
                verdicts = _verdicts(probe.logs(since))
                if verdicts:
                    self.verdicts["scheduled"] = verdicts[-1]
                    step.ok = verdicts[-1]["status"] == "healthy"
                    step.result = verdicts[-1]["summary"]
                time.sleep(0.5)

    def broker_stops(self) -> None:
        """Stop one broker: the probe names it, and nothing else."""
        with self.steps.step(f"Fault: broker {_STOPPED_BROKER} is stopped") as step:
            address = self.system.kafka.bootstrap("SASL_SSL").split(",")[_STOPPED_BROKER - 1]
            self.system.kafka.stop_broker(_STOPPED_BROKER)
            verdict = self._run_probe("broker stopped")
            step.ok = verdict["status"] == "degraded" and verdict["address"] == address
            step.result = verdict["summary"]
        with self.steps.step(f"Recovery: broker {_STOPPED_BROKER} is restarted") as step:
            self.system.kafka.start_broker(_STOPPED_BROKER)
            verdict = self._run_probe("broker back")
            step.ok = verdict["status"] == "healthy"
            step.result = verdict["summary"]

    def vantiq_stops(self, number: int) -> None:
        """Stop Vantiq while records are written: they wait in Kafka, and arrive when it is back."""
        with self.steps.step("Fault: Vantiq is stopped while records are written") as step:
            polled = self.traffic.polled()
            self.system.stop_vantiq()
            self.traffic.send(SENSORS, list(sensor_records(_OUTAGE_RECORDS, start=number)))
            deadline = time.monotonic() + _INVOCATION_SECONDS + DELIVERY_SECONDS
            # The invocation that has read them retries for as long as the function's timeout allows.
            while self.traffic.polled() == polled and time.monotonic() < deadline:
                time.sleep(0.2)
            waiting = self.traffic.missing()
            step.ok = waiting == _OUTAGE_RECORDS and self.traffic.polled() > polled
            step.result = f"{waiting} records wait in Kafka, none is dead-lettered"
        with self.steps.step("Recovery: Vantiq is restarted") as step:
            self.system.start_vantiq()
            step.ok = self.traffic.delivered()
            step.result = f"all {_OUTAGE_RECORDS} records were delivered"
            if not step.ok:
                step.result = f"{self.traffic.missing():,} records were not delivered"

    def poison(self) -> None:
        """A record that Vantiq refuses is set aside with Vantiq's words, and replayed when Vantiq accepts it."""
        redrive, faults = self.system.function("RedriveFunction"), Faults(self.system, SENSORS)
        selection = {"topic": SENSORS}
        with self.steps.step("Dead letter: a record that Vantiq refuses is set aside") as step:
            self.steps.say(faults.write_poison())
            groups = self._letters(redrive, waiting=True)
            step.ok = len(groups) == 1
            for group in groups:
                letter = redrive.invoke({"action": "inspect", "name": group["first"]})["letter"]
                self.steps.say(f"the letter: {_letter_line(letter)}")
            step.result = f"{len(groups)} dead letter; every other record passes"
        with self.steps.step("Replay: Vantiq accepts the record now") as step:
            faults.forgive_poison()
            answer = redrive.invoke({"action": "replay", "dry_run": False, **selection})
            left = self._letters(redrive, waiting=False)
            delivered = answer["done"].get("delivered", 0)
            step.ok = delivered == 1 and not left
            step.result = f"{delivered} record delivered, {len(left)} letters left"

    def _letters(self, redrive: Function, *, waiting: bool) -> list[Any]:
        """The groups of letters, as soon as there are any, or none any more."""
        deadline = time.monotonic() + DELIVERY_SECONDS
        while True:
            groups = redrive.invoke({"action": "list", "topic": SENSORS}).get("groups", [])
            if bool(groups) == waiting or time.monotonic() > deadline:
                return list(groups)
            time.sleep(0.5)

    def account(self) -> Account:
        """Count at the end: everything that was produced against everything that Vantiq accepted."""
        with self.steps.step("Count") as step:
            counted = self.traffic.account()
            step.ok = counted.clean
            step.result = (
                f"{counted.produced:,} produced, {counted.lost} lost, {counted.altered} altered, "
                f"{counted.order_violations} reordered, {counted.duplicates} delivered twice"
            )
        return counted

    def _run_probe(self, moment: str) -> Any:
        answer = self.probe.invoke({})
        for line in answer["table"].splitlines():
            self.steps.say(line)
        self.verdicts[moment] = answer["verdict"]
        return answer["verdict"]

    def _forward(self, step: StepResult, topic: str, records: list[Outgoing]) -> None:
        began = time.monotonic()
        self.traffic.send(topic, records)
        step.ok = self.traffic.delivered()
        seconds = time.monotonic() - began
        rate = len(records) / seconds
        step.result = f"{len(records):,} records written and delivered in {seconds:.1f} s ({rate:,.0f} per second)"
        if not step.ok:
            step.result = f"{self.traffic.missing():,} records were not delivered within {DELIVERY_SECONDS:.0f} s"


def run_demo(run: Path, cache: Path, console: Console, records: int, report_file: Path) -> int:
    """Bring everything up, run the story, end everything; returns the exit status."""
    steps = Steps(console)
    verdicts: dict[str, Any] = {}
    counted = Account(0, 0, 0, 0, 0, 0)
    try:
        system = bring_up(run, cache, steps)
        # Nothing listens there behind the demo.
        steps.results[-1].result = "was served while the demo ran"
        deployed = datetime.now(UTC)
        story = Story(system, steps, console)
        verdicts = story.verdicts
        story.topics()
        story.tutorial()
        story.many(records)
        story.broker_stops()
        story.vantiq_stops(records)
        story.poison()
        story.scheduled_probe(deployed)
        counted = story.account()
    finally:
        with steps.step("Stop everything") as step:
            step.result = f"{len(bring_down(run))} processes stopped"
        console.print()
        console.print(steps.table())
        report = Report(steps=steps.results, probe=verdicts, **msgspec.to_builtins(counted))
        report_file.parent.mkdir(parents=True, exist_ok=True)
        report_file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
        console.print(f"report: {report_file}")
    if not steps.ok:
        console.print("[red]the demo failed; see the steps marked FAILED[/red]")
        return 1
    console.print(_NEXT, highlight=False, markup=False)
    return 0


def _next_run(since: datetime, now: datetime) -> str:
    """What the scheduler's next run is waited for; the first was about a minute behind the deployment."""
    left = _SCHEDULE_PERIOD - (now - since).total_seconds() % _SCHEDULE_PERIOD
    return f"waits for the next minute's run of EventBridge Scheduler, in about {left:.0f} s"


def _letter_line(letter: dict[str, Any]) -> str:
    """What a dead letter says of its record, in one line."""
    refusal = letter["refusal"]
    said = " ".join(str(refusal[name]) for name in ("status", "code", "detail") if refusal.get(name))
    return f"{letter['id']}, for {refusal['target']}, {refusal['reason']}: {said}"


def _verdicts(lines: list[str]) -> list[Any]:
    """The verdicts in a probe's structured log."""
    verdicts = []
    for line in lines:
        try:
            entry = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue  # Lambda's own START and REPORT lines
        if isinstance(entry, dict) and isinstance(entry.get("verdict"), dict):
            verdicts.append(entry["verdict"])
    return verdicts
