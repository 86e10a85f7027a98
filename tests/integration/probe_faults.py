"""What the tests of probes under faults share: a fault before a broker, a run, and how it named the fault."""

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.msk.cluster import ClusterState
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.context import KnownContext
from msk_toolkit.probe.options import ConsumerOptions, ProducerOptions
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.report import BrokerReport
from msk_toolkit.probe.run import run_probe
from msk_toolkit.probe.verdict import RUNBOOK

from local.kafka import CertificateAuthority, KafkaCluster
from tests.fakes.fault_listeners import redirect
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.fault_rules import Rule
from tests.integration.kafka_access import new_name

# Short, so that a matrix of faults that are waited for stays quick.
STAGE_SECONDS = 2.0
# How long threads may wait for a processor between the stages, on a busy machine.
MACHINE_SECONDS = 2.0
# And at the end of a stage; with three busy loops beside the tests on two cores a stage ended 11 ms late at most.
_MACHINE_MS = 30

Response = ProducerProbeResponse | ConsumerProbeResponse


def produce(
    access: Access, topic: str, *, stage_seconds: float = STAGE_SECONDS, expected_brokers: int | None = None
) -> ProducerProbeResponse:
    """One run of the producer probe, in time."""
    return bounded(
        lambda: run_probe(
            access,
            ProducerOptions(
                topic=topic,
                deadline=Deadline(30),
                stage_seconds=stage_seconds,
                context=KnownContext(ClusterState("ACTIVE", expected_brokers)),
            ),
        )
    )


def consume(
    access: Access, topic: str, group: str, *, stage_seconds: float = STAGE_SECONDS, max_records: int = 100_000
) -> ConsumerProbeResponse:
    """One run of the consumer probe, in time."""
    return bounded(
        lambda: run_probe(
            access,
            ConsumerOptions(
                topic=topic, group=group, max_records=max_records, deadline=Deadline(30), stage_seconds=stage_seconds
            ),
        )
    )


def bounded[Answer: Response](run: Callable[[], Answer]) -> Answer:
    """The answer; every stage kept its deadline plus 10 %, and the run as a whole that of the stages which failed.

    Beside these counts what the slowest broker's other stages took, and the machine's constant. That each wait is given
    no more than its stage has left is held by tests/unit/test_kafka_deadlines.py, on a clock of its own.
    """
    began = time.monotonic()
    response = run()
    took = time.monotonic() - began
    waited: dict[str, float] = {}
    for report in response.brokers:
        for stage in report.stages:
            if stage.deadline_ms:
                assert stage.milliseconds <= stage.deadline_ms * 1.1 + _MACHINE_MS, (report.address, stage)
            if stage.status in ("failed", "warn"):
                waited[stage.stage] = max(stage.deadline_ms, waited.get(stage.stage, 0))
    passed = max(sum(each.milliseconds for each in one.stages if each.status == "ok") for one in response.brokers)
    assert took <= (sum(waited.values()) * 1.1 + passed) / 1000 + MACHINE_SECONDS, (took, response.table)
    return response


def failures(response: Response) -> dict[str, tuple[str, str | None]]:
    """Stage and cause of each broker that fails, by its address."""
    return {one.address: (one.failure.stage, one.failure.cause) for one in response.brokers if one.failure}


def named(response: Response) -> tuple[str, str | None, str | None, str | None]:
    """The verdict in short: status, the broker's address, stage, cause."""
    verdict = response.verdict
    return verdict.status, verdict.address, verdict.stage, verdict.cause


def report_of(response: Response, address: object) -> BrokerReport:
    """The report of one address."""
    return next(one for one in response.brokers if one.address == str(address))


def second(access: Access) -> BrokerAddress:
    """The broker that gets the faults."""
    return access.brokers[1]


def only_the_second_fails(response: Response, access: Access, stage: str, cause: str) -> None:
    """That broker, stage and cause are named, and the others have passed every stage without waiting for it."""
    address = str(second(access))
    assert failures(response) == {address: (stage, cause)}, response.table
    assert named(response) == ("degraded", address, stage, cause)
    assert f"{address}) fails at {stage}: " in response.verdict.summary or response.verdict.broker is None
    assert response.verdict.runbook == f"{RUNBOOK}#{cause}"
    for one in response.brokers:
        if one.address != address:
            assert {each.status for each in one.stages} <= {"ok", "skipped"}, response.table
            assert sum(each.milliseconds for each in one.stages) < STAGE_SECONDS * 1000, response.table


def server_context(authority: CertificateAuthority, name: str, sans: list[str], **dates: datetime) -> ssl.SSLContext:
    """TLS with a certificate of the authority's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue(name, sans, **dates))
    return context


def through_tls(kafka: KafkaCluster, port: int, rule: Rule | None = None, **dates: datetime) -> FaultProxy:
    """A proxy that ends TLS and speaks it to the broker as well."""
    server = server_context(kafka.authority, new_name("front"), ["localhost"], **dates)
    return FaultProxy(port, rule, server=server, client=ssl.create_default_context(cafile=kafka.ca_file))


@contextlib.contextmanager
def faults_before(
    kafka: KafkaCluster, brokers: Sequence[BrokerAddress], rule: Callable[[], Rule], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A proxy before each of these brokers, under the broker's own name, each with a rule of its own."""
    with contextlib.ExitStack() as stack:
        proxies = [stack.enter_context(through_tls(kafka, address.port, rule())) for address in brokers]
        redirect(monkeypatch, {address.port: proxy.port for address, proxy in zip(brokers, proxies, strict=True)})
        yield
