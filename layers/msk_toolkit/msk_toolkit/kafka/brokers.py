"""Connections with as many brokers of a cluster as a task needs."""

from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.bootstrap import open_any
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.network.stages import StageLog


class Brokers:
    """Connections: with the first broker that accepts one, and with whichever others are needed; a context manager.

    ``stage_seconds`` is the longest that a step may take.
    """

    def __init__(self, access: Access, deadline: Deadline, stage_seconds: float) -> None:
        self._access = access
        self._deadline = deadline
        self.stage_seconds = stage_seconds
        self._open: dict[BrokerAddress, BrokerConnection] = {}
        self._entry: BrokerConnection | None = None

    @property
    def entry(self) -> BrokerConnection:
        """A connection with any broker.

        Raises:
            NoBrokerError: no broker can be used.
        """
        if self._entry is None:
            self._entry, _ = open_any(self._access, self._deadline, self.stage_seconds)
            self._open[self._entry.address] = self._entry
        return self._entry

    def to(self, address: BrokerAddress) -> BrokerConnection:
        """A connection with the broker at this address.

        Raises:
            StageError: it can't be opened.
        """
        if address not in self._open:
            log = StageLog(self._deadline, self.stage_seconds)
            self._open[address] = BrokerConnection.open(address, self._access, log)
        return self._open[address]

    def close(self) -> None:
        """Close them all; the next request opens new ones."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()
        self._entry = None

    def __enter__(self) -> "Brokers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
