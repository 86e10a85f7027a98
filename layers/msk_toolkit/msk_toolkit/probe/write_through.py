"""Write one record through a broker, read that very record back, and say what became of it.

======================  =====================  ==============
outcome                 acknowledged           found again
======================  =====================  ==============
``ok``                  yes                    yes
``lost``                yes                    no
``ambiguous-delivered`` not in time            yes
``failed``              not in time            no
``unknown``             not in time            can't be read
======================  =====================  ==============
"""

import time

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.conversation import Conversation
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.kafka.records import fetch, offset_at, produce
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe.heartbeat import Writer
from msk_toolkit.probe.survey import BrokerCheck

_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.4
# Refused and not written, and likely to pass: leadership moves when brokers restart, a slow replica catches up.
# A producer tries again as well. What lasts is told when the stage's time is up.
_PASSING = {"leader-moved", "isr-below-minimum"}
# A last answer must still have time to come.
_CONCLUDE_SECONDS = 0.25


def write_through(one: BrokerCheck, access: Access, topic: Topic, writer: Writer, *, sent_at: int) -> None:
    """Stages ``produce`` and ``fetch`` of a broker; skipped where it leads no partition of the topic.

    Args:
        writer: makes the record, and counts it as soon as it is acknowledged: one that is then not found is a loss.
        sent_at: the record's timestamp, in milliseconds since 1970.

    Raises:
        StageError: under ``produce`` or ``fetch``.
    """
    partition = led_partition(topic, one.broker)
    if partition is None:
        _not_written(one, f"the broker leads no partition of {topic.name}")
        return
    broker, pause = one.broker or 0, _PAUSE_SECONDS
    beat = writer.heartbeat(topic.name, partition, broker, sent_at)
    try:
        with one.log.stage("produce") as stage:
            while True:
                try:
                    offset = produce(
                        one.talk, topic.name, partition, beat.as_bytes(), timestamp=sent_at, deadline=stage
                    )
                    writer.acknowledged(topic.name, partition, beat.sequence)
                    break
                except StageError as error:
                    if error.cause not in _PASSING or stage.remaining() <= pause + _CONCLUDE_SECONDS:
                        raise
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                now_led = led_partition(read_metadata(one.talk, [topic.name], stage).topics[topic.name], one.broker)
                if now_led is None:
                    one.read_back = "moved"
                    break
                partition, beat = now_led, writer.heartbeat(topic.name, now_led, broker, sent_at)
    except StageError as error:
        if error.cause == "acknowledgement-late":
            _look_for_late(one, access, topic.name, partition, beat.as_bytes(), sent_at)
        raise
    if one.read_back == "moved":
        one.log.caution("produce", "leader-moved", f"the broker gave its partition of {topic.name} away meanwhile")
        one.log.skip("fetch", "nothing was written")
        return
    one.read_back = "unknown"
    with one.log.stage("fetch") as stage:
        _read_back(one, access, topic.name, partition, offset, beat.as_bytes(), stage)
        one.read_back = "ok"


def led_partition(topic: Topic, broker: int | None) -> int | None:
    """The first partition that the broker leads."""
    return next((part.index for part in topic.partitions if broker is not None and part.leader == broker), None)


def _not_written(one: BrokerCheck, why: str) -> None:
    one.log.skip("produce", why)
    one.log.skip("fetch", "nothing was written")


def _read_back(
    one: BrokerCheck, access: Access, topic: str, partition: int, offset: int, value: bytes, stage: Deadline
) -> None:
    conversation = one.talk
    opened: Conversation | None = None
    try:
        while True:
            try:
                records = fetch(conversation, topic, {partition: offset}, deadline=stage)[partition]
            except StageError as error:
                if error.cause != "leader-moved" or stage.remaining() <= _PAUSE_SECONDS:
                    raise
                records = []
                time.sleep(_PAUSE_SECONDS)
                if opened:
                    opened.close()
                opened = _open_leader(one, access, topic, partition, stage)
                conversation = opened or one.talk
            if records:
                break
            if stage.remaining() <= _CONCLUDE_SECONDS:
                one.read_back = "lost"
                words = f"offset {offset} of {topic}-{partition} was acknowledged and can't be read"
                raise StageError("fetch", "record-lost", str(one.address), words)
    finally:
        if opened:
            opened.close()
    if records[0].offset != offset or records[0].value != value:
        one.read_back = "lost"
        words = f"another record stands at offset {offset} of {topic}-{partition}"
        raise StageError("fetch", "record-altered", str(one.address), words)


def _open_leader(one: BrokerCheck, access: Access, topic: str, partition: int, stage: Deadline) -> Conversation | None:
    """A conversation with the partition's new leader, None where it is the same broker or there is none yet."""
    metadata = read_metadata(one.talk, [topic], stage, "fetch")
    leader = next((part.leader for part in metadata.topics[topic].partitions if part.index == partition), -1)
    address = metadata.brokers.get(leader)
    if address is None or address == one.address:
        return None
    try:
        return Conversation.open(address, access, StageLog(stage, stage.remaining()))
    except StageError:
        return None  # that broker's own report says why


def _look_for_late(one: BrokerCheck, access: Access, topic: str, partition: int, value: bytes, sent_at: int) -> None:
    """Look for a record whose acknowledgement did not come, over a fresh connection: the old one still waits."""
    one.read_back = "unknown"
    with one.log.stage("fetch") as stage, _opened_again(one, access, stage) as fresh:
        while not _stands(fresh, topic, partition, value, sent_at, stage):
            # The record shows up when the replicas have it, or are counted out: that may be about to happen.
            if stage.remaining() <= _CONCLUDE_SECONDS:
                one.read_back = "failed"
                words = f"the record does not stand in {topic}-{partition}"
                raise StageError("fetch", "record-absent", str(one.address), words)
            time.sleep(_PAUSE_SECONDS)
    one.read_back = "ambiguous-delivered"
    one.log.caution("fetch", "ambiguous-delivered", f"the record stands in {topic}-{partition} all the same")


def _opened_again(one: BrokerCheck, access: Access, stage: Deadline) -> Conversation:
    try:
        return Conversation.open(one.address, access, StageLog(stage, stage.remaining()))
    except StageError as error:
        raise StageError("fetch", error.cause, error.peer, f"{error.detail}, when connecting again") from error


def _stands(
    conversation: Conversation, topic: str, partition: int, value: bytes, sent_at: int, stage: Deadline
) -> bool:
    offset = offset_at(conversation, topic, partition, sent_at, "fetch", stage)
    while offset is not None:
        records = fetch(conversation, topic, {partition: offset}, deadline=stage)[partition]
        if any(record.value == value for record in records):
            return True
        offset = records[-1].offset + 1 if records else None
    return False
