"""What the tests of probes under faults share: run a probe, and judge how it named the fault."""

import time
from collections.abc import Callable

from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access
from msk_toolkit.probe import consumer, producer
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.report import BrokerReport

# Short, so that a matrix of faults that are waited for stays quick.
STAGE_SECONDS = 2.0

Response = ProducerProbeResponse | ConsumerProbeResponse


def produce(
    access: Access, topic: str, *, stage_seconds: float = STAGE_SECONDS, expected_brokers: int | None = None
) -> ProducerProbeResponse:
    """One run of the producer probe, in time."""
    return bounded(
        lambda: producer.probe(
            *(access, topic),
            deadline=Deadline(30),
            stage_seconds=stage_seconds,
            expected_brokers=lambda: expected_brokers,
        )
    )


def consume(
    access: Access, topic: str, group: str, *, stage_seconds: float = STAGE_SECONDS, max_records: int = 100_000
) -> ConsumerProbeResponse:
    """One run of the consumer probe, in time."""
    return bounded(
        lambda: consumer.probe(access, topic, group, max_records, deadline=Deadline(30), stage_seconds=stage_seconds)
    )


def bounded[Answer: Response](run: Callable[[], Answer]) -> Answer:
    """The answer; every failed stage kept its deadline, and the run as a whole that of its stages."""
    began = time.monotonic()
    response = run()
    took = time.monotonic() - began
    for report in response.brokers:
        for stage in report.stages:
            if stage.deadline_ms:
                assert stage.milliseconds <= stage.deadline_ms * 1.1 + 30, (report.address, stage)
    slowest = max(sum(stage.milliseconds for stage in report.stages) for report in response.brokers)
    assert took * 1000 <= slowest * 2.2 + 500, (took, response.table)
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
