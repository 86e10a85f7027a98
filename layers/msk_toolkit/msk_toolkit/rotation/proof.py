"""The proof that a user and password are accepted: a login through each broker, until the last one accepts it.

MSK applies a change of an associated secret within ten minutes, broker by broker.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec

from msk_toolkit.backoff import Backoff, Sleep
from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import StageError, ToolkitError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.network.stages import StageLog
from msk_toolkit.stage import Stage

_SHORTEST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0
# A broker that hangs must keep no other one waiting.
_MOST_AT_ONCE = 64


class LoginProof(msgspec.Struct, frozen=True):
    """Which brokers accepted the login, and how long it took until the last one did."""

    brokers: tuple[str, ...]
    seconds: float


class UnprovenError(ToolkitError):
    """Not every broker accepted the login in time; says which did not, and why."""

    def __init__(self, accepted: Collection[BrokerAddress], failures: Iterable[StageError]) -> None:
        reasons = "; ".join(sorted(map(str, failures))) or "no broker could be asked"
        super().__init__(f"{len(accepted)} brokers accepted the login, but: {reasons}")


def prove_login(
    access: Access, deadline: Deadline, stage_seconds: float, sleep: Sleep = time.sleep, clock: Clock = time.monotonic
) -> LoginProof:
    """Log in through each broker that the cluster names, again and again where one does not accept it yet.

    Raises:
        UnprovenError: a broker has not accepted the login by the deadline.
    """
    began = clock()
    backoff = Backoff(
        deadline,
        sleep,
        shortest_seconds=_SHORTEST_PAUSE_SECONDS,
        longest_seconds=_LONGEST_PAUSE_SECONDS,
        attempt_seconds=stage_seconds,
    )
    logins = _Logins(access, deadline, stage_seconds)
    while True:
        logins.try_missing()
        if not logins.missing():
            return LoginProof(tuple(map(str, sorted(logins.needed()))), round(clock() - began, 1))
        if not logins.has_untried() and not backoff.pause():
            raise UnprovenError(logins.accepted, logins.failures())


class _Logins:
    """What has been tried so far; what the brokers themselves name replaces the bootstrap addresses."""

    def __init__(self, access: Access, deadline: Deadline, stage_seconds: float) -> None:
        self._access = access
        self._deadline = deadline
        self._stage_seconds = stage_seconds
        self._named: set[BrokerAddress] = set()
        self._failures: dict[BrokerAddress, StageError] = {}
        self.accepted: set[BrokerAddress] = set()

    def needed(self) -> set[BrokerAddress]:
        return self._named or set(self._access.brokers)

    def missing(self) -> set[BrokerAddress]:
        return self.needed() - self.accepted

    def has_untried(self) -> bool:
        return bool(self.missing() - self._failures.keys())

    def failures(self) -> list[StageError]:
        missing = self.missing()
        return [failure for address, failure in self._failures.items() if address in missing]

    def try_missing(self) -> None:
        addresses = sorted(self.missing())
        with ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="login") as pool:
            outcomes = dict(zip(addresses, pool.map(self._try, addresses), strict=True))
        self._note(outcomes)

    def _note(self, outcomes: Mapping[BrokerAddress, set[BrokerAddress] | StageError]) -> None:
        for address, outcome in outcomes.items():
            if isinstance(outcome, StageError):
                self._failures[address] = outcome
            else:
                self.accepted.add(address)
                # The newest answer counts: a broker that is replaced meanwhile is not waited for.
                self._named = outcome

    def _try(self, address: BrokerAddress) -> set[BrokerAddress] | StageError:
        """The brokers that this one names, or why it can't be used."""
        log = StageLog(self._deadline, self._stage_seconds)
        try:
            with BrokerConnection.open(address, self._access, log) as connection, log.stage(Stage.METADATA) as stage:
                return set(read_metadata(connection, [], stage, operations=False).brokers.values())
        except StageError as error:
            return error
