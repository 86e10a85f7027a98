"""Kafka's error codes, as names and as the catalogue's causes."""

from kafka.errors import UnknownError, for_code

from msk_toolkit.errors import BrokerError, StageError
from msk_toolkit.kafka.access import BrokerAddress

# Kafka protocol guide, error codes. What is not here is "broker-error", with Kafka's name beside it.
_CAUSES = {
    3: "topic-unknown",
    5: "leaderless",
    6: "leader-moved",
    7: "acknowledgement-late",
    9: "leaderless",  # REPLICA_NOT_AVAILABLE
    10: "record-too-large",
    12: "commit-refused",  # OFFSET_METADATA_TOO_LARGE
    14: "coordinator-unavailable",  # COORDINATOR_LOAD_IN_PROGRESS
    15: "coordinator-unavailable",  # also what a commit gets while the offsets' partition lacks replicas
    16: "coordinator-moved",  # NOT_COORDINATOR
    19: "isr-below-minimum",
    20: "not-enough-replicas",  # ..._AFTER_APPEND
    22: "rebalance-timeout",  # ILLEGAL_GENERATION: the group went on without us
    25: "rebalance-timeout",  # UNKNOWN_MEMBER_ID
    27: "rebalance-timeout",  # REBALANCE_IN_PROGRESS
    28: "commit-refused",  # INVALID_COMMIT_OFFSET_SIZE
    29: "topic-denied",
    30: "group-denied",
    31: "cluster-denied",
    78: "offset-not-available",
}


def error_name(code: int) -> str:
    """Kafka's name for an error code, such as ``TOPIC_AUTHORIZATION_FAILED``."""
    found = for_code(code)
    # kafka-python takes a code that it does not know for a kind of -1, and would call it UNKNOWN.
    known = code == UnknownError.errno or not issubclass(found, UnknownError)
    return str(found.message) if known else f"ERROR_{code}"


def broker_error(api: str, code: int, detail: str | None = None) -> BrokerError:
    """The error that a broker answered a request with."""
    return BrokerError(api, code, error_name(code), detail or "", retriable=bool(for_code(code).retriable))


def refused(stage: str, api: str, code: int, address: BrokerAddress, about: str) -> StageError:
    """A stage's failure from the error code in a broker's answer; ``about`` names the topic or group."""
    return StageError(
        stage, _CAUSES.get(code, "broker-error"), str(address), f"{api} of {about} answered {error_name(code)}"
    )
