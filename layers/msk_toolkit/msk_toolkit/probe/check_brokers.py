"""Open a connection with every broker at once, and run a probe's own steps on each.

Each broker has its own thread, connection and deadlines, so a slow or hung one delays no other. Brokers that only the
metadata names are checked as soon as the first broker has named them.
"""

import contextlib
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import msgspec

from msk_toolkit.backoff import Backoff
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError, ToolkitError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import ErrorCode, refused_error
from msk_toolkit.kafka.metadata import ClusterMetadata, Topic, read_metadata
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe.options import ProbeOptions
from msk_toolkit.probe.results import ReadBack
from msk_toolkit.stage import Stage

# MSK has up to 60 brokers a cluster, more on request, and a broker that hangs must keep no other one waiting. Threads
# wait for the network nearly all of their time.
_MOST_AT_ONCE = 128
# A broker that names more than any cluster has must not have them all connected to.
_MOST_BROKERS = 256
_DAY_SECONDS = 86_400
_PAUSE_SECONDS = 0.1
# Leadership that moves is known everywhere within a second or two; fewer refusals may be that.
_ENOUGH_REFUSALS = 4
# How long a listener may take to say that it requires a certificate.
_ALERT_SECONDS = 1.0


class AclOperation(IntEnum):
    """Kafka's numbers of the operations that a probe needs."""

    READ = 3
    WRITE = 4
    DESCRIBE = 8


@dataclass
class BrokerCheck:
    """What was seen of one broker; ``connection`` and ``metadata`` are None as far as it was not reached.

    ``read_back`` is what became of the record that was written through it, see :mod:`msk_toolkit.probe.write_through`;
    ``refusals`` counts how often it said that it does not coordinate the group, or that the group is not settled.
    """

    address: BrokerAddress
    log: StageLog
    connection: BrokerConnection | None = None
    metadata: ClusterMetadata | None = None
    peer: tuple[str, int] | None = None
    certificate_days: float | None = None
    read_back: ReadBack | None = None
    refusals: int = 0

    @property
    def open_connection(self) -> BrokerConnection:
        """The connection, for a step that runs only where the broker was reached."""
        if self.connection is None:
            raise RuntimeError(f"{self.address} was not reached")
        return self.connection

    @property
    def broker(self) -> int | None:
        """The broker's id, if its own metadata lists its address."""
        if self.metadata is None:
            return None
        return next((broker for broker, address in self.metadata.brokers.items() if address == self.address), None)


# Run in the broker's thread after the stages up to ``acl`` have passed; may raise StageError.
Steps = Callable[[BrokerCheck, Topic], None]


def check_brokers(
    access: Access, options: ProbeOptions, operations: Sequence[AclOperation], steps: Steps
) -> list[BrokerCheck]:
    """Check every bootstrap and every advertised broker; the caller closes the connections.

    Args:
        operations: what the user must be allowed to do on the topic.
        steps: the probe's own steps.
    """
    with ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="probe") as pool:
        return _Checks(access, options, operations, steps, pool).run()


def close_connections(checks: Iterable[BrokerCheck]) -> None:
    """Close whatever connections are open."""
    for check in checks:
        if check.connection:
            check.connection.close()


@contextlib.contextmanager
def own_row(check: BrokerCheck) -> Iterator[None]:
    """Whatever a broker's responses lead to costs its own row, and never the other brokers' rows.

    Raises:
        ToolkitError: as it comes.
    """
    try:
        yield
    except ToolkitError:
        raise
    except Exception as error:  # noqa: BLE001
        # Where the program failed, for whoever fixes it; the error's own text may hold what the broker sent.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
        detail = f"the broker's responses can't be used: {where}"
        check.log.fail(check.log.latest or Stage.DNS, Cause.PROTOCOL_ERROR, detail)


def lasting_refusal(error: StageError, refusals: int) -> StageError:
    """What a refusal means that has lasted for a whole stage, while the broker's own metadata went on naming it.

    Each refusal was followed by metadata over the same connection. If whoever answers there says that the address is
    the leader's, and that it is not the leader, it is another broker that answers.
    """
    if error.cause not in (Cause.LEADER_MOVED, Cause.COORDINATOR_MOVED) or refusals < _ENOUGH_REFUSALS:
        return error
    detail = "the broker at this address refuses requests for what the cluster's metadata says that it leads"
    return StageError(error.stage, Cause.WRONG_BROKER, error.peer, detail)


class _Checks:
    """The checks of one run, which grow while brokers name others."""

    def __init__(
        self,
        access: Access,
        options: ProbeOptions,
        operations: Sequence[AclOperation],
        steps: Steps,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._access = access
        self._options = options
        self._operations = operations
        self._steps = steps
        self._pool = pool
        self._checks: list[BrokerCheck] = []
        self._futures: list[Future[None]] = []
        self._lock = threading.Lock()

    def run(self) -> list[BrokerCheck]:
        self._submit(self._access.brokers)
        finished = 0
        # A check submits others before it ends, so none is missed.
        while finished < len(self._futures):
            self._futures[finished].result()
            finished += 1
        return self._checks

    def _submit(self, addresses: Iterable[BrokerAddress]) -> None:
        with self._lock:
            known = {check.address for check in self._checks}
            others = [address for address in dict.fromkeys(addresses) if address not in known]
            if known and len(known) + len(others) > _MOST_BROKERS:
                detail = f"the broker names {len(others)} further brokers; at most {_MOST_BROKERS} are checked"
                raise StageError(Stage.METADATA, Cause.PROTOCOL_ERROR, "", detail)
            for address in others:
                check = BrokerCheck(address, StageLog(self._options.deadline, self._options.stage_seconds))
                self._checks.append(check)
                self._futures.append(self._pool.submit(self._visit, check))

    def _visit(self, check: BrokerCheck) -> None:
        with own_row(check):
            self._check(check)

    def _check(self, check: BrokerCheck) -> None:
        try:
            check.connection = BrokerConnection.open(check.address, self._access, check.log)
            check.peer = check.connection.peer
            self._note_certificate(check, check.connection.certificate_end)
            with check.log.stage(Stage.METADATA) as stage:
                check.metadata = self._read_metadata(check, stage)
                self._submit(check.metadata.brokers.values())
                topic = _usable_topic(check.address, check.metadata, self._options.topic)
            _note_leaderless(check, topic)
            _check_operations(check, topic, self._operations)
            self._steps(check, topic)
        except StageError as error:
            # The log has it, but perhaps not the reason.
            if error.cause is Cause.CONNECTION_CLOSED and error.stage in (Stage.SASL, Stage.METADATA):
                self._look_for_certificate_demand(check)

    def _note_certificate(self, check: BrokerCheck, end: float | None) -> None:
        if end is None:
            return
        check.certificate_days = round((end - self._options.now()) / _DAY_SECONDS, 1)
        if check.certificate_days < self._options.warn_days:
            detail = f"the certificate expires in {check.certificate_days:g} days"
            check.log.add_warning(Stage.TLS, Cause.TLS_EXPIRES_SOON, detail)

    def _read_metadata(self, check: BrokerCheck, stage: Deadline) -> ClusterMetadata:
        try:
            return self._settled_metadata(check.open_connection, stage)
        except StageError as error:
            if error.cause is Cause.CONNECTION_CLOSED and not self._access.mechanism:
                self._look_for_login(check, stage, error)
            raise

    def _settled_metadata(self, connection: BrokerConnection, stage: Deadline) -> ClusterMetadata:
        backoff = Backoff(stage, self._options.sleep, shortest_seconds=_PAUSE_SECONDS, longest_seconds=_PAUSE_SECONDS)
        while True:
            metadata = read_metadata(connection, [self._options.topic], stage)
            # With ZooKeeper a broker that starts, or whose controller changes, answers before it knows the cluster.
            if (metadata.brokers and metadata.controller >= 0) or not backoff.pause():
                return metadata

    def _look_for_login(self, check: BrokerCheck, stage: Deadline, error: StageError) -> None:
        """A listener with authentication closes the connection of a client that sends requests without it.

        Raises:
            StageError: ``login-wanted``, where the listener offers mechanisms.
        """
        mechanisms = _mechanisms(check.address, self._access, stage)
        if mechanisms:
            detail = f"the listener requires authentication; it offers: {', '.join(mechanisms)}"
            raise StageError(Stage.SASL, Cause.LOGIN_WANTED, str(check.address), detail) from error

    def _look_for_certificate_demand(self, check: BrokerCheck) -> None:
        if not self._access.encrypted:
            return
        limit = check.log.share().at_most(_ALERT_SECONDS)
        without_login = msgspec.structs.replace(self._access, auth_mode="tls")
        try:
            with BrokerConnection.open(check.address, without_login, StageLog(limit, _ALERT_SECONDS)) as connection:
                failure = connection.certificate_failure(limit)
        except StageError:
            return
        if failure:
            check.log.fail(Stage.TLS, failure.cause, failure.detail)


def _mechanisms(address: BrokerAddress, access: Access, stage: Deadline) -> list[str]:
    try:
        with BrokerConnection.open(address, access, StageLog(stage, stage.remaining())) as connection:
            return connection.mechanisms(Stage.SASL, stage)
    except StageError:
        return []


def _usable_topic(address: BrokerAddress, metadata: ClusterMetadata, name: str) -> Topic:
    if not metadata.brokers:
        detail = "the broker's metadata lists no brokers, not even itself"
        raise StageError(Stage.METADATA, Cause.NOT_IN_METADATA, str(address), detail)
    if metadata.controller < 0:
        raise StageError(Stage.METADATA, Cause.NO_CONTROLLER, str(address), "the broker knows of no controller")
    topic = metadata.topics[name]
    # A denied topic is the next stage's to report.
    if topic.error_code not in (ErrorCode.NONE, ErrorCode.TOPIC_AUTHORIZATION_FAILED):
        raise refused_error(Stage.METADATA, "Metadata", topic.error_code, address, f"topic {name}")
    return topic


def _note_leaderless(check: BrokerCheck, topic: Topic) -> None:
    # Not a fault of the broker that says so: the verdict looks for the one that is.
    for partition in topic.partitions:
        if partition.leader < 0:
            replicas = ", ".join(map(str, partition.replicas))
            detail = f"{topic.name}-{partition.index} has no leader; replicas: {replicas}"
            check.log.add_warning(Stage.METADATA, Cause.LEADERLESS, detail)


def _check_operations(check: BrokerCheck, topic: Topic, operations: Sequence[AclOperation]) -> None:
    is_denied = topic.error_code == ErrorCode.TOPIC_AUTHORIZATION_FAILED
    if topic.operations is None and not is_denied:
        check.log.skip(Stage.ACL, "brokers before Kafka 2.3 do not report what the user may do")
        return
    with check.log.stage(Stage.ACL):
        denied = [AclOperation.DESCRIBE] if is_denied else _denied(topic, operations)
        if denied:
            raise _topic_denied(check, topic, denied)


def _denied(topic: Topic, operations: Sequence[AclOperation]) -> list[AclOperation]:
    allowed = topic.operations or ()
    return [operation for operation in operations if operation not in allowed]


def _topic_denied(check: BrokerCheck, topic: Topic, operations: Iterable[AclOperation]) -> StageError:
    names = ", ".join(operation.name.capitalize() for operation in operations)
    return StageError(Stage.ACL, Cause.TOPIC_DENIED, str(check.address), f"{names} on topic {topic.name} is denied")
