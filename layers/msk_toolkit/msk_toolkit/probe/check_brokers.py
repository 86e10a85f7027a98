"""Open a connection with every broker at once, and run a check on each.

Each broker has its own thread, connection and deadlines, so a slow or hung one delays no other. Brokers that only the
metadata names are checked as soon as the first broker has named them.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import msgspec

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import ErrorCode, refused_error
from msk_toolkit.kafka.metadata import ClusterMetadata, Topic, read_metadata
from msk_toolkit.network.stages import StageLog
from msk_toolkit.stage import Stage

# MSK allows 60 brokers a cluster; threads wait for the network nearly all of their time.
_MOST_AT_ONCE = 32
# MSK renews its certificates long before; whoever runs brokers with others should be told in time to act.
_WARN_DAYS = 14
_DAY_SECONDS = 86_400

# Kafka's numbers of operations (AclOperation).
READ, WRITE, DESCRIBE = 3, 4, 8
_OPERATION_NAMES = {READ: "Read", WRITE: "Write", DESCRIBE: "Describe"}
_PAUSE_SECONDS = 0.1
# Leadership that moves is known everywhere within a second or two; fewer refusals may be that.
_ENOUGH_REFUSALS = 4
# How long a listener may take to say that it wants a certificate.
_ALERT_SECONDS = 1.0


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
    certificate_days: float | None = None
    read_back: str | None = None
    refusals: int = 0

    @property
    def talk(self) -> BrokerConnection:
        """The open connection, for a step that runs only where the broker was reached."""
        if self.connection is None:
            raise RuntimeError(f"{self.address} was not reached")
        return self.connection

    @property
    def broker(self) -> int | None:
        """The broker's id, if its own metadata lists its address."""
        known = self.metadata.brokers if self.metadata else {}
        return next((broker for broker, address in known.items() if address == self.address), None)


def check_brokers(
    access: Access,
    topic: str,
    operations: tuple[int, ...],
    check: Callable[[BrokerCheck, Topic], None],
    *,
    deadline: Deadline,
    stage_seconds: float,
    warn_days: float = _WARN_DAYS,
    now: Callable[[], float] = time.time,
) -> list[BrokerCheck]:
    """Check every bootstrap and every advertised broker; the caller closes the connections.

    Args:
        operations: what the user must be allowed to do on ``topic``.
        check: run in the broker's thread after the stages up to ``acl`` have passed; may raise StageError.
        warn_days: a certificate that expires within so many days is worth a warning.
    """
    checks: list[BrokerCheck] = []
    futures: list[Future[None]] = []
    lock = threading.Lock()

    def submit(addresses: tuple[BrokerAddress, ...]) -> None:
        with lock:
            known = {one.address for one in checks}
            for address in addresses:
                if address not in known:
                    one = BrokerCheck(address, StageLog(deadline, stage_seconds))
                    checks.append(one)
                    futures.append(pool.submit(visit, one))

    def visit(one: BrokerCheck) -> None:
        try:
            one.connection = BrokerConnection.open(one.address, access, one.log)
            _note_certificate(one, one.connection.certificate_end, warn_days, now())
            with one.log.stage(Stage.METADATA) as stage:
                one.metadata = _read_metadata(one, access, topic, stage)
                submit(tuple(one.metadata.brokers.values()))
                found = _usable_topic(one.address, one.metadata, topic)
            _note_leaderless(one, found)
            _check_operations(one, found, operations)
            check(one, found)
        except StageError as error:
            # The log has it, but perhaps not the reason.
            if error.cause == Cause.CONNECTION_CLOSED and error.stage in (Stage.SASL, Stage.METADATA):
                _look_for_certificate_demand(one, access)

    with ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="probe") as pool:
        submit(access.brokers)
        done = 0
        while done < len(futures):
            futures[done].result()
            done += 1
    return checks


def lasting_refusal(error: StageError, refusals: int) -> StageError:
    """What a refusal means that has lasted for a whole stage, while the broker's own metadata went on naming it.

    Each refusal was followed by metadata over the same connection. If whoever answers there says that the address is
    the leader's, and that it is not the leader, it is another broker that answers.
    """
    if error.cause not in (Cause.LEADER_MOVED, Cause.COORDINATOR_MOVED) or refusals < _ENOUGH_REFUSALS:
        return error
    detail = "whoever answers at this address refuses what the cluster's metadata says that this broker leads"
    return StageError(error.stage, Cause.WRONG_BROKER, error.peer, detail)


def _note_certificate(one: BrokerCheck, end: float | None, warn_days: float, now: float) -> None:
    if end is None:
        return
    one.certificate_days = round((end - now) / _DAY_SECONDS, 1)
    if one.certificate_days < warn_days:
        one.log.add_warning(
            Stage.TLS, Cause.TLS_EXPIRES_SOON, f"the certificate expires in {one.certificate_days:g} days"
        )


def _read_metadata(one: BrokerCheck, access: Access, topic: str, stage: Deadline) -> ClusterMetadata:
    try:
        while True:
            found = read_metadata(one.talk, [topic], stage)
            # With ZooKeeper a broker that starts, or whose controller changes, answers before it knows the cluster.
            if (found.brokers and found.controller >= 0) or stage.remaining() <= 2 * _PAUSE_SECONDS:
                return found
            time.sleep(_PAUSE_SECONDS)
    except StageError as error:
        if error.cause != Cause.CONNECTION_CLOSED or access.mechanism:
            raise
        # A listener with a login hangs up on whoever asks without.
        if offered := _logins(one.address, access, stage):
            words = f"the listener demands a login; it offers: {', '.join(offered)}"
            raise StageError(Stage.SASL, Cause.LOGIN_WANTED, str(one.address), words) from error
        raise


def _logins(address: BrokerAddress, access: Access, stage: Deadline) -> list[str]:
    try:
        with BrokerConnection.open(address, access, StageLog(stage, stage.remaining())) as fresh:
            return fresh.mechanisms(Stage.SASL, stage)
    except StageError:
        return []


def _look_for_certificate_demand(one: BrokerCheck, access: Access) -> None:
    if not access.encrypted:
        return
    limit = one.log.share().at_most(_ALERT_SECONDS)
    try:
        without_login = msgspec.structs.replace(access, auth_mode="tls")
        with BrokerConnection.open(one.address, without_login, StageLog(limit, _ALERT_SECONDS)) as fresh:
            wanted = fresh.certificate_wanted(limit)
    except StageError:
        return
    if wanted:
        one.log.fail(Stage.TLS, Cause.CLIENT_CERTIFICATE_WANTED, "the listener demands a certificate of the client")


def _usable_topic(address: BrokerAddress, metadata: ClusterMetadata, name: str) -> Topic:
    if not metadata.brokers:
        raise StageError(
            Stage.METADATA, Cause.NOT_IN_METADATA, str(address), "the broker knows of no broker, not even itself"
        )
    if metadata.controller < 0:
        raise StageError(Stage.METADATA, Cause.NO_CONTROLLER, str(address), "the broker knows of no controller")
    topic = metadata.topics[name]
    # A denied topic is the next stage's to report.
    if topic.error_code not in (ErrorCode.NONE, ErrorCode.TOPIC_AUTHORIZATION_FAILED):
        raise refused_error(Stage.METADATA, "Metadata", topic.error_code, address, f"topic {name}")
    return topic


def _note_leaderless(one: BrokerCheck, topic: Topic) -> None:
    # No fault of the broker that says so: the verdict looks for the one that is.
    for part in topic.partitions:
        if part.leader < 0:
            replicas = ", ".join(map(str, part.replicas))
            one.log.add_warning(
                Stage.METADATA, Cause.LEADERLESS, f"{topic.name}-{part.index} has no leader; replicas: {replicas}"
            )


def _check_operations(one: BrokerCheck, topic: Topic, operations: tuple[int, ...]) -> None:
    if topic.operations is None and topic.error_code != ErrorCode.TOPIC_AUTHORIZATION_FAILED:
        one.log.skip(Stage.ACL, "brokers before Kafka 2.3 do not tell what the user may do")
        return
    with one.log.stage(Stage.ACL):
        if topic.error_code == ErrorCode.TOPIC_AUTHORIZATION_FAILED:
            raise StageError(
                Stage.ACL, Cause.TOPIC_DENIED, str(one.address), f"Describe on topic {topic.name} is denied"
            )
        allowed = topic.operations
        denied = [] if allowed is None else [operation for operation in operations if operation not in allowed]
        if denied:
            names = ", ".join(_OPERATION_NAMES[operation] for operation in denied)
            raise StageError(
                Stage.ACL, Cause.TOPIC_DENIED, str(one.address), f"{names} on topic {topic.name} is denied"
            )
