"""Kafka's error codes, each in one row: its number, whether it is retriable, and its cause in the toolkit's catalogue.

Complete as of Apache Kafka 4.4.0. Names, numbers and the retriable ones are those of that version's
``org.apache.kafka.common.protocol.Errors``, against which an integration test holds them; retriable are the errors
whose exception there is a ``RetriableException``, as in Kafka's protocol guide.
"""

from enum import IntEnum

from msk_toolkit.causes import Cause
from msk_toolkit.errors import BrokerError, StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.stage import Stage

_RETRIABLE, _FINAL = True, False
# The cause of every code that has no entry of its own in the catalogue; Kafka's name is then in the failure's detail.
_NO_CAUSE_OF_ITS_OWN = Cause.BROKER_ERROR


class ErrorCode(IntEnum):
    """An error code in a broker's response, under Kafka's name.

    ``retriable`` is whether the same request may succeed later, as Kafka's clients see it; ``cause`` is a row of
    :mod:`msk_toolkit.causes`.
    """

    retriable: bool
    cause: Cause

    def __new__(cls, number: int, retriable: bool = _FINAL, cause: Cause = _NO_CAUSE_OF_ITS_OWN) -> "ErrorCode":
        member = int.__new__(cls, number)
        member._value_ = number
        member.retriable = retriable
        member.cause = cause
        return member

    UNKNOWN_SERVER_ERROR = -1
    NONE = 0
    OFFSET_OUT_OF_RANGE = 1
    CORRUPT_MESSAGE = 2, _RETRIABLE
    UNKNOWN_TOPIC_OR_PARTITION = 3, _RETRIABLE, Cause.TOPIC_UNKNOWN
    INVALID_FETCH_SIZE = 4
    LEADER_NOT_AVAILABLE = 5, _RETRIABLE, Cause.LEADERLESS
    NOT_LEADER_OR_FOLLOWER = 6, _RETRIABLE, Cause.LEADER_MOVED
    REQUEST_TIMED_OUT = 7, _RETRIABLE, Cause.ACKNOWLEDGEMENT_LATE
    BROKER_NOT_AVAILABLE = 8
    REPLICA_NOT_AVAILABLE = 9, _RETRIABLE, Cause.LEADERLESS
    MESSAGE_TOO_LARGE = 10, _FINAL, Cause.RECORD_TOO_LARGE
    STALE_CONTROLLER_EPOCH = 11
    OFFSET_METADATA_TOO_LARGE = 12, _FINAL, Cause.COMMIT_REFUSED
    NETWORK_EXCEPTION = 13, _RETRIABLE
    COORDINATOR_LOAD_IN_PROGRESS = 14, _RETRIABLE, Cause.COORDINATOR_UNAVAILABLE
    # Also what a commit gets while the offsets' partition lacks replicas.
    COORDINATOR_NOT_AVAILABLE = 15, _RETRIABLE, Cause.COORDINATOR_UNAVAILABLE
    NOT_COORDINATOR = 16, _RETRIABLE, Cause.COORDINATOR_MOVED
    INVALID_TOPIC_EXCEPTION = 17
    RECORD_LIST_TOO_LARGE = 18
    NOT_ENOUGH_REPLICAS = 19, _RETRIABLE, Cause.ISR_BELOW_MINIMUM
    NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20, _RETRIABLE, Cause.NOT_ENOUGH_REPLICAS
    INVALID_REQUIRED_ACKS = 21
    # The group went on without this member.
    ILLEGAL_GENERATION = 22, _FINAL, Cause.REBALANCE_TIMEOUT
    INCONSISTENT_GROUP_PROTOCOL = 23
    INVALID_GROUP_ID = 24
    UNKNOWN_MEMBER_ID = 25, _FINAL, Cause.REBALANCE_TIMEOUT
    INVALID_SESSION_TIMEOUT = 26
    REBALANCE_IN_PROGRESS = 27, _FINAL, Cause.REBALANCE_TIMEOUT
    INVALID_COMMIT_OFFSET_SIZE = 28, _FINAL, Cause.COMMIT_REFUSED
    TOPIC_AUTHORIZATION_FAILED = 29, _FINAL, Cause.TOPIC_DENIED
    GROUP_AUTHORIZATION_FAILED = 30, _FINAL, Cause.GROUP_DENIED
    CLUSTER_AUTHORIZATION_FAILED = 31, _FINAL, Cause.CLUSTER_DENIED
    INVALID_TIMESTAMP = 32, _FINAL, Cause.TIMESTAMP_REFUSED
    UNSUPPORTED_SASL_MECHANISM = 33
    ILLEGAL_SASL_STATE = 34
    UNSUPPORTED_VERSION = 35
    TOPIC_ALREADY_EXISTS = 36
    INVALID_PARTITIONS = 37
    INVALID_REPLICATION_FACTOR = 38
    INVALID_REPLICA_ASSIGNMENT = 39
    INVALID_CONFIG = 40
    NOT_CONTROLLER = 41, _RETRIABLE
    INVALID_REQUEST = 42
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43
    POLICY_VIOLATION = 44
    OUT_OF_ORDER_SEQUENCE_NUMBER = 45
    DUPLICATE_SEQUENCE_NUMBER = 46
    INVALID_PRODUCER_EPOCH = 47
    INVALID_TXN_STATE = 48
    INVALID_PRODUCER_ID_MAPPING = 49
    INVALID_TRANSACTION_TIMEOUT = 50
    CONCURRENT_TRANSACTIONS = 51, _RETRIABLE
    TRANSACTION_COORDINATOR_FENCED = 52
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53
    SECURITY_DISABLED = 54
    OPERATION_NOT_ATTEMPTED = 55
    KAFKA_STORAGE_ERROR = 56, _RETRIABLE
    LOG_DIR_NOT_FOUND = 57
    SASL_AUTHENTICATION_FAILED = 58
    UNKNOWN_PRODUCER_ID = 59
    REASSIGNMENT_IN_PROGRESS = 60
    DELEGATION_TOKEN_AUTH_DISABLED = 61
    DELEGATION_TOKEN_NOT_FOUND = 62
    DELEGATION_TOKEN_OWNER_MISMATCH = 63
    DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = 64
    DELEGATION_TOKEN_AUTHORIZATION_FAILED = 65
    DELEGATION_TOKEN_EXPIRED = 66
    INVALID_PRINCIPAL_TYPE = 67
    NON_EMPTY_GROUP = 68
    GROUP_ID_NOT_FOUND = 69
    FETCH_SESSION_ID_NOT_FOUND = 70, _RETRIABLE
    INVALID_FETCH_SESSION_EPOCH = 71, _RETRIABLE
    LISTENER_NOT_FOUND = 72, _RETRIABLE
    TOPIC_DELETION_DISABLED = 73
    FENCED_LEADER_EPOCH = 74, _RETRIABLE
    UNKNOWN_LEADER_EPOCH = 75, _RETRIABLE
    UNSUPPORTED_COMPRESSION_TYPE = 76
    STALE_BROKER_EPOCH = 77
    OFFSET_NOT_AVAILABLE = 78, _RETRIABLE, Cause.OFFSET_NOT_AVAILABLE
    MEMBER_ID_REQUIRED = 79
    PREFERRED_LEADER_NOT_AVAILABLE = 80, _RETRIABLE
    GROUP_MAX_SIZE_REACHED = 81
    FENCED_INSTANCE_ID = 82
    ELIGIBLE_LEADERS_NOT_AVAILABLE = 83, _RETRIABLE
    ELECTION_NOT_NEEDED = 84, _RETRIABLE
    NO_REASSIGNMENT_IN_PROGRESS = 85
    GROUP_SUBSCRIBED_TO_TOPIC = 86
    # The probes' records have no key, which is what a compacted topic refuses.
    INVALID_RECORD = 87, _FINAL, Cause.TOPIC_COMPACTED
    UNSTABLE_OFFSET_COMMIT = 88, _RETRIABLE
    THROTTLING_QUOTA_EXCEEDED = 89, _RETRIABLE, Cause.THROTTLED
    PRODUCER_FENCED = 90
    RESOURCE_NOT_FOUND = 91
    DUPLICATE_RESOURCE = 92
    UNACCEPTABLE_CREDENTIAL = 93
    INCONSISTENT_VOTER_SET = 94
    INVALID_UPDATE_VERSION = 95
    FEATURE_UPDATE_FAILED = 96
    PRINCIPAL_DESERIALIZATION_FAILURE = 97
    SNAPSHOT_NOT_FOUND = 98
    POSITION_OUT_OF_RANGE = 99
    UNKNOWN_TOPIC_ID = 100, _RETRIABLE
    DUPLICATE_BROKER_REGISTRATION = 101
    BROKER_ID_NOT_REGISTERED = 102
    INCONSISTENT_TOPIC_ID = 103, _RETRIABLE
    INCONSISTENT_CLUSTER_ID = 104
    TRANSACTIONAL_ID_NOT_FOUND = 105
    FETCH_SESSION_TOPIC_ID_ERROR = 106, _RETRIABLE
    INELIGIBLE_REPLICA = 107
    NEW_LEADER_ELECTED = 108
    OFFSET_MOVED_TO_TIERED_STORAGE = 109
    FENCED_MEMBER_EPOCH = 110
    UNRELEASED_INSTANCE_ID = 111
    UNSUPPORTED_ASSIGNOR = 112
    STALE_MEMBER_EPOCH = 113
    MISMATCHED_ENDPOINT_TYPE = 114
    UNSUPPORTED_ENDPOINT_TYPE = 115
    UNKNOWN_CONTROLLER_ID = 116
    UNKNOWN_SUBSCRIPTION_ID = 117
    TELEMETRY_TOO_LARGE = 118
    INVALID_REGISTRATION = 119
    TRANSACTION_ABORTABLE = 120
    INVALID_RECORD_STATE = 121
    SHARE_SESSION_NOT_FOUND = 122, _RETRIABLE
    INVALID_SHARE_SESSION_EPOCH = 123, _RETRIABLE
    FENCED_STATE_EPOCH = 124
    INVALID_VOTER_KEY = 125
    DUPLICATE_VOTER = 126
    VOTER_NOT_FOUND = 127
    INVALID_REGULAR_EXPRESSION = 128
    REBOOTSTRAP_REQUIRED = 129
    STREAMS_INVALID_TOPOLOGY = 130
    STREAMS_INVALID_TOPOLOGY_EPOCH = 131
    STREAMS_TOPOLOGY_FENCED = 132
    SHARE_SESSION_LIMIT_REACHED = 133, _RETRIABLE
    GROUP_DELETION_FAILED = 134
    STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED = 135
    CONTROLLER_ID_NOT_REGISTERED = 136


# Of what a broker says beside its error code; Kafka's own reasons are a sentence.
LONGEST_REASON = 500
_NUMBERS = frozenset(code.value for code in ErrorCode)


def known_code(number: int) -> ErrorCode | None:
    """The code of that number; None where a newer broker has one that is not in the list."""
    return ErrorCode(number) if number in _NUMBERS else None


def error_name(number: int) -> str:
    """Kafka's name for an error code, such as ``TOPIC_AUTHORIZATION_FAILED``."""
    code = known_code(number)
    return f"ERROR_{number}" if code is None else code.name


def shown(text: str) -> str:
    """What a broker says, for a log or a table: on one line, and not longer than a screen."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}..."


def broker_error(api: str, number: int, detail: str | None = None) -> BrokerError:
    """The error for a request that a broker answered with an error code."""
    code = known_code(number)
    return BrokerError(
        api, number, error_name(number), shown(detail or ""), retriable=code is not None and code.retriable
    )


def refused_error(stage: Stage, api: str, number: int, address: BrokerAddress, about: str) -> StageError:
    """The failure of a stage from the error code in a broker's response; ``about`` names the topic or group."""
    code = known_code(number)
    cause = _NO_CAUSE_OF_ITS_OWN if code is None else code.cause
    return StageError(stage, cause, str(address), f"{api} of {about} answered {error_name(number)}")
