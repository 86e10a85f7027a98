"""Warm invocations of every function: ``python -m benchmarks.soak``.

Memory, sockets, threads and descriptors stay flat. Each handler runs in a process of its own, against AWS and Vantiq on
loopback (:mod:`benchmarks.soak_endpoint`), and the probes, topics and diagnose against three real brokers over
SASL_SSL.
"""

import argparse
import contextlib
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from local.kafka import KafkaCluster, KafkaOptions
from local.processes import Ledger
from tests.fakes.kafka_events import ARN, event, record

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "build" / "bench" / "soak.json"
TOPIC = "heartbeat"
# The allocator settles, and connections are made, within so many.
MOST_WARM_UP = 200
# Of a process's memory after the warm-up, or of megabytes where it is small: what its pages come and go by.
MAX_GROWTH = 0.02
MAX_GROWN_MB = 2.0
_BROKERS = ("producer_probe", "consumer_probe", "topics", "diagnose")
_STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/soak/guid"


class Soaked(NamedTuple):
    """A function's samples from the end of the warm-up on."""

    name: str
    invocations: int
    samples: Sequence[Mapping[str, float]]
    raised: Mapping[str, int]
    seconds: float
    answer: str

    def ends(self, resource: str) -> tuple[float, float]:
        """The resource at the beginning and at the end, each as the median of a third of the samples."""
        values = [sample[resource] for sample in self.samples]
        third = max(1, len(values) // 3)
        return statistics.median(values[:third]), statistics.median(values[-third:])

    def problems(self) -> list[str]:
        """What is not flat, or failed."""
        growing = [f"raised {count} times: {error}" for error, count in self.raised.items()]
        before, after = self.ends("resident")
        if after - before > max(MAX_GROWN_MB, before * MAX_GROWTH):
            growing.append(f"memory grew from {before:.1f} to {after:.1f} MB")
        for resource in ("threads", "descriptors", "sockets"):
            before, after = self.ends(resource)
            if after > before:
                growing.append(f"{resource} grew from {before:.0f} to {after:.0f}")
        return growing


def main() -> int:
    """Soak, print and write the report; 1 where something grows."""
    parser = argparse.ArgumentParser(description="Warm invocations of every function.")
    parser.add_argument("--invocations", type=int, default=10_000)
    parser.add_argument("--with-brokers", type=int, help="invocations of the functions that ask real brokers (0: none)")
    parser.add_argument("--functions", default="", help="only these, comma separated")
    options = parser.parse_args()
    # Unwinds, so that the brokers are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    of_brokers = options.invocations if options.with_brokers is None else options.with_brokers
    only = set(filter(None, options.functions.split(",")))
    soaked: list[Soaked] = []
    with contextlib.ExitStack() as stack:
        kafka = None
        if of_brokers and (not only or only & set(_BROKERS)):
            kafka = stack.enter_context(brokers())
        port = stack.enter_context(endpoint(kafka))
        for name, request in events(port).items():
            count = of_brokers if name in _BROKERS else options.invocations
            if count and (not only or name in only):
                soaked.append(soak(name, request, count, environment(port, kafka)))
                print(f"{name}: {soaked[-1].seconds:.0f} s, {'; '.join(soaked[-1].problems()) or 'flat'}", flush=True)
    _print(soaked)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps([function._asdict() for function in soaked], indent=2) + "\n")
    return int(any(function.problems() for function in soaked))


def soak(name: str, request: Any, invocations: int, environ: Mapping[str, str]) -> Soaked:
    """Run a function's process to its end."""
    order = {
        "name": name,
        "event": request,
        "invocations": invocations,
        "warm_up": min(MOST_WARM_UP, max(10, invocations // 10)),
    }
    command = [sys.executable, "-m", "benchmarks.soak_function"]
    done = subprocess.run(
        command, input=json.dumps(order), env=dict(environ), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    ended = json.loads(done.stdout)
    return Soaked(name, invocations, ended["samples"], ended["raised"], ended["seconds"], ended["answer"])


def events(port: int) -> dict[str, Any]:
    """What each function is invoked with; the forwarder first, whose dead letter the redrive replays."""
    given = {path.stem: json.loads(path.read_text()) for path in (ROOT / "events").glob("*.json")}
    for_cloudformation = {
        "RequestType": "Create",
        "ResponseURL": f"http://127.0.0.1:{port}/answers/put",
        "StackId": _STACK,
        "RequestId": "request",
        "LogicalResourceId": "DeclaredTopics",
        "ResourceType": "Custom::DeclaredTopics",
        "ResourceProperties": {"ServiceToken": "token"},
    }
    values = [b'{"poison": 1}', *[b"x" * 500] * 20]
    return {
        "forwarder": event([record(offset, value) for offset, value in enumerate(values)]),
        "redrive": given["redrive-replay"] | {"topic": "orders"},
        "connect": given["connect-check"],
        "status": given["status-watch"],
        "probe_matrix": given["probe_matrix"],
        "alarm_mail": given["alarm_mail"],
        "declared_topics": for_cloudformation,
        "topics": {"action": "plan", "topics": [{"name": TOPIC, "partitions": 3, "replication_factor": 3}]},
        "producer_probe": {},
        "consumer_probe": {},
        "diagnose": {},
    }


def environment(port: int, kafka: KafkaCluster | None) -> dict[str, str]:
    """Every function's variables, as events/env.example.json has them, with loopback in place of AWS and Vantiq."""
    examples = json.loads((ROOT / "events" / "env.example.json").read_text())
    merged: dict[str, str] = {}
    for variables in examples.values():
        merged |= variables
    url = f"http://127.0.0.1:{port}"
    merged |= {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "CLUSTER_ARN": ARN,
        "SCRAM_SECRET_ARN": "scram-login",
        "VANTIQ_URL": url,
        "FORWARD_TOPICS": "orders",
        "PROBE_TOPIC": TOPIC,
        "HEARTBEAT_TOPIC": TOPIC,
        "CLUSTER_KIND": "standard",
    }
    if kafka is not None:
        merged["BOOTSTRAP_SERVERS"] = kafka.bootstrap("SASL_SSL")
        merged["TRUSTED_CA"] = kafka.ca_file.read_text()
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    return kept | merged


@contextmanager
def endpoint(kafka: KafkaCluster | None) -> Iterator[int]:
    """The stand-in of AWS and Vantiq; its port."""
    login = {"username": "soak", "password": kafka.settings.password if kafka else "hush"}
    command = [sys.executable, "-m", "benchmarks.soak_endpoint", json.dumps(login)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.closing(process.stdin):
            yield int(process.stdout.readline())


@contextmanager
def brokers() -> Iterator[KafkaCluster]:
    """Three real brokers with the topic of the heartbeats, for as long as it takes."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "processes.json")
        options = KafkaOptions("soak", secrets.token_urlsafe(16), ROOT / ".local" / "cache")
        try:
            kafka = KafkaCluster.start(ledger, Path(folder) / "home", options)
            _make_topic(kafka)
            yield kafka
        finally:
            ledger.stop_all(grace_seconds=0)


def _make_topic(kafka: KafkaCluster) -> None:
    # Only here: whoever soaks without brokers does without kafka-python.
    from kafka.admin import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        admin.create_topics({TOPIC: {"assignments": {0: [1, 2, 3], 1: [2, 3, 1], 2: [3, 1, 2]}}})
    finally:
        admin.close()


def _print(soaked: Sequence[Soaked]) -> None:
    table = Table("function", "invocations", "ms each", "memory MB", "sockets", "threads", "descriptors", "")
    for function in soaked:
        before, after = function.ends("resident")
        figures = [f"{before:.1f} -> {after:.1f}"]
        for resource in ("sockets", "threads", "descriptors"):
            first, last = function.ends(resource)
            figures.append(f"{first:.0f} -> {last:.0f}")
        milliseconds = f"{function.seconds * 1000 / function.invocations:.1f}"
        verdict = "GROWS" if function.problems() else "flat"
        table.add_row(function.name, f"{function.invocations:,}", milliseconds, *figures, verdict)
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main())
