"""The consumer probe's place in its group: the broker that coordinates it, looked up again when that moves."""

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from msk_toolkit.backoff import Backoff, Sleep
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka import group as groups
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.group import Committed, Member
from msk_toolkit.kafka.metadata import Topic
from msk_toolkit.network.stages import AgainError
from msk_toolkit.probe.check_brokers import BrokerCheck, lasting_refusal
from msk_toolkit.stage import Stage

_PAUSE_SECONDS = 0.1
# So long the brokers may name a coordinator that was shut down in an orderly manner; one that crashed they name longer.
_MOVING_SECONDS = 1.0
# An empty group waits so long for more members than the first (group.initial.rebalance.delay.ms, on MSK as by default),
# and the probe's is empty before each run.
_REBALANCE_DELAY_SECONDS = 3.0
# Two runs that overlap are two members of the group, and brokers that restart hand it on; the new coordinator loads it
# first.
_JOIN_AGAIN = {Cause.REBALANCE_TIMEOUT, Cause.COORDINATOR_MOVED, Cause.COORDINATOR_UNAVAILABLE}


@dataclass
class Membership:
    """A member of the group, and the broker that coordinates it; every step is logged with that broker."""

    coordinator: BrokerCheck
    member: Member
    topic: str
    sleep: Sleep

    def committed(self) -> dict[int, Committed]:
        """The group's last commit in the member's partitions.

        Raises:
            AgainError: the group has to be joined again.
            StageError: under ``commit``.
        """
        with _step(self.coordinator, self.sleep) as stage:
            return groups.committed_offsets(
                self.coordinator.open_connection, self.member.group, self.topic, self.member.partitions, stage
            )

    def commit(self, offsets: Mapping[int, Committed]) -> None:
        """Commit, and read the commit back.

        Raises:
            AgainError: the group has to be joined again.
            StageError: under ``commit``.
        """
        connection, group = self.coordinator.open_connection, self.member.group
        with _step(self.coordinator, self.sleep) as stage:
            groups.commit(connection, self.member, self.topic, offsets, stage)
            committed = groups.committed_offsets(connection, group, self.topic, sorted(offsets), stage)
            if committed != offsets:
                detail = f"group {group} does not return the offsets that were just committed"
                raise StageError(Stage.COMMIT, Cause.COMMIT_REFUSED, str(self.coordinator.address), detail)

    def leave(self) -> None:
        """Leave at once, so that the next run need not wait for this member's session to end.

        Raises:
            StageError: under ``commit``.
        """
        with _commit_stage(self.coordinator) as stage:
            groups.leave(self.coordinator.open_connection, self.member, stage)


class NoCoordinatorError(Exception):
    """The group's coordinator can't be used; ``address`` is the one that the brokers name, or None."""

    def __init__(self, address: BrokerAddress | None, detail: str) -> None:
        super().__init__(detail)
        self.address = address
        self.detail = detail


class ProbeGroup:
    """The probe's group, seen through the brokers that were reached.

    Args:
        reached: by the brokers' ids; at least one.
        unreached: the addresses of brokers that have failed already: a group on one of them is not waited for long.
    """

    def __init__(
        self,
        name: str,
        topic: Topic,
        reached: Mapping[int, BrokerCheck],
        unreached: Collection[BrokerAddress],
        sleep: Sleep,
    ) -> None:
        self._name = name
        self._topic = topic
        self._by_address = {check.address: check for check in reached.values()}
        self._first = reached[min(reached)]
        self._unreached = unreached
        self._sleep = sleep

    def join(self) -> Membership:
        """Join the group, through whichever broker coordinates it.

        Raises:
            NoCoordinatorError: no broker coordinates the group, or one that can't be used; no broker's log has that.
            StageError: under ``commit``; logged with the coordinator.
        """
        partitions = [partition.index for partition in self._topic.partitions]
        while True:
            coordinator = self._coordinator()
            with contextlib.suppress(AgainError), _step(coordinator, self._sleep) as stage:
                member = groups.join_group(coordinator.open_connection, self._name, self._topic.name, partitions, stage)
                return Membership(coordinator, member, self._topic.name, self._sleep)

    def _coordinator(self) -> BrokerCheck:
        # The wait that belongs to the join is not spent on this.
        whole = self._backoff(self._first.log.share())
        # A broker that is gone is named for some seconds more; then the group moves to one that is there.
        short = self._backoff(self._first.log.share().at_most(_MOVING_SECONDS))
        while True:
            address = self._named_coordinator()
            check = self._by_address.get(address)
            if check:
                return check
            backoff = short if address in self._unreached else whole
            if not backoff.pause():
                detail = f"{address}, the coordinator of group {self._name}, can't be used"
                raise NoCoordinatorError(address, detail)

    def _backoff(self, deadline: Deadline) -> Backoff:
        return Backoff(deadline, self._sleep, shortest_seconds=_PAUSE_SECONDS, longest_seconds=_PAUSE_SECONDS)

    def _named_coordinator(self) -> BrokerAddress:
        stage = self._first.log.share()
        try:
            return groups.find_coordinator(self._first.open_connection, self._name, stage)
        except StageError as error:
            if error.cause is Cause.COORDINATOR_UNAVAILABLE:
                detail = f"no broker coordinates group {self._name}: {error.detail}"
                raise NoCoordinatorError(None, detail) from error
            # The request itself failed, and that is logged with the broker that it was sent to.
            with self._first.log.stage(Stage.COMMIT):
                raise


def _commit_stage(check: BrokerCheck) -> contextlib.AbstractContextManager[Deadline]:
    return check.log.stage(Stage.COMMIT, _REBALANCE_DELAY_SECONDS)


@contextlib.contextmanager
def _step(coordinator: BrokerCheck, sleep: Sleep) -> Iterator[Deadline]:
    """A step of the stage ``commit``.

    Raises:
        AgainError: another member joined, or the coordinator moved, and there is time to join again.
        StageError: the step failed, or has been refused for the whole stage.
    """
    with _commit_stage(coordinator) as stage:
        backoff = Backoff(stage, sleep, shortest_seconds=_PAUSE_SECONDS, longest_seconds=_PAUSE_SECONDS)
        try:
            yield stage
        except StageError as error:
            if error.cause not in _JOIN_AGAIN:
                raise
            coordinator.refusals += 1
            if not backoff.pause():
                raise lasting_refusal(error, coordinator.refusals) from error
            raise AgainError from error
