"""Write one record through a broker, read that very record back, and say what became of it.

======================  =====================  ==============
outcome                 acknowledged           read back
======================  =====================  ==============
``ok``                  yes                    yes
``lost``                yes                    no
``ambiguous-delivered`` not in time            yes
``failed``              not in time            no
``unknown``             not in time            can't be read
``moved``               no: not written        not tried
======================  =====================  ==============
"""

from msk_toolkit.backoff import Backoff, Sleep
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
from msk_toolkit.probe.options import ProducerOptions
from msk_toolkit.stage import Stage

_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.4
# Refused and not written, and likely to pass: leadership moves when brokers restart, a slow replica catches up.
# A producer retries as well. A refusal that lasts is reported when the stage's time is up.
_PASSING = {Cause.LEADER_MOVED, Cause.ISR_BELOW_MINIMUM}
# A last response must still have time to come.
_CONCLUDE_SECONDS = 0.25
# The request was sent, and it is not known whether the broker accepted it.
_UNDECIDED = {Cause.ACKNOWLEDGEMENT_LATE, Cause.CONNECTION_CLOSED, Cause.PROTOCOL_ERROR}
# A record that can be read has reached its followers.
_LATE_ANSWER = (
    "The record reached its replicas, so it is the response that was late or lost: check this broker's load, the "
    "quotas, and what is between the function and the broker (load balancer, proxy)."
)


def write_through(check: BrokerCheck, access: Access, topic: Topic, options: ProducerOptions, *, sent_at: int) -> None:
    """Stages ``produce`` and ``fetch`` of a broker; skipped where it leads no partition of the topic.

    1. Write a record into a partition that the broker leads, and retry a refusal that may pass.
    2. Acknowledged: read it back at its offset, from the new leader where the partition has moved.
    3. Not acknowledged, and not known to be refused: look for it over a new connection.

    Args:
        options: its writer makes the record, and counts it as soon as it is acknowledged: if it then can't be read,
            it is lost.
        sent_at: the record's timestamp, in milliseconds since 1970.

    Raises:
        StageError: under ``produce`` or ``fetch``.
    """
    partition = led_partition(topic, check.broker)
    if partition is None:
        check.log.skip(Stage.PRODUCE, f"the broker leads no partition of {topic.name} (no fault)")
        check.log.skip(Stage.FETCH, "nothing was written")
        return
    attempt = _Attempt(check, topic.name, partition, options.writer, sent_at)
    try:
        with check.log.stage(Stage.PRODUCE) as stage:
            offset = attempt.write(stage, options.sleep)
    except StageError as error:
        # Whatever ended it, the request had been sent: the record may be there.
        if error.cause in _UNDECIDED:
            _look_for_late(attempt, access, options.sleep)
        raise
    if offset is None:
        check.read_back = "moved"
        detail = f"the broker lost the leadership of its partition of {topic.name} in the meantime"
        check.log.add_warning(Stage.PRODUCE, Cause.LEADER_MOVED, detail)
        check.log.skip(Stage.FETCH, "nothing was written")
        return
    check.read_back = "unknown"
    with check.log.stage(Stage.FETCH) as stage:
        _ReadBack(attempt, access, offset, stage).run(options.sleep)


def led_partition(topic: Topic, broker: int | None) -> int | None:
    """The first partition that the broker leads."""
    if broker is None:
        return None
    return next((partition.index for partition in topic.partitions if partition.leader == broker), None)


class _Attempt:
    """A record to be written into a partition that the broker leads."""

    def __init__(self, check: BrokerCheck, topic: str, partition: int, writer: Writer, sent_at: int) -> None:
        self.check = check
        self.topic = topic
        self.sent_at = sent_at
        self._writer = writer
        self._aim(partition)

    @property
    def place(self) -> str:
        """Topic and partition, such as ``orders-0``."""
        return f"{self.topic}-{self.partition}"

    def _aim(self, partition: int) -> None:
        self.partition = partition
        self._heartbeat = self._writer.heartbeat(self.topic, partition, self.check.broker or 0, self.sent_at)
        self.value = self._heartbeat.as_bytes()

    def write(self, stage: Deadline, sleep: Sleep) -> int | None:
        """Write the record, and retry while what refuses it may pass.

        Returns:
            The record's offset, or None where the broker leads no partition any more.

        Raises:
            StageError: under ``produce``.
        """
        backoff = _backoff(stage, sleep)
        refusals = 0
        while True:
            try:
                return self._produce(stage)
            except StageError as error:
                refusals += 1
                _wait_out(error, refusals, backoff)
            partition = self._led_partition(stage)
            if partition is None:
                return None
            self._aim(partition)

    def _led_partition(self, stage: Deadline) -> int | None:
        metadata = read_metadata(self.check.open_connection, [self.topic], stage)
        return led_partition(metadata.topics[self.topic], self.check.broker)

    def _produce(self, stage: Deadline) -> int:
        connection = self.check.open_connection
        offset = produce(connection, self.topic, self.partition, self.value, timestamp=self.sent_at, deadline=stage)
        self._writer.acknowledged(self.topic, self.partition, self._heartbeat.sequence)
        return offset

    def is_readable(self, connection: BrokerConnection, stage: Deadline) -> bool:
        """Whether the record is in its partition, looked for from its timestamp on."""
        offset = offset_at(connection, self.topic, self.partition, self.sent_at, Stage.FETCH, stage)
        while offset is not None:
            records = fetch(connection, self.topic, {self.partition: offset}, deadline=stage)[self.partition]
            if any(record.value == self.value for record in records):
                return True
            offset = records[-1].offset + 1 if records else None
        return False


def _wait_out(error: StageError, refusals: int, backoff: Backoff) -> None:
    if error.cause not in _PASSING:
        raise error
    if not backoff.pause():
        raise lasting_refusal(error, refusals) from error


class _ReadBack:
    """An acknowledged record, read at its offset."""

    def __init__(self, attempt: _Attempt, access: Access, offset: int, stage: Deadline) -> None:
        self._attempt = attempt
        self._check = attempt.check
        self._access = access
        self._offset = offset
        self._stage = stage
        self._new_leader: BrokerConnection | None = None

    def run(self, sleep: Sleep) -> None:
        """Read it, and note that it is there.

        Raises:
            StageError: ``record-lost`` or ``record-altered``, or whatever keeps it from being read.
        """
        try:
            record = self._read(sleep)
        finally:
            self._close()
        if record.offset != self._offset or record.value != self._attempt.value:
            self._check.read_back = "lost"
            detail = f"a different record is at offset {self._offset} of {self._attempt.place}"
            raise StageError(Stage.FETCH, Cause.RECORD_ALTERED, str(self._check.address), detail)
        self._check.read_back = "ok"

    def _read(self, sleep: Sleep) -> KafkaRecord:
        backoff = _backoff(self._stage, sleep)
        while True:
            records = self._fetched()
            if records:
                return records[0]
            if not backoff.pause():
                self._check.read_back = "lost"
                detail = f"offset {self._offset} of {self._attempt.place} was acknowledged but can't be read"
                raise StageError(Stage.FETCH, Cause.RECORD_LOST, str(self._check.address), detail)
            if records is None:
                self._close()
                self._new_leader = self._open_leader()

    def _fetched(self) -> list[KafkaRecord] | None:
        """The records from the offset on; None where the leader is another broker now."""
        connection = self._new_leader or self._check.open_connection
        partition = self._attempt.partition
        try:
            return fetch(connection, self._attempt.topic, {partition: self._offset}, deadline=self._stage)[partition]
        except StageError as error:
            if error.cause is not Cause.LEADER_MOVED or self._stage.remaining() <= _PAUSE_SECONDS:
                raise
            return None

    def _open_leader(self) -> BrokerConnection | None:
        """A connection with the partition's new leader; None where it is the same broker or there is none yet."""
        topic = self._attempt.topic
        metadata = read_metadata(self._check.open_connection, [topic], self._stage, Stage.FETCH)
        leaders = {partition.index: partition.leader for partition in metadata.topics[topic].partitions}
        address = metadata.brokers.get(leaders.get(self._attempt.partition, -1))
        if address is None or address == self._check.address:
            return None
        try:
            return BrokerConnection.open(address, self._access, StageLog(self._stage, self._stage.remaining()))
        except StageError:
            return None  # that broker's own report says why

    def _close(self) -> None:
        if self._new_leader:
            self._new_leader.close()
            self._new_leader = None


def _look_for_late(attempt: _Attempt, access: Access, sleep: Sleep) -> None:
    """Look for a record whose acknowledgement did not come, over a new connection: the old one may still wait."""
    check = attempt.check
    check.read_back = "unknown"
    with check.log.stage(Stage.FETCH) as stage, _open_again(check, access, stage) as connection:
        backoff = Backoff(
            stage,
            sleep,
            shortest_seconds=_PAUSE_SECONDS,
            longest_seconds=_PAUSE_SECONDS,
            attempt_seconds=_CONCLUDE_SECONDS,
        )
        while not attempt.is_readable(connection, stage):
            # The record can be read when the replicas have it, or are counted out: that may be about to happen.
            if not backoff.pause():
                check.read_back = "failed"
                detail = f"the record is not in {attempt.place}"
                raise StageError(Stage.FETCH, Cause.RECORD_ABSENT, str(check.address), detail)
    check.read_back = "ambiguous-delivered"
    detail = f"but the record was written to {attempt.place} anyway"
    check.log.add_warning(Stage.FETCH, Cause.AMBIGUOUS_DELIVERED, detail)
    check.log.advise(Stage.PRODUCE, _LATE_ANSWER)


def _open_again(check: BrokerCheck, access: Access, stage: Deadline) -> BrokerConnection:
    try:
        return BrokerConnection.open(check.address, access, StageLog(stage, stage.remaining()))
    except StageError as error:
        detail = f"{error.detail}, when connecting again"
        raise StageError(Stage.FETCH, error.cause, error.peer, detail) from error


def _backoff(stage: Deadline, sleep: Sleep) -> Backoff:
    return Backoff(
        stage,
        sleep,
        shortest_seconds=_PAUSE_SECONDS,
        longest_seconds=_LONGEST_PAUSE_SECONDS,
        attempt_seconds=_CONCLUDE_SECONDS,
    )
