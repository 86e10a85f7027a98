"""The consumer probe's place in its group: whoever coordinates it, found again when that moves."""

import contextlib
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

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
# So long the brokers may name a coordinator that has left in good order; one that crashed they name for longer.
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

    def committed(self) -> dict[int, Committed]:
        """Where the group stands in the member's partitions."""
        with _step(self.coordinator) as stage:
            return groups.committed_offsets(
                self.coordinator.talk, self.member.group, self.topic, self.member.partitions, stage
            )

    def commit(self, offsets: Mapping[int, Committed]) -> None:
        """Commit, and read the commit back.

        Raises:
            StageError: under ``commit``.
        """
        talk, group = self.coordinator.talk, self.member.group
        with _step(self.coordinator) as stage:
            groups.commit(talk, self.member, self.topic, offsets, stage)
            shown = groups.committed_offsets(talk, group, self.topic, sorted(offsets), stage)
            if shown != offsets:
                words = f"group {group} does not show what was just committed"
                raise StageError(Stage.COMMIT, Cause.COMMIT_REFUSED, str(self.coordinator.address), words)

    def leave(self) -> None:
        """Leave at once, so that the next run need not wait for this member's session to end."""
        with _commit_stage(self.coordinator) as stage:
            groups.leave(self.coordinator.talk, self.member, stage)


class NoCoordinatorError(Exception):
    """The group's coordinator can't be used; ``address`` is whom the brokers name, None where they name nobody."""

    def __init__(self, address: BrokerAddress | None, detail: str) -> None:
        super().__init__(detail)
        self.address = address
        self.detail = detail


def join_probe_group(
    reached: Mapping[int, BrokerCheck], topic: Topic, group: str, unreached: Collection[BrokerAddress]
) -> Membership:
    """Join the group, through whichever broker coordinates it.

    Args:
        unreached: the addresses of brokers that have failed already: a group on one of them is not waited for long.

    Raises:
        NoCoordinatorError: nobody coordinates the group, or a broker that can't be used; no broker's log has that.
        StageError: under ``commit``; logged with the coordinator.
    """
    asked = reached[min(reached)]
    partitions = [part.index for part in topic.partitions]
    while True:
        coordinator = _coordinator(asked, reached, group, unreached)
        with contextlib.suppress(AgainError), _step(coordinator) as stage:
            member = groups.join_group(coordinator.talk, group, topic.name, partitions, stage)
            return Membership(coordinator, member, topic.name)


def _commit_stage(one: BrokerCheck) -> contextlib.AbstractContextManager[Deadline]:
    return one.log.stage(Stage.COMMIT, _REBALANCE_DELAY_SECONDS)


@contextlib.contextmanager
def _step(coordinator: BrokerCheck) -> Iterator[Deadline]:
    """A step of the stage ``commit``.

    Raises:
        AgainError: another member joined, or the coordinator moved, and there is time to join again.
    """
    with _commit_stage(coordinator) as stage:
        try:
            yield stage
        except StageError as error:
            if error.cause not in _JOIN_AGAIN:
                raise
            coordinator.refusals += 1
            if stage.remaining() <= 2 * _PAUSE_SECONDS:
                raise lasting_refusal(error, coordinator.refusals) from error
            time.sleep(_PAUSE_SECONDS)
            raise AgainError from error


def _coordinator(
    asked: BrokerCheck, reached: Mapping[int, BrokerCheck], group: str, unreached: Collection[BrokerAddress]
) -> BrokerCheck:
    began = time.monotonic()
    # The wait that belongs to the join is not spent on this.
    most = asked.log.stage_seconds
    while True:
        address = _named_coordinator(asked, group)
        check = next((one for one in reached.values() if one.address == address), None)
        if check:
            return check
        # A broker that is gone is named for some seconds more; then the group moves to one that is there.
        patience = min(_MOVING_SECONDS, most) if address in unreached else most
        if time.monotonic() - began >= patience - _PAUSE_SECONDS:
            raise NoCoordinatorError(address, f"{address}, the coordinator of group {group}, can't be used")
        time.sleep(_PAUSE_SECONDS)


def _named_coordinator(asked: BrokerCheck, group: str) -> BrokerAddress:
    stage = asked.log.share()
    try:
        return groups.find_coordinator(asked.talk, group, stage)
    except StageError as error:
        if error.cause == Cause.COORDINATOR_UNAVAILABLE:
            raise NoCoordinatorError(None, f"no broker coordinates group {group}: {error.detail}") from error
        # The question itself failed, and that is the business of whoever was asked.
        with asked.log.stage(Stage.COMMIT):
            raise
