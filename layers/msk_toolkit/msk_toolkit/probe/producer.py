"""The producer probe: through each broker, write a record with acks=all and read that very record back."""

import time
import uuid
from collections.abc import Callable

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.metadata import Topic
from msk_toolkit.kafka.records import fetch, produce
from msk_toolkit.probe.render import render
from msk_toolkit.probe.report import BrokerReport, Verdict, broker_reports
from msk_toolkit.probe.survey import DESCRIBE, READ, WRITE, BrokerCheck, survey
from msk_toolkit.probe.verdict import verdict

STAGES = ("dns", "tcp", "tls", "sasl", "metadata", "acl", "produce", "fetch")


class Heartbeat(msgspec.Struct, frozen=True, rename="camel"):
    """The record that the probe writes; ``nonce`` is new for each one, ``sent_at`` is in milliseconds since 1970."""

    nonce: str
    broker: int
    sent_at: int


class ProducerProbeResponse(msgspec.Struct, frozen=True, rename="camel"):
    """The verdict, each broker's stages, how many brokers lead a partition of the topic, and all as a table."""

    verdict: Verdict
    brokers: list[BrokerReport]
    brokers_led: int
    broker_count: int
    table: str


def probe(
    access: Access,
    topic: str,
    *,
    deadline: Deadline,
    stage_seconds: float,
    now: Callable[[], float] = time.time,
) -> ProducerProbeResponse:
    """Probe every broker once; writes at most one small record for each."""
    led: set[int] = set()

    def check(one: BrokerCheck, found: Topic) -> None:
        broker = one.broker
        partition = next((part.index for part in found.partitions if part.leader == broker), None)
        if broker is None or partition is None:
            # Leaders move when brokers restart; the probe never moves them back.
            one.log.skip("produce", f"the broker leads no partition of {topic}")
            one.log.skip("fetch", "nothing was written")
            return
        led.add(broker)
        sent_at = int(now() * 1000)
        value = msgspec.json.encode(Heartbeat(uuid.uuid4().hex, broker, sent_at))
        with one.log.stage("produce") as stage:
            offset = produce(one.talk, topic, partition, value, timestamp=sent_at, deadline=stage)
        with one.log.stage("fetch") as stage:
            _read_back(one, topic, partition, offset, value, stage)

    checks = survey(access, topic, (DESCRIBE, WRITE, READ), check, deadline=deadline, stage_seconds=stage_seconds)
    for one in checks:
        if one.conversation:
            one.conversation.close()
    reports = broker_reports(checks, STAGES)
    judged = verdict(reports)
    return ProducerProbeResponse(judged, reports, len(led), len(reports), render(judged, reports, STAGES))


def _read_back(one: BrokerCheck, topic: str, partition: int, offset: int, value: bytes, deadline: Deadline) -> None:
    while True:
        records = fetch(one.talk, topic, {partition: offset}, deadline=deadline)[partition]
        if records:
            break
        if deadline.expired:
            words = f"offset {offset} of {topic}-{partition} was acknowledged and can't be read"
            raise StageError("fetch", "record-lost", str(one.address), words)
    if records[0].offset != offset or records[0].value != value:
        words = f"another record stands at offset {offset} of {topic}-{partition}"
        raise StageError("fetch", "record-altered", str(one.address), words)
