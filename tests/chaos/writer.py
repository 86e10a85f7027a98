"""Writes the records of a run with librdkafka: plain and in transactions, packed with every codec."""

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from tests.chaos.account import Place, Written
from tests.chaos.records import BLOCK, CODECS, Outgoing, block_of, record

_PRODUCER = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 5,
    "message.max.bytes": 1_048_588,
    "queue.buffering.max.messages": 200_000,
    # Brokers are killed and paused for seconds; what isn't acknowledged by then may or may not be there.
    "delivery.timeout.ms": 60_000,
    "socket.timeout.ms": 10_000,
    "reconnect.backoff.max.ms": 1000,
    "log_level": 0,
}
_TRANSACTION_SECONDS = 60.0
_FLUSH_SECONDS = 90.0
_TRIES, _TRY_SECONDS = 600, 0.2


class Topics(NamedTuple):
    """Where records go: every eighth to the second topic."""

    main: str
    second: str


class Writer:
    """Writes blocks of records; used by one thread, ``closed`` by another.

    Args:
        bootstrap: of a listener without authentication.
        large: whether some records are as large as Kafka takes them.
    """

    def __init__(self, bootstrap: str, seed: int, topics: Topics, *, large: bool = True) -> None:
        self._seed, self._topics, self._large = seed, topics, large
        self._bootstrap = bootstrap
        self._plain = {codec: Producer(self._settings(codec)) for codec in CODECS}
        self._transactional: dict[str, Producer] = {}
        self._epoch = 0
        self._lock = threading.Lock()
        self._closed: set[str] = set()
        self._writing = threading.Lock()
        self.generation = dict.fromkeys(topics, 0)
        self.acknowledged: dict[int, Place] = {}
        self.unacknowledged: set[int] = set()
        self.aborted: set[int] = set()
        self.refused: set[int] = set()

    @property
    def written(self) -> Written:
        """What became of the records so far."""
        return Written(self.acknowledged, self.unacknowledged, self.aborted)

    def write(self, number: int) -> int:
        """Write the block with a number; returns how many records that is."""
        with self._writing:
            block = block_of(self._seed, number)
            numbers = range(number * BLOCK, (number + 1) * BLOCK)
            if block.mode == "plain":
                self._plainly(block.codec, numbers)
                return BLOCK
            self._transaction(block.codec, numbers, commit=block.mode == "committed")
        return BLOCK

    def close_topic(self, topic: str) -> None:
        """Write nothing to a topic any more; returns when nothing is on its way."""
        with self._writing:
            self._closed.add(topic)
            self.flush()

    def open_topic(self, topic: str, *, anew: bool) -> None:
        """Write to the topic again."""
        with self._writing:
            # Producers remember sequence numbers and metadata of the old one.
            self._plain = {codec: Producer(self._settings(codec)) for codec in CODECS}
            self._transactional.clear()
            self.generation[topic] += anew
            self._closed.discard(topic)

    def flush(self) -> None:
        """Wait until each record is acknowledged or given up."""
        for producer in self._plain.values():
            producer.flush(_FLUSH_SECONDS)

    def _plainly(self, codec: str, numbers: Sequence[int]) -> None:
        for number in numbers:
            try:
                self._send(self._plain[codec], number, self.acknowledged)
            except KafkaException:
                # A producer that has failed for good; whether its last records are there nobody knows.
                self._plain[codec] = Producer(self._settings(codec))
        self._plain[codec].poll(0)

    def _send(self, producer: Producer, number: int, places: dict[int, Place]) -> None:
        outgoing = record(self._seed, number, large=self._large)
        topic = self._topic_of(number)
        if outgoing.refused:
            self.refused.add(number)
        # Until it is acknowledged nobody knows.
        self.unacknowledged.add(number)
        generation = self.generation[topic]

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is None:
                places[number] = Place(topic, generation, message.partition() or 0, message.offset() or 0)
                if places is self.acknowledged:
                    self.unacknowledged.discard(number)

        _produce(producer, topic, outgoing, delivered)

    def _topic_of(self, number: int) -> str:
        if number % 8 == 0 and self._topics.second not in self._closed:
            return self._topics.second
        return self._topics.main

    def _transaction(self, codec: str, numbers: Sequence[int], *, commit: bool) -> None:
        places: dict[int, Place] = {}
        try:
            producer = self._begin(codec)
            for number in numbers:
                self._send(producer, number, places)
            producer.flush(_FLUSH_SECONDS)
            if commit:
                _retried(lambda: producer.commit_transaction(_TRANSACTION_SECONDS))
                self.acknowledged.update(places)
                self.unacknowledged.difference_update(places)
                return
            _retried(lambda: producer.abort_transaction(_TRANSACTION_SECONDS))
        except KafkaException as error:
            # Whether it was committed is unknown, unless it can be aborted.
            producer_gone = self._transactional.pop(codec, None)
            if producer_gone is None or not _abort(producer_gone, error):
                return
        self.aborted.update(numbers)
        self.unacknowledged.difference_update(numbers)

    def _begin(self, codec: str) -> Producer:
        producer = self._transactional.get(codec)
        if producer is None:
            # Of its own name each time: an earlier one of the same would be fenced off.
            self._epoch += 1
            name = f"chaos-{self._seed}-{codec}-{self._epoch}-{id(self)}"
            producer = Producer({**self._settings(codec), "transactional.id": name})
            producer.init_transactions(_TRANSACTION_SECONDS)
            self._transactional[codec] = producer
        producer.begin_transaction()
        return producer

    def _settings(self, codec: str) -> dict[str, Any]:
        return {**_PRODUCER, "bootstrap.servers": self._bootstrap, "compression.type": codec}


def _produce(producer: Producer, topic: str, outgoing: Outgoing, delivered: Any) -> None:
    """Hand a record to the client; waits while its queue is full, or does not know a topic that was just made anew.

    Raises:
        TimeoutError: it took nothing for two minutes.
        KafkaException: the client has failed.
    """
    headers: Any = list(outgoing.headers)
    for _ in range(_TRIES):
        try:
            producer.produce(topic, key=outgoing.key, value=outgoing.value, headers=headers, on_delivery=delivered)
        except BufferError:
            producer.poll(_TRY_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError._UNKNOWN_TOPIC:
                raise
            producer.poll(_TRY_SECONDS)
        else:
            return
    raise TimeoutError(f"{topic} takes no record within {_TRIES * _TRY_SECONDS:g} s")


def _retried(call: Any) -> None:
    """Try again as long as the client says that this may help, up to three times."""
    for _ in range(3):
        try:
            call()
        except KafkaException as error:
            if not error.args[0].retriable():
                raise
        else:
            return
    call()


def _abort(producer: Producer, error: KafkaException) -> bool:
    """Abort a transaction that failed; whether it is known to be aborted."""
    if not error.args[0].txn_requires_abort():
        return False
    try:
        producer.abort_transaction(_TRANSACTION_SECONDS)
    except KafkaException:
        return False
    return True
