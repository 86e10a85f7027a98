"""A connection to the controller that is opened again when it breaks."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from msk_toolkit.backoff import Backoff, Sleep
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.bootstrap import open_controller
from msk_toolkit.kafka.connection import BrokerConnection

# A broker that hangs must leave time to ask another one; reading a thousand topics takes a second.
_STAGES_OF_A_QUERY = 2
# A broker that restarts hangs up at once, for some seconds.
_SHORTEST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
# With these pauses a quarter of a minute, where every attempt fails at once: it would not pass in the next one either.
_MOST_ATTEMPTS = 30


class Session:
    """One connection at a time, opened when first needed and again after a failure; a context manager.

    ``access`` and ``stage_seconds`` are for those who open another connection beside it.
    """

    def __init__(self, access: Access, stage_seconds: float, sleep: Sleep = time.sleep) -> None:
        self._sleep = sleep
        self.access = access
        self.stage_seconds = stage_seconds
        self._connection: BrokerConnection | None = None

    def execute[Result](self, operation: Callable[[BrokerConnection, Deadline], Result], deadline: Deadline) -> Result:
        """Run an operation once, by the deadline; a failure closes the connection, so that the next one is new.

        Raises:
            NoBrokerError: no broker can be used.
            StageError: no response; the operation may have been carried out nevertheless.
        """
        if self._connection is None:
            self._connection = open_controller(self.access, deadline, self.stage_seconds)
        try:
            return operation(self._connection, deadline)
        except StageError:
            self.close()
            raise

    def query[Result](self, operation: Callable[[BrokerConnection, Deadline], Result], deadline: Deadline) -> Result:
        """Run an operation that changes nothing, and again over a new connection where it breaks, while there is time.

        A broker that passes requests on to a controller that hangs does not answer either, until the quorum has
        elected another one.

        Raises:
            NoBrokerError, StageError: as :meth:`execute`.
        """
        self._drop_held_back()
        share = _STAGES_OF_A_QUERY * self.stage_seconds
        backoff = Backoff(
            deadline,
            self._sleep,
            shortest_seconds=_SHORTEST_PAUSE_SECONDS,
            longest_seconds=_LONGEST_PAUSE_SECONDS,
            attempt_seconds=self.stage_seconds,
        )
        attempts = 0
        while True:
            attempts += 1
            try:
                return self.execute(operation, deadline.at_most(share))
            except StageError as error:
                # A peer that is not Kafka will not be Kafka at the next attempt either.
                is_final = error.cause is Cause.PROTOCOL_ERROR or attempts == _MOST_ATTEMPTS
                if is_final or not backoff.pause():
                    raise

    def _drop_held_back(self) -> None:
        # Over a quota a broker holds one connection back, not the user's next one: what changes nothing need not wait.
        if self._connection and self._connection.held_back_seconds:
            self.close()

    def close(self) -> None:
        """Close the connection, if there is one; never fails."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
