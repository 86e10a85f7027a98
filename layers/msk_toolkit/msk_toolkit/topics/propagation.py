"""Wait until every live broker shows what was written.

Each broker has a view of its own, a little behind the controller's: whoever asks one that lags, such as an event source
mapping's poller or a probe, would meet an unknown topic.
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

# A broker that hangs or dies leaves the metadata after 9 s (Kafka's broker.session.timeout.ms): then nobody waits for
# it any more.
PROPAGATION_SECONDS = 12.0
# One that hangs must not keep us from hearing that it has left.
_LOOK_SECONDS = 3.0
_AT_ONCE = 16
_NAMES_TOLD = 3


def await_propagation(
    session: Session, missing: FindMissing, deadline: Deadline, sleep: Sleep = time.sleep
) -> list[str]:
    """As :meth:`Propagation.shows`, with connections that are opened only now."""
    with Propagation(session) as everyone:
        return everyone.shows(missing, deadline, sleep)


class Propagation:
    """All live brokers, each over a connection that stays open from look to look; a context manager."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="spread")
        self._begun: dict[BrokerAddress, Future[BrokerConnection]] = {}
        self._open: dict[BrokerAddress, BrokerConnection] = {}

    def get_ready(self, deadline: Deadline) -> None:
        """Begin to open connections, and do not wait: brokers that carry out a write are slow to let anybody in."""
        until = deadline.at_most(_LOOK_SECONDS)
        with contextlib.suppress(StageError, NoBrokerError):
            for address in self._session.execute(_live_brokers, until):
                self._begun[address] = self._pool.submit(self._opened, address, until)

    def shows(self, missing: FindMissing, deadline: Deadline, sleep: Sleep = time.sleep) -> list[str]:
        """Ask all live brokers at once until each shows what was written, for at most 12 s.

        Answers a sentence for each broker that is behind, or can't be asked. What was written stands all the same: such
        a broker reads it from the controllers' log by itself. So this never raises for what the cluster does.
        """
        until = deadline.at_most(PROPAGATION_SECONDS)
        pauses = Backoff(until, sleep)
        agreed: set[BrokerAddress] = set()
        while True:
            try:
                live = self._session.query(_live_brokers, until)
            except (StageError, NoBrokerError) as error:
                return [f"could not list the live brokers: {error}"]
            left = sorted(set(live) - agreed)
            words = dict(zip(left, self._pool.map(lambda each: self._look(each, missing, until), left), strict=True))
            agreed |= {address for address, said in words.items() if not said}
            behind = [said for said in words.values() if said]
            if not behind or not pauses.pause():
                return behind

    def _look(self, address: BrokerAddress, missing: FindMissing, until: Deadline) -> str:
        deadline = until.at_most(min(_LOOK_SECONDS, self._session.stage_seconds))
        try:
            if begun := self._begun.pop(address, None):
                self._open[address] = begun.result()
            elif address not in self._open:
                self._open[address] = self._opened(address, deadline)
            lacks = missing(self._open[address], deadline)
        except StageError as error:
            if broken := self._open.pop(address, None):
                broken.close()
            return str(error)
        return f"{address} does not show yet, or somebody has changed since: {_some(lacks)}" if lacks else ""

    def _opened(self, address: BrokerAddress, deadline: Deadline) -> BrokerConnection:
        connection = BrokerConnection.open(
            address, self._session.access, StageLog(deadline, self._session.stage_seconds)
        )
        try:
            # The first question also learns what the broker speaks.
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
        # One that is still being opened ends by its own deadline, and nobody waits for it.
        for begun in list(self._begun.values()):
            begun.add_done_callback(_close)
        self._pool.shutdown(wait=False)
        for connection in list(self._open.values()):
            connection.close()


def _close(begun: Future[BrokerConnection]) -> None:
    if not begun.exception():
        begun.result().close()


def _live_brokers(connection: BrokerConnection, deadline: Deadline) -> list[BrokerAddress]:
    return list(read_metadata(connection, [], deadline, operations=False).brokers.values())


def _some(names: set[str]) -> str:
    told = ", ".join(sorted(names)[:_NAMES_TOLD])
    return told if len(names) <= _NAMES_TOLD else f"{told} and {len(names) - _NAMES_TOLD} more"
