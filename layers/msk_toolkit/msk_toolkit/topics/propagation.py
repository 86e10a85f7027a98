"""Wait until every live broker shows what was written.

Each broker has a view of its own, a little behind the controller's: a client that asks a broker that lags, such as an
event source mapping's poller or a probe, would get an unknown topic.
"""

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from msk_toolkit.backoff import Backoff, Sleep
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.bootstrap import NoBrokerError
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.session import Session
from msk_toolkit.network.stages import StageLog

# The topics of which a broker does not show yet what was written.
FindMissing = Callable[[BrokerConnection, Deadline], set[str]]

# A broker that hangs or dies leaves the metadata after 9 s (Kafka's broker.session.timeout.ms), and is then no longer
# waited for.
PROPAGATION_SECONDS = 12.0
# A broker that hangs must not keep the wait from noticing that it has left the metadata.
_LOOK_SECONDS = 3.0
_AT_ONCE = 16
_TOPICS_NAMED = 3


def await_propagation(
    session: Session, missing: FindMissing, deadline: Deadline, sleep: Sleep = time.sleep
) -> list[str]:
    """As :meth:`Propagation.wait`, with connections that are opened only now."""
    with Propagation(session) as propagation:
        return propagation.wait(missing, deadline, sleep)


class Propagation:
    """All live brokers, each over a connection that stays open from look to look; a context manager."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="propagation")
        self._opening: dict[BrokerAddress, Future[BrokerConnection]] = {}
        self._open: dict[BrokerAddress, BrokerConnection] = {}

    def begin_connecting(self, deadline: Deadline) -> None:
        """Begin to open connections, and do not wait: brokers that carry out a write are slow to accept any."""
        until = deadline.at_most(_LOOK_SECONDS)
        with contextlib.suppress(StageError, NoBrokerError):
            for address in self._session.execute(_live_brokers, until):
                self._opening[address] = self._pool.submit(self._connect, address, until)

    def wait(self, missing: FindMissing, deadline: Deadline, sleep: Sleep = time.sleep) -> list[str]:
        """Ask all live brokers at once until each shows what was written, for at most 12 s.

        Answers a sentence for each broker that is behind, or can't be reached. What was written is done nevertheless:
        such a broker reads it from the controllers' log by itself. So this never raises for what the cluster does.
        """
        until = deadline.at_most(PROPAGATION_SECONDS)
        backoff = Backoff(until, sleep)
        agreed: set[BrokerAddress] = set()
        while True:
            try:
                live = self._session.query(_live_brokers, until)
            except (StageError, NoBrokerError) as error:
                return [f"could not list the live brokers: {error}"]
            behind = self._behind(sorted(set(live) - agreed), missing, until)
            agreed |= set(live) - behind.keys()
            if not behind or not backoff.pause():
                return list(behind.values())

    def _behind(self, brokers: list[BrokerAddress], missing: FindMissing, until: Deadline) -> dict[BrokerAddress, str]:
        """The brokers that do not show everything, each with a sentence about it."""
        sentences = self._pool.map(lambda broker: self._look(broker, missing, until), brokers)
        return {broker: sentence for broker, sentence in zip(brokers, sentences, strict=True) if sentence}

    def _look(self, broker: BrokerAddress, missing: FindMissing, until: Deadline) -> str:
        """Why a broker is behind; empty where it shows everything."""
        deadline = until.at_most(min(_LOOK_SECONDS, self._session.stage_seconds))
        try:
            names = missing(self._connection(broker, deadline), deadline)
        except StageError as error:
            if broken := self._open.pop(broker, None):
                broken.close()
            return str(error)
        if not names:
            return ""
        return f"{broker} does not show these topics yet, or they were changed again in the meantime: {_some(names)}"

    def _connection(self, broker: BrokerAddress, deadline: Deadline) -> BrokerConnection:
        if opening := self._opening.pop(broker, None):
            self._open[broker] = opening.result()
        elif broker not in self._open:
            self._open[broker] = self._connect(broker, deadline)
        return self._open[broker]

    def _connect(self, address: BrokerAddress, deadline: Deadline) -> BrokerConnection:
        log = StageLog(deadline, self._session.stage_seconds)
        connection = BrokerConnection.open(address, self._session.access, log)
        try:
            # The first request also learns which versions the broker supports.
            read_metadata(connection, [], deadline, operations=False)
        except StageError:
            connection.close()
            raise
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A connection that is still being opened ends by its own deadline, and is not waited for.
        for opening in list(self._opening.values()):
            opening.add_done_callback(_close)
        self._pool.shutdown(wait=False)
        for connection in list(self._open.values()):
            connection.close()


def _close(opening: Future[BrokerConnection]) -> None:
    if not opening.exception():
        opening.result().close()


def _live_brokers(connection: BrokerConnection, deadline: Deadline) -> list[BrokerAddress]:
    return list(read_metadata(connection, [], deadline, operations=False).brokers.values())


def _some(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:_TOPICS_NAMED])
    if len(names) > _TOPICS_NAMED:
        return f"{shown} and {len(names) - _TOPICS_NAMED} more"
    return shown
