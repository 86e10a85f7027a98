"""Open a conversation with every broker at once, and run a check on each.

Each broker has its own thread, connection and deadlines, so a slow or hung one delays no other. Brokers that only the
metadata names are checked as soon as the first broker has named them.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.conversation import Conversation
from msk_toolkit.kafka.error_codes import refused
from msk_toolkit.kafka.metadata import ClusterMetadata, Topic, read_metadata
from msk_toolkit.network.stages import StageLog

# MSK allows 60 brokers a cluster; threads wait for the network nearly all of their time.
_MOST_AT_ONCE = 32

# Kafka's numbers of operations (AclOperation).
READ, WRITE, DESCRIBE = 3, 4, 8
_OPERATION_NAMES = {READ: "Read", WRITE: "Write", DESCRIBE: "Describe"}
_TOPIC_DENIED = 29


@dataclass
class BrokerCheck:
    """What was seen of one broker; ``conversation`` and ``metadata`` are None as far as it was not reached."""

    address: BrokerAddress
    log: StageLog
    conversation: Conversation | None = None
    metadata: ClusterMetadata | None = None

    @property
    def talk(self) -> Conversation:
        """The open conversation, for a step that runs only where the broker was reached."""
        if self.conversation is None:
            raise RuntimeError(f"{self.address} was not reached")
        return self.conversation

    @property
    def broker(self) -> int | None:
        """The broker's id, if its own metadata lists its address."""
        known = self.metadata.brokers if self.metadata else {}
        return next((broker for broker, address in known.items() if address == self.address), None)


def survey(
    access: Access,
    topic: str,
    operations: tuple[int, ...],
    check: Callable[[BrokerCheck, Topic], None],
    *,
    deadline: Deadline,
    stage_seconds: float,
) -> list[BrokerCheck]:
    """Check every bootstrap and every advertised broker; the caller closes the conversations.

    Args:
        operations: what the user must be allowed to do on ``topic``.
        check: run in the broker's thread after the stages up to ``acl`` have passed; may raise StageError.
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
            one.conversation = Conversation.open(one.address, access, one.log)
            with one.log.stage("metadata") as stage:
                one.metadata = read_metadata(one.conversation, [topic], stage)
                found = _usable_topic(one.address, one.metadata, topic)
            submit(tuple(one.metadata.brokers.values()))
            _check_operations(one, found, operations)
            check(one, found)
        except StageError:
            return  # the log has it

    with ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="probe") as pool:
        submit(access.brokers)
        done = 0
        while done < len(futures):
            futures[done].result()
            done += 1
    return checks


def _usable_topic(address: BrokerAddress, metadata: ClusterMetadata, name: str) -> Topic:
    if metadata.controller < 0:
        raise StageError("metadata", "no-controller", str(address), "the broker knows of no controller")
    topic = metadata.topics[name]
    # A denied topic is the next stage's to report.
    if topic.error_code not in (0, _TOPIC_DENIED):
        raise refused("metadata", "Metadata", topic.error_code, address, f"topic {name}")
    return topic


def _check_operations(one: BrokerCheck, topic: Topic, operations: tuple[int, ...]) -> None:
    with one.log.stage("acl"):
        if topic.error_code == _TOPIC_DENIED:
            raise StageError("acl", "topic-denied", str(one.address), f"Describe on topic {topic.name} is denied")
        allowed = topic.operations
        denied = [] if allowed is None else [operation for operation in operations if operation not in allowed]
        if denied:
            names = ", ".join(_OPERATION_NAMES[operation] for operation in denied)
            raise StageError("acl", "topic-denied", str(one.address), f"{names} on topic {topic.name} is denied")
    if topic.operations is None:
        one.log.caution("acl", "broker-error", "the broker does not tell what the user may do")
