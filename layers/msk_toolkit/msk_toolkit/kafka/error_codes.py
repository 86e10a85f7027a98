"""Kafka's error codes, as the toolkit's errors and as the catalogue's causes."""

from msk_toolkit.errors import BrokerError, StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.error_numbers import ErrorCode

# What is not here is "broker-error", with Kafka's name beside it.
_CAUSES: dict[int, str] = {
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: "topic-unknown",
    ErrorCode.LEADER_NOT_AVAILABLE: "leaderless",
    ErrorCode.NOT_LEADER_OR_FOLLOWER: "leader-moved",
    ErrorCode.REQUEST_TIMED_OUT: "acknowledgement-late",
    ErrorCode.REPLICA_NOT_AVAILABLE: "leaderless",
    ErrorCode.MESSAGE_TOO_LARGE: "record-too-large",
    ErrorCode.OFFSET_METADATA_TOO_LARGE: "commit-refused",
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS: "coordinator-unavailable",
    # Also what a commit gets while the offsets' partition lacks replicas.
    ErrorCode.COORDINATOR_NOT_AVAILABLE: "coordinator-unavailable",
    ErrorCode.NOT_COORDINATOR: "coordinator-moved",
    ErrorCode.NOT_ENOUGH_REPLICAS: "isr-below-minimum",
    ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND: "not-enough-replicas",
    ErrorCode.ILLEGAL_GENERATION: "rebalance-timeout",  # the group went on without us
    ErrorCode.UNKNOWN_MEMBER_ID: "rebalance-timeout",
    ErrorCode.REBALANCE_IN_PROGRESS: "rebalance-timeout",
    ErrorCode.INVALID_COMMIT_OFFSET_SIZE: "commit-refused",
    ErrorCode.TOPIC_AUTHORIZATION_FAILED: "topic-denied",
    ErrorCode.GROUP_AUTHORIZATION_FAILED: "group-denied",
    ErrorCode.CLUSTER_AUTHORIZATION_FAILED: "cluster-denied",
    ErrorCode.OFFSET_NOT_AVAILABLE: "offset-not-available",
    ErrorCode.INVALID_TIMESTAMP: "timestamp-refused",
    # The probes' records have no key, which is what a compacted topic refuses.
    ErrorCode.INVALID_RECORD: "topic-compacted",
    ErrorCode.THROTTLING_QUOTA_EXCEEDED: "throttled",
}
_NUMBERS = frozenset(ErrorCode)


def error_name(code: int) -> str:
    """Kafka's name for an error code, such as ``TOPIC_AUTHORIZATION_FAILED``."""
    known = _known(code)
    return known.name if known is not None else f"ERROR_{code}"


def broker_error(api: str, code: int, detail: str | None = None) -> BrokerError:
    """The error that a broker answered a request with."""
    known = _known(code)
    return BrokerError(api, code, error_name(code), detail or "", retriable=known is not None and known.retriable)


def _known(code: int) -> ErrorCode | None:
    return ErrorCode(code) if code in _NUMBERS else None


def refused_error(stage: str, api: str, code: int, address: BrokerAddress, about: str) -> StageError:
    """A stage's failure from the error code in a broker's answer; ``about`` names the topic or group."""
    return StageError(
        stage, _CAUSES.get(code, "broker-error"), str(address), f"{api} of {about} answered {error_name(code)}"
    )
