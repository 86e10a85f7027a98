"""A way into the cluster: the first bootstrap broker that answers, and its controller."""

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError, ToolkitError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.conversation import Conversation
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.network.stages import StageLog


class NoBrokerError(ToolkitError):
    """No bootstrap broker could be used; says for each at which stage and why."""

    def __init__(self, failures: list[StageError]) -> None:
        self.failures = failures
        super().__init__("no broker can be used: " + "; ".join(map(str, failures)))


def open_any(access: Access, deadline: Deadline, stage_seconds: float) -> Conversation:
    """A conversation with the first bootstrap broker that lets us in.

    Raises:
        NoBrokerError: with every broker's failure.
    """
    failures: list[StageError] = []
    for number, address in enumerate(access.brokers):
        # One that hangs must leave time for those after it.
        share = deadline.at_most(deadline.remaining() / (len(access.brokers) - number))
        try:
            return Conversation.open(address, access, StageLog(share, stage_seconds))
        except StageError as error:
            failures.append(error)
    raise NoBrokerError(failures)


def open_controller(access: Access, deadline: Deadline, stage_seconds: float) -> Conversation:
    """A conversation with the broker that takes changes of topics.

    With ZooKeeper only the controller takes them; with KRaft the metadata names a broker that passes them on.

    Raises:
        NoBrokerError: no bootstrap broker can be used.
        StageError: there is no controller, or it can't be reached.
    """
    conversation = open_any(access, deadline, stage_seconds)
    try:
        metadata = read_metadata(conversation, [], deadline.at_most(stage_seconds))
    except BaseException:
        conversation.close()
        raise
    controller: BrokerAddress | None = metadata.brokers.get(metadata.controller)
    if controller == conversation.address:
        return conversation
    conversation.close()
    if controller is None:
        raise StageError("metadata", "no-controller", str(conversation.address), "the cluster names no controller")
    return Conversation.open(controller, access, StageLog(deadline, stage_seconds))
