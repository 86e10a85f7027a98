"""The first bootstrap broker that can be used, and the controller that it names."""

from msk_toolkit.causes import Cause, remedy
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError, ToolkitError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import ClusterMetadata, read_metadata
from msk_toolkit.network.stages import StageLog
from msk_toolkit.stage import Stage


class NoBrokerError(ToolkitError):
    """No bootstrap broker could be used; says at which stage and why, once for all that fail alike, and what to do."""

    def __init__(self, failures: list[StageError]) -> None:
        self.failures = failures
        alike: dict[tuple[Stage, Cause, str], list[str]] = {}
        for failure in failures:
            alike.setdefault((failure.stage, failure.cause, failure.detail), []).append(failure.peer)
        sentences = [
            f"{', '.join(peers)} {_fail(peers)} at {stage}: {detail}. {remedy(cause, stage)}"
            for (stage, cause, detail), peers in alike.items()
        ]
        super().__init__(f"no broker can be used: {' '.join(sentences)}")


def _fail(peers: list[str]) -> str:
    return "fails" if len(peers) == 1 else "fail"


def open_any(access: Access, deadline: Deadline, stage_seconds: float) -> tuple[BrokerConnection, ClusterMetadata]:
    """A connection with the first bootstrap broker that accepts it, and its metadata of the cluster.

    Raises:
        NoBrokerError: with every broker's failure.
    """
    failures: list[StageError] = []
    for number, address in enumerate(access.brokers):
        # One that hangs must leave time for those after it.
        share = deadline.at_most(deadline.remaining() / (len(access.brokers) - number))
        log = StageLog(share, stage_seconds)
        connection = None
        try:
            connection = BrokerConnection.open(address, access, log)
            # On a plaintext listener the first response shows whether the broker is alive.
            with log.stage(Stage.METADATA) as stage:
                return connection, read_metadata(connection, [], stage)
        except StageError as error:
            failures.append(error)
            if connection:
                connection.close()
    raise NoBrokerError(failures)


def open_controller(access: Access, deadline: Deadline, stage_seconds: float) -> BrokerConnection:
    """A connection with the broker that accepts changes of topics.

    With ZooKeeper only the controller accepts them. With KRaft every broker passes them on, and the metadata names any
    of them, for some seconds also one that is gone: then the broker that named it is as good.

    Raises:
        NoBrokerError: no bootstrap broker can be used.
        StageError: there is no controller.
    """
    connection, metadata = open_any(access, deadline, stage_seconds)
    controller: BrokerAddress | None = metadata.brokers.get(metadata.controller)
    if controller == connection.address:
        return connection
    if controller is None:
        connection.close()
        raise StageError(
            Stage.METADATA, Cause.NO_CONTROLLER, str(connection.address), "the cluster names no controller"
        )
    try:
        to_controller = BrokerConnection.open(controller, access, StageLog(deadline, stage_seconds))
    except StageError:
        return connection
    connection.close()
    return to_controller
