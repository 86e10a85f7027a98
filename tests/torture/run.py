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
from tests.torture.count import Result, count
from tests.torture.function import Function
from tests.torture.scenario import Scenario

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
        found: list[Any] = []
        for partition, log in self.records.items():
            at = self.position[partition]
            found += log[at : at + 40]
            self.position[partition] = min(len(log), at + 40)
        return Polled(tuple(found))

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


class _HurriedStop(threading.Event):
    """Waits as long as the hurried clock says."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(None if timeout is None else timeout / _HURRY)


class _Destination:
    """The mapping's on-failure bucket, which fails like any S3."""

    def __init__(self, scenario: Scenario, source: Source, endpoint: AwsEndpoint) -> None:
        self._scenario, self._source, self._endpoint = scenario, source, endpoint
        self.ids: set[tuple[int, int]] = set()

    def deliver(self, dead: Dead, now: datetime) -> None:
        said = failure_record(self._scenario.mapping, self._source, dead, now)
        if self._endpoint.put(f"/letters/{object_key('m', dead, now)}", json.dumps(said).encode()) >= 300:
            raise DeliveryError("S3 failed")
        self.ids |= {(record.partition.number, record.offset) for record in dead.batch.records}


def run(
    scenario: Scenario, *, killing: float, stalling: float, starving: float, failing_s3: float, limit_seconds: float
) -> Result:
    """Play it.

    Args:
        killing, stalling, starving, failing_s3: chances, per invocation and per request to S3.
        limit_seconds: an AssertionError when it has not ended by then.
    """
    chance = random.Random(scenario.seed + 1)  # noqa: S311 - a reproducible choice, not a secret
    s3, stop, began = FakeS3(), _HurriedStop(), time.monotonic()
    source = Source(ARN, "b-1:9096")
    with running_standin() as vantiq, serving(AwsEndpoint(s3, lambda: vantiq.token, chance, failing_s3)) as aws:
        _define(vantiq)
        vantiq.faults.add(*scenario.faults)
        variables = {
            **scenario.settings,
            "VANTIQ_URL": vantiq.url,
            "VANTIQ_TOKEN_SECRET_ARN": "vantiq-token",
            "DEAD_LETTER_BUCKET": "letters",
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "POWERTOOLS_METRICS_NAMESPACE": "torture",
        }
        function = Function(
            variables, chance, seconds=_FUNCTION_SECONDS, killing=killing, stalling=stalling, starving=starving
        )
        destination = _Destination(scenario, source, aws) if scenario.mapping.on_failure_arn else None
        poller = Poller(
            scenario.mapping,
            Log(scenario.records, stop),
            Invocation(source, function.invoke, destination, scenario.reading),
            clock=Clock(lambda: time.monotonic() * _HURRY),
        )
        playing = threading.Thread(target=poller.run, args=(stop,), daemon=True)
        playing.start()
        try:
            while playing.is_alive():
                playing.join(1.0)
                vantiq.rotate_token()
                assert time.monotonic() - began < limit_seconds, f"{scenario}: not done in time; {poller.stats}"
        finally:
            stop.set()
            function.close()
        first_phase = len(vantiq.journal)
        letters = _ids(s3)
        given_up = destination.ids if destination else set()
        played, answers = dict(vantiq.faults.played), dict(vantiq.stats.answers)
        vantiq.faults.clear()
        redriven = _redrive(s3, variables, vantiq, chance)
        counted = count(scenario, vantiq.journal.values(), first_phase, letters, given_up)
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


def _define(vantiq: VantiqStandIn) -> None:
    vantiq.define("topics", {"name": "/orders", "isReliable": True})
    vantiq.define("topics", {"name": "/unwound", "isReliable": True, "autoUnwind": True})
    vantiq.define("types", {"name": "Order", "properties": {}, "naturalKey": ["id"]})


def _ids(s3: FakeS3) -> set[tuple[int, int]]:
    found = [name.removesuffix(".json").split("/") for name in s3.names("dead-letters/")]
    return {(int(parts[-2]), int(parts[-1].partition("-")[0])) for parts in found}


def _redrive(s3: FakeS3, variables: Mapping[str, str], vantiq: VantiqStandIn, chance: random.Random) -> int:
    """Replay until nothing is left, with an S3 that fails now and then and hardly any time; answers how many went."""

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
