"""Play a scenario to its end, then redrive what was set aside, and count."""

import json
import random
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.deadline import Deadline
from msk_toolkit.redrive.environment import redrive_services
from msk_toolkit.redrive.request import RedriveRequest
from msk_toolkit.redrive.run import run_redrive

from local.event_source_mapping.attempts import Invocation
from local.event_source_mapping.destination import DeliveryError, failure_record, object_key
from local.event_source_mapping.event import Partition, Source
from local.event_source_mapping.outcome import Dead
from local.event_source_mapping.poller import Clock, Polled, Poller
from local.vantiq import VantiqStandIn, running_standin
from tests.fakes.kafka_events import ARN
from tests.fakes.s3_fake import FakeS3, refused
from tests.torture.aws_endpoint import AwsEndpoint, serving
from tests.torture.count import Arrivals, Result, count
from tests.torture.function import Chances, Function
from tests.torture.scenario import TOPIC, Scenario

# The poller waits up to 3 s after failures; here its time runs faster.
_HURRY = 30.0
_FUNCTION_SECONDS = 4.0


class Log:
    """Brokers in memory, and a consumer group of one; see RecordSource."""

    def __init__(self, records: Mapping[Partition, list[Any]], stop: threading.Event) -> None:
        self.records = records
        self.position = dict.fromkeys(records, 0)
        self.committed = dict.fromkeys(records, 0)
        self._stop = stop

    def poll(self, timeout_seconds: float) -> Polled:
        """A few records of each partition in turn, as a consumer gets them."""
        records: list[Any] = []
        for partition, log in self.records.items():
            at = self.position[partition]
            records += log[at : at + 40]
            self.position[partition] = min(len(log), at + 40)
        return Polled(tuple(records))

    def keep_alive(self) -> Polled:
        """Nothing is ever rebalanced."""
        return Polled()

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        """The run ends when everything is committed."""
        self.committed.update(offsets)
        if all(self.committed[partition] == len(log) for partition, log in self.records.items()):
            self._stop.set()

    def assignment(self) -> frozenset[Partition]:
        """All of them."""
        return frozenset(self.records)

    def leave(self) -> None:
        """The mapping is never disabled."""


class _HurriedStop(threading.Event):
    """Waits as long as the hurried clock says."""

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is None:
            return super().wait()
        return super().wait(timeout / _HURRY)


class _Destination:
    """The mapping's on-failure bucket, which fails like any S3."""

    def __init__(self, scenario: Scenario, source: Source, endpoint: AwsEndpoint) -> None:
        self._scenario, self._source, self._endpoint = scenario, source, endpoint
        self.ids: set[tuple[int, int]] = set()

    def deliver(self, dead: Dead, now: datetime) -> None:
        record = failure_record(self._scenario.mapping, self._source, dead, now)
        if self._endpoint.put(f"/letters/{object_key('m', dead, now)}", json.dumps(record).encode()) >= 300:
            raise DeliveryError("S3 failed")
        self.ids |= {(record.partition.number, record.offset) for record in dead.batch.records}


def run(scenario: Scenario, chances: Chances, limit_seconds: float) -> Result:
    """Play it.

    Args:
        limit_seconds: an AssertionError when it has not ended by then.
    """
    chance = random.Random(scenario.seed + 1)  # noqa: S311 - a reproducible choice, not a secret
    s3, began = FakeS3(), time.monotonic()
    with (
        running_standin() as vantiq,
        serving(AwsEndpoint(s3, lambda: vantiq.token, chance, chances.failing_s3)) as aws,
    ):
        _define(vantiq)
        vantiq.faults.add(*scenario.faults)
        variables = _variables(scenario, vantiq, aws)
        function = Function(variables, chance, chances, seconds=_FUNCTION_SECONDS)
        given_up = _forward(scenario, function, vantiq, aws, began + limit_seconds)
        first_phase = len(vantiq.journal)
        letters = _ids(s3)
        played, answers = dict(vantiq.faults.played), dict(vantiq.stats.answers)
        vantiq.faults.clear()
        redriven = _redrive(s3, variables, vantiq, chance)
        counted = count(scenario, Arrivals(vantiq.journal.values(), first_phase), letters, given_up)
        return msgspec.structs.replace(
            counted,
            redriven=redriven,
            left_in_the_bucket=s3.names("dead-letters/") + s3.names("aws/"),
            ends=dict(function.ends),
            faults=played,
            answers=answers,
            s3_failures=aws.failed,
            seconds=round(time.monotonic() - began, 1),
        )


def _variables(scenario: Scenario, vantiq: VantiqStandIn, aws: AwsEndpoint) -> dict[str, str]:
    return {
        **scenario.settings,
        "VANTIQ_URL": vantiq.url,
        "VANTIQ_TOKEN_SECRET_ARN": "vantiq-token",
        "DEAD_LETTER_BUCKET": "letters",
        # What the mapping discarded of others is not redriven.
        "CLUSTER_ARN": ARN,
        "FORWARD_TOPICS": TOPIC,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "POWERTOOLS_METRICS_NAMESPACE": "torture",
    }


def _forward(
    scenario: Scenario, function: Function, vantiq: VantiqStandIn, aws: AwsEndpoint, deadline: float
) -> set[tuple[int, int]]:
    """Poll until everything is committed, under tokens that change; the ids of what the mapping gave up."""
    source, stop = Source(ARN, "b-1:9096"), _HurriedStop()
    destination = _Destination(scenario, source, aws)
    invocation = Invocation(source, function.invoke, reading=scenario.reading)
    if scenario.mapping.on_failure_arn:
        invocation = invocation._replace(destination=destination)
    clock = Clock(lambda: time.monotonic() * _HURRY)
    poller = Poller(scenario.mapping, Log(scenario.records, stop), invocation, clock=clock)
    polling = threading.Thread(target=poller.run, args=(stop,), daemon=True)
    polling.start()
    try:
        while polling.is_alive():
            polling.join(1.0)
            vantiq.rotate_token()
            assert time.monotonic() < deadline, f"{scenario}: not done in time; {poller.stats}"
    finally:
        stop.set()
        function.close()
    return destination.ids


def _define(vantiq: VantiqStandIn) -> None:
    vantiq.define("topics", {"name": "/orders", "isReliable": True})
    vantiq.define("topics", {"name": "/unwound", "isReliable": True, "autoUnwind": True})
    vantiq.define("types", {"name": "Order", "properties": {}, "naturalKey": ["id"]})


def _ids(s3: FakeS3) -> set[tuple[int, int]]:
    paths = [name.removesuffix(".json").split("/") for name in s3.names("dead-letters/")]
    return {(int(parts[-2]), int(parts[-1].partition("-")[0])) for parts in paths}


def _redrive(s3: FakeS3, variables: Mapping[str, str], vantiq: VantiqStandIn, chance: random.Random) -> int:
    """Replay until nothing is left, with an S3 that fails now and then and hardly any time; returns how many went."""

    def trouble(call: str, key: str) -> None:
        if chance.random() < 0.002:
            raise refused("SlowDown", call)

    class Secrets:
        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's own name
            return {"SecretString": vantiq.token}

    s3.trouble = trouble
    clients: dict[str, Any] = {"s3": s3, "secretsmanager": Secrets()}
    going_on: list[RedriveRequest] = []
    made = redrive_services(variables, clients.__getitem__)._replace(
        bucket=Bucket("letters", s3), invoke_again=going_on.append, reserve_seconds=1.5
    )
    delivered = 0
    for _ in range(200):
        going_on.append(RedriveRequest(action="replay", dry_run=False, records_per_second=0))
        while going_on:
            request = going_on.pop()
            response = run_redrive(request, made, Deadline(4))
            delivered += response.done.delivered - request.so_far.delivered
        if not response.stopped:
            return delivered
    raise AssertionError(f"the redrive did not end: {response}")
