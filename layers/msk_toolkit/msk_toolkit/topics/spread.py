"""Wait until every live broker shows what was written.

Each broker has a view of its own, a little behind the controller's: whoever asks one that lags, such as an event source
mapping's poller or a probe, would meet an unknown topic.
"""

import contextlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.conversation import Conversation
from msk_toolkit.kafka.entry import NoBrokerError
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.session import Session
from msk_toolkit.network.stages import StageLog
from msk_toolkit.topics.pauses import Pauses, Sleep

# The topics of which a broker does not show yet what was written.
Missing = Callable[[Conversation, Deadline], set[str]]

# A broker that hangs or dies leaves the metadata after 9 s (Kafka's broker.session.timeout.ms): then nobody waits for
# it any more.
SPREAD_SECONDS = 12.0
# One that hangs must not keep us from hearing that it has left.
_LOOK_SECONDS = 3.0
_AT_ONCE = 16
_NAMES_TOLD = 3


def await_every_broker(session: Session, missing: Missing, deadline: Deadline, sleep: Sleep = time.sleep) -> list[str]:
    """Ask all live brokers at once until each shows what was written, for at most 12 s.

    Answers a sentence for each broker that is behind, or can't be asked. What was written stands all the same: such a
    broker reads it from the controllers' log by itself. So this never raises for what the cluster does.
    """
    until = deadline.at_most(SPREAD_SECONDS)
    pauses = Pauses(until, sleep)
    with _Views(session, missing) as views:
        while True:
            try:
                live = session.read(_live_brokers, until)
            except (StageError, NoBrokerError) as error:
                return [f"nobody tells which brokers live: {error}"]
            behind = views.behind(live, until)
            if not behind or pauses.over():
                return behind


class _Views:
    """The brokers' views, each over a conversation that stays open from look to look; a context manager."""

    def __init__(self, session: Session, missing: Missing) -> None:
        self._session = session
        self._missing = missing
        self._open: dict[BrokerAddress, Conversation] = {}
        self._agreed: set[BrokerAddress] = set()

    def behind(self, live: Iterable[BrokerAddress], until: Deadline) -> list[str]:
        """Look at those that did not agree yet, all at once; a sentence for each that still does not."""
        left = sorted(set(live) - self._agreed)
        if not left:
            return []
        with ThreadPoolExecutor(min(len(left), _AT_ONCE), thread_name_prefix="spread") as pool:
            return [words for words in pool.map(lambda address: self._look(address, until), left) if words]

    def _look(self, address: BrokerAddress, until: Deadline) -> str:
        deadline = until.at_most(min(_LOOK_SECONDS, self._session.stage_seconds))
        try:
            if address not in self._open:
                log = StageLog(deadline, self._session.stage_seconds)
                self._open[address] = Conversation.open(address, self._session.access, log)
            missing = self._missing(self._open[address], deadline)
        except StageError as error:
            self._close(address)
            return str(error)
        if missing:
            return f"{address} does not show yet: {_some(missing)}"
        self._agreed.add(address)
        return ""

    def _close(self, address: BrokerAddress) -> None:
        with contextlib.suppress(KeyError):
            self._open.pop(address).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for address in list(self._open):
            self._close(address)


def _live_brokers(conversation: Conversation, deadline: Deadline) -> list[BrokerAddress]:
    return list(read_metadata(conversation, [], deadline, operations=False).brokers.values())


def _some(names: set[str]) -> str:
    told = ", ".join(sorted(names)[:_NAMES_TOLD])
    return told if len(names) <= _NAMES_TOLD else f"{told} and {len(names) - _NAMES_TOLD} more"
