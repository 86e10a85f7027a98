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

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.kafka.records import KafkaRecord, fetch, offset_at, produce
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe.check_brokers import BrokerCheck, lasting_refusal
from msk_toolkit.probe.heartbeat import Writer
from msk_toolkit.stage import Stage

_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.4
# Refused and not written, and likely to pass: leadership moves when brokers restart, a slow replica catches up.
# A producer tries again as well. What lasts is told when the stage's time is up.
_PASSING = {Cause.LEADER_MOVED, Cause.ISR_BELOW_MINIMUM}
# A last answer must still have time to come.
_CONCLUDE_SECONDS = 0.25
# The request was sent, and nothing tells whether the broker took it.
_UNDECIDED = {Cause.ACKNOWLEDGEMENT_LATE, Cause.CONNECTION_CLOSED, Cause.PROTOCOL_ERROR}
# A record that can be read has reached its followers.
_LATE_ANSWER = (
    "The record reached its replicas, so it is the answer that was late or lost: look at this broker's load, at the "
    "quotas, and at what stands between (load balancer, proxy)."
)


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
    attempt = _Attempt(one, topic.name, partition, writer, sent_at)
    try:
        with one.log.stage(Stage.PRODUCE) as stage:
            offset = attempt.write(stage)
    except StageError as error:
        # Whatever ended it, the request was on its way: the record may stand.
        if error.cause in _UNDECIDED:
            _look_for_late(one, access, attempt)
        raise
    if offset is None:
        one.read_back = "moved"
        one.log.add_warning(
            Stage.PRODUCE, Cause.LEADER_MOVED, f"the broker gave its partition of {topic.name} away meanwhile"
        )
        one.log.skip(Stage.FETCH, "nothing was written")
        return
    one.read_back = "unknown"
    with one.log.stage(Stage.FETCH) as stage:
        _read_back(one, access, attempt, offset, stage)


class _Attempt:
    """A record on its way into a partition that the broker leads, tried again while what refuses it may pass."""

    def __init__(self, one: BrokerCheck, topic: str, partition: int, writer: Writer, sent_at: int) -> None:
        self._one = one
        self._writer = writer
        self.topic = topic
        self.sent_at = sent_at
        self._aim(partition)

    def _aim(self, partition: int) -> None:
        self.partition = partition
        self._beat = self._writer.heartbeat(self.topic, partition, self._one.broker or 0, self.sent_at)
        self.value = self._beat.as_bytes()

    def write(self, stage: Deadline) -> int | None:
        """Answers the record's offset, or None where the broker leads no partition any more.

        Raises:
            StageError: under ``produce``.
        """
        pause = _PAUSE_SECONDS
        refusals = 0
        while True:
            try:
                offset = produce(
                    self._one.talk, self.topic, self.partition, self.value, timestamp=self.sent_at, deadline=stage
                )
            except StageError as error:
                if error.cause not in _PASSING:
                    raise
                refusals += 1
                if stage.remaining() <= pause + _CONCLUDE_SECONDS:
                    raise lasting_refusal(error, refusals) from error
            else:
                self._writer.acknowledged(self.topic, self.partition, self._beat.sequence)
                return offset
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            metadata = read_metadata(self._one.talk, [self.topic], stage)
            led = led_partition(metadata.topics[self.topic], self._one.broker)
            if led is None:
                return None
            self._aim(led)


def led_partition(topic: Topic, broker: int | None) -> int | None:
    """The first partition that the broker leads."""
    return next((part.index for part in topic.partitions if broker is not None and part.leader == broker), None)


def _not_written(one: BrokerCheck, why: str) -> None:
    one.log.skip(Stage.PRODUCE, why)
    one.log.skip(Stage.FETCH, "nothing was written")


def _read_back(one: BrokerCheck, access: Access, attempt: _Attempt, offset: int, stage: Deadline) -> None:
    topic, partition = attempt.topic, attempt.partition
    connection = one.talk
    opened: BrokerConnection | None = None
    pause = _PAUSE_SECONDS
    try:
        while not (records := _fetched(connection, attempt, offset, stage)):
            if stage.remaining() <= pause + _CONCLUDE_SECONDS:
                one.read_back = "lost"
                detail = f"offset {offset} of {topic}-{partition} was acknowledged and can't be read"
                raise StageError(Stage.FETCH, Cause.RECORD_LOST, str(one.address), detail)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            if records is None:
                if opened:
                    opened.close()
                opened = _open_leader(one, access, topic, partition, stage)
                connection = opened or one.talk
    finally:
        if opened:
            opened.close()
    if records[0].offset != offset or records[0].value != attempt.value:
        one.read_back = "lost"
        detail = f"another record stands at offset {offset} of {topic}-{partition}"
        raise StageError(Stage.FETCH, Cause.RECORD_ALTERED, str(one.address), detail)
    one.read_back = "ok"


def _fetched(connection: BrokerConnection, attempt: _Attempt, offset: int, stage: Deadline) -> list[KafkaRecord] | None:
    """The records from the offset on; None where the leader is another broker now."""
    try:
        return fetch(connection, attempt.topic, {attempt.partition: offset}, deadline=stage)[attempt.partition]
    except StageError as error:
        if error.cause != Cause.LEADER_MOVED or stage.remaining() <= _PAUSE_SECONDS:
            raise
        return None


def _open_leader(
    one: BrokerCheck, access: Access, topic: str, partition: int, stage: Deadline
) -> BrokerConnection | None:
    """A connection with the partition's new leader, None where it is the same broker or there is none yet."""
    metadata = read_metadata(one.talk, [topic], stage, Stage.FETCH)
    leader = next((part.leader for part in metadata.topics[topic].partitions if part.index == partition), -1)
    address = metadata.brokers.get(leader)
    if address is None or address == one.address:
        return None
    try:
        return BrokerConnection.open(address, access, StageLog(stage, stage.remaining()))
    except StageError:
        return None  # that broker's own report says why


def _look_for_late(one: BrokerCheck, access: Access, attempt: _Attempt) -> None:
    """Look for a record whose acknowledgement did not come, over a fresh connection: the old one may still wait."""
    partition = f"{attempt.topic}-{attempt.partition}"
    one.read_back = "unknown"
    with one.log.stage(Stage.FETCH) as stage, _opened_again(one, access, stage) as fresh:
        while not _stands(fresh, attempt, stage):
            # The record shows up when the replicas have it, or are counted out: that may be about to happen.
            if stage.remaining() <= _CONCLUDE_SECONDS:
                one.read_back = "failed"
                raise StageError(
                    Stage.FETCH, Cause.RECORD_ABSENT, str(one.address), f"the record is not in {partition}"
                )
            time.sleep(_PAUSE_SECONDS)
    one.read_back = "ambiguous-delivered"
    one.log.add_warning(Stage.FETCH, Cause.AMBIGUOUS_DELIVERED, f"but the record was written to {partition} anyway")
    one.log.advise(Stage.PRODUCE, _LATE_ANSWER)


def _opened_again(one: BrokerCheck, access: Access, stage: Deadline) -> BrokerConnection:
    try:
        return BrokerConnection.open(one.address, access, StageLog(stage, stage.remaining()))
    except StageError as error:
        raise StageError(Stage.FETCH, error.cause, error.peer, f"{error.detail}, when connecting again") from error


def _stands(connection: BrokerConnection, attempt: _Attempt, stage: Deadline) -> bool:
    topic, partition = attempt.topic, attempt.partition
    offset = offset_at(connection, topic, partition, attempt.sent_at, Stage.FETCH, stage)
    while offset is not None:
        records = fetch(connection, topic, {partition: offset}, deadline=stage)[partition]
        if any(record.value == attempt.value for record in records):
            return True
        offset = records[-1].offset + 1 if records else None
    return False
