"""The demo's story: what a newcomer sees, in order."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.aws.functions import Function
from local.demo.accounting import Account, Produced, account
from local.demo.journal import Deliveries, Place
from local.demo.records import Outgoing, produce, sensor_records, tutorial_records
from local.startup import bring_down, bring_up
from local.steps import StepResult, Steps
from local.system import USERNAME, System

TUTORIAL, SENSORS = "AWSKafkaTutorialTopic", "sensor-readings"
_STOPPED_BROKER = 2
_OUTAGE_RECORDS = 500
_DELIVERY_SECONDS = 90.0
_INVOCATION_SECONDS = 120.0
_SCHEDULE_SECONDS = 90.0


class Report(msgspec.Struct):
    """``build/demo/report.json``; ``probe`` holds the verdicts by the moment when they were asked for."""

    steps: list[StepResult]
    produced: int
    delivered: int
    lost: int
    altered: int
    duplicates: int
    order_violations: int
    probe: dict[str, Any]


class Story:
    """One run of the demo; remembers what was produced and which verdicts were given."""

    def __init__(self, system: System, steps: Steps, console: Console) -> None:
        self.system = system
        self.steps = steps
        self.console = console
        self.produced: list[Produced] = []
        self.verdicts: dict[str, Any] = {}
        self.deliveries = Deliveries(system.vantiq_journal, system.resources.cluster_arn)

    @property
    def probe(self) -> Function:
        """The deployed producer probe."""
        return self.system.function("ProducerProbeFunction")

    @property
    def places(self) -> set[Place]:
        """Where Kafka has put what was produced."""
        return {(record.topic, record.partition, record.offset) for record in self.produced}

    def received(self, topic: str) -> list[dict[str, Any]]:
        """What Vantiq has accepted of this story's records of a topic, in its order."""
        own = self.places
        return [
            one
            for one in self.deliveries.envelopes
            if one["topic"] == topic and (one["topic"], one["partition"], one["offset"]) in own
        ]

    def topics(self) -> None:
        """The custom resource has created the topics while the stack was deployed."""
        with self.steps.step("Topics: created over SCRAM by the custom resource") as step:
            answer = self.system.function("TopicsFunction").invoke({"action": "plan"})
            for line in answer["table"].splitlines():
                self.steps.say(line)
            states = [one["action"] for one in answer["plan"]["steps"]]
            step.ok = set(states) == {"unchanged"}
            step.result = f"{len(states)} declared topics stand as declared" if step.ok else "not as declared"

    def tutorial(self) -> None:
        """The seed document's four test messages."""
        with self.steps.step("Forward: the tutorial's four messages") as step:
            self._forward(step, TUTORIAL, list(tutorial_records()))
            for envelope in self.received(TUTORIAL):
                self.steps.say(f"Vantiq received: {envelope['value']}")

    def many(self, count: int) -> None:
        """Many records over six partitions, followed by a progress bar."""
        with self.steps.step(f"Forward: {count:,} records over six partitions") as step:
            self._forward(step, SENSORS, list(sensor_records(count)))

    def scheduled_probe(self, since: datetime) -> None:
        """EventBridge Scheduler runs the probes each minute; wait for a run that nobody asked for.

        It is the consumer probe's, which the story never invokes by itself.
        """
        with self.steps.step("Probe: a run by its schedule") as step:
            probe = self.system.function("ConsumerProbeFunction")
            deadline = time.monotonic() + _SCHEDULE_SECONDS
            verdict = None
            # A run in the middle of a fault has rightly not been healthy; then the next one counts.
            while (verdict is None or verdict["status"] != "healthy") and time.monotonic() < deadline:
                verdict = next(reversed(_verdicts(probe.logs(since))), None)
                time.sleep(0.5)
            step.ok = verdict is not None and verdict["status"] == "healthy"
            step.result = verdict["summary"] if verdict else f"no run within {_SCHEDULE_SECONDS:.0f} s"
            self.verdicts["scheduled"] = verdict

    def broker_stops(self) -> None:
        """Stop one broker: the probe names it, and nothing else."""
        with self.steps.step(f"Fault: broker {_STOPPED_BROKER} stops") as step:
            address = self.system.kafka.bootstrap("SASL_SSL").split(",")[_STOPPED_BROKER - 1]
            self.system.kafka.stop_broker(_STOPPED_BROKER)
            verdict = self._ask_probe("broker stopped")
            step.ok = verdict["status"] == "degraded" and verdict["address"] == address
            step.result = verdict["summary"]
        with self.steps.step(f"Fault over: broker {_STOPPED_BROKER} starts again") as step:
            self.system.kafka.start_broker(_STOPPED_BROKER)
            verdict = self._ask_probe("broker back")
            step.ok = verdict["status"] == "healthy"
            step.result = verdict["summary"]

    def vantiq_stops(self, number: int) -> None:
        """Stop Vantiq while records come in: they wait in Kafka, and arrive when it is back."""
        with self.steps.step("Fault: Vantiq stops while records come in") as step:
            polled = self._polled()
            self.system.stop_vantiq()
            self.send(SENSORS, list(sensor_records(_OUTAGE_RECORDS, start=number)))
            deadline = time.monotonic() + _INVOCATION_SECONDS + _DELIVERY_SECONDS
            # Whoever holds them goes on trying for as long as the function's time allows.
            while self._polled() == polled and time.monotonic() < deadline:
                time.sleep(0.2)
            waiting = len(self.places - self.deliveries.read())
            step.ok = waiting == _OUTAGE_RECORDS and self._polled() > polled
            step.result = f"{waiting} records wait in Kafka, none is given up"
        with self.steps.step("Fault over: Vantiq starts again") as step:
            self.system.start_vantiq()
            step.ok = self.delivered()
            step.result = f"all {_OUTAGE_RECORDS} arrived" if step.ok else "some did not arrive"

    def account(self) -> Account:
        """Count at the end: everything that was produced against everything that Vantiq accepted."""
        with self.steps.step("Count") as step:
            self.deliveries.read()
            found = account(self.produced, self.deliveries.envelopes)
            step.ok = found.clean
            step.result = (
                f"{found.produced:,} produced, {found.lost} lost, {found.altered} altered, "
                f"{found.order_violations} out of order, {found.duplicates} delivered twice"
            )
        return found

    def _ask_probe(self, moment: str) -> Any:
        answer = self.probe.invoke({})
        for line in answer["table"].splitlines():
            self.steps.say(line)
        self.verdicts[moment] = answer["verdict"]
        return answer["verdict"]

    def send(self, topic: str, records: list[Outgoing]) -> None:
        """Write records, and remember where they stand."""
        settings = {
            "bootstrap_servers": self.system.kafka.bootstrap("SASL_SSL").split(","),
            "security_protocol": "SASL_SSL",
            "ssl_cafile": str(self.system.kafka.ca_file),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": USERNAME,
            "sasl_plain_password": self.system.kafka.settings.password,
        }
        with self._progress() as progress:
            task = progress.add_task("produced", total=len(records))
            self.produced += produce(settings, topic, records, lambda count: progress.update(task, completed=count))

    def _forward(self, step: StepResult, topic: str, records: list[Outgoing]) -> None:
        began = time.monotonic()
        self.send(topic, records)
        step.ok = self.delivered()
        seconds = time.monotonic() - began
        missing = len(self.places - self.deliveries.read())
        step.result = (
            f"{len(records):,} written and delivered in {seconds:.1f} s ({len(records) / seconds:,.0f} a second)"
            if step.ok
            else f"{missing:,} did not arrive within {_DELIVERY_SECONDS:.0f} s"
        )

    def delivered(self) -> bool:
        """Wait until Vantiq has everything; answers whether it got it in time."""
        places = self.places
        with self._progress() as progress:
            task = progress.add_task("delivered to Vantiq", total=len(places))
            return self.deliveries.wait_for(
                places, _DELIVERY_SECONDS, lambda count: progress.update(task, completed=count)
            )

    def _polled(self) -> int:
        return sum(stats.polled for stats in self.system.poller_stats())

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("  {task.description:20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            # What a log file keeps is the step's result.
            disable=not self.console.is_terminal,
        )


def run_demo(run: Path, cache: Path, console: Console, records: int, report_file: Path) -> int:
    """Bring everything up, tell the story, end everything; answers the exit status."""
    steps = Steps(console)
    story: Story | None = None
    counted = Account(0, 0, 0, 0, 0, 0)
    try:
        system = bring_up(run, cache, steps)
        deployed = datetime.now(UTC)
        story = Story(system, steps, console)
        story.topics()
        story.tutorial()
        story.many(records)
        story.broker_stops()
        story.vantiq_stops(records)
        story.scheduled_probe(deployed)
        counted = story.account()
    finally:
        with steps.step("Stop everything") as step:
            step.result = f"{len(bring_down(run))} processes ended"
        console.print()
        console.print(steps.table())
        report = Report(
            steps=steps.results,
            probe=story.verdicts if story else {},
            **msgspec.to_builtins(counted),
        )
        report_file.parent.mkdir(parents=True, exist_ok=True)
        report_file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
        console.print(f"report: {report_file}")
    if not steps.ok:
        console.print("[red]the demo fell short: see the steps above[/red]")
    return 0 if steps.ok else 1


def _verdicts(lines: list[str]) -> list[Any]:
    """The verdicts in a probe's structured log."""
    found = []
    for line in lines:
        try:
            entry = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue  # Lambda's own START and REPORT lines
        if isinstance(entry, dict) and isinstance(entry.get("verdict"), dict):
            found.append(entry["verdict"])
    return found
