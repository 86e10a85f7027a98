"""The variable ``ADVANCED_SETTINGS``: settings without a parameter of their own, one JSON object for all functions.

The three tables here say where each setting of a deployed stack comes from; a test compares them with the models and
the template.
"""

from collections.abc import Mapping

import msgspec

from msk_toolkit.settings.renamed import RENAMED, warn_once

VARIABLE = "ADVANCED_SETTINGS"

# Setting -> the functions that read it.
ADVANCED: Mapping[str, tuple[str, ...]] = {
    "FAILURE_TOPICS": ("redrive",),
    "HANDOVER_SECONDS": ("redrive",),
    "MAX_ATTEMPTS": ("forwarder", "redrive"),
    "MAX_CONSECUTIVE_REFUSALS": ("forwarder",),
    "MAX_IN_FLIGHT": ("forwarder", "redrive"),
    "MAX_POST_BYTES": ("forwarder", "redrive"),
    "MAX_RECORDS": ("consumer_probe",),
    "RESERVE_SECONDS": ("forwarder",),
    "STAGE_TIMEOUT_SECONDS": (
        *("topics", "producer_probe", "consumer_probe", "redrive", "connect", "diagnose", "scram_rotation"),
    ),
    "STALE_AFTER_SECONDS": ("probe_matrix", "status"),
    "TOPICS_FILE": ("topics",),
    "VANTIQ_TIMEOUT_SECONDS": ("forwarder", "redrive", "connect", "scram_rotation"),
}
# Setting -> the parameter of the stack that it comes from.
PARAMETERS: Mapping[str, str] = {
    "AUTH_MODE": "AuthMode",
    "BOOTSTRAP_SERVERS": "BootstrapServers",
    "CERTIFICATE_WARN_DAYS": "CertificateWarnDays",
    "CLUSTER_ARN": "ClusterArn",
    "CLUSTER_KIND": "ClusterKind",
    "CLUSTER_NAME": "ClusterName",
    "CLIENT_CERTIFICATE_SECRET_ARN": "ClientCertificateSecretArn",
    "DETAILED_METRICS": "DetailedMetrics",
    "FORWARD_GROUP_PREFIX": "ConsumerGroupPrefix",
    "FORWARD_TOPICS": "ForwardTopics",
    "GIVEN_UP_TOPIC": "GivenUpTopic",
    "HEARTBEAT_TARGET": "HeartbeatTarget",
    "HEARTBEAT_TOPIC": "ProbeTopic",
    "LAG_GROUPS": "LagGroups",
    "LISTENER": "Listener",
    "LOG_PAYLOAD_BYTES": "LogPayloadBytes",
    "MAX_BATCH_RECORDS": "RecordsPerPost",
    "ON_REFUSAL": "OnRefusal",
    "ORDERING": "Ordering",
    "PAYLOAD": "Payload",
    "POLLER_MODE": "PollerMode",
    "PROBE_TOPIC": "ProbeTopic",
    "RECORDS_PER_SECOND": "RecordsPerSecond",
    "RECORD_IDS": "RecordIds",
    "SCHEMA_PARTS": "SchemaParts",
    "SCHEMA_REGISTRY": "SchemaRegistry",
    "SCHEMA_REGISTRY_CA_SECRET_ARN": "SchemaRegistryCaSecretArn",
    "SCHEMA_REGISTRY_SECRET_ARN": "SchemaRegistrySecretArn",
    "SCRAM_SECRET_ARN": "ScramSecretArn",
    "SCRAM_USERS": "ScramUserSecretArns",
    "SET_ASIDE": "SetAside",
    "SUBNET_IDS": "SubnetIds",
    "TARGET_CHECK": "TargetCheck",
    "TEST_RECORD_TOPICS": "TestRecords",
    "TOMBSTONES": "Tombstones",
    "TRUSTED_CA": "TrustedCa",
    "VANTIQ_NAMESPACE": "VantiqNamespace",
    "VANTIQ_NO_PROXY": "NoProxy",
    "VANTIQ_PROXY": "VantiqProxy",
    "VANTIQ_PROXY_SECRET_ARN": "VantiqProxySecretArn",
    "VANTIQ_ROUTES": "VantiqRoutes",
    "VANTIQ_TARGET": "VantiqTarget",
    "VANTIQ_TOKEN_SECRET_ARN": "VantiqTokenSecretArn",
    "VANTIQ_TRUSTED_CA": "VantiqTrustedCa",
    "VANTIQ_URL": "VantiqUrl",
}
# Names of the stack's own resources.
FROM_THE_TEMPLATE: frozenset[str] = frozenset(
    {
        "ALARM_TOPIC_ARN",
        "CONNECT_FUNCTION",
        "CONSUMER_GROUP",
        "CONSUMER_PROBE_LOGS",
        "DEAD_LETTER_BUCKET",
        "FORWARDER_FUNCTION",
        "FORWARDER_ROLE_ARN",
        "PRODUCER_PROBE_LOGS",
        "SECURITY_GROUP_IDS",
        "STACK_NAME",
        "TOPICS_FUNCTION",
    }
)
_EXAMPLE = '{"MAX_IN_FLIGHT": 16, "STAGE_TIMEOUT_SECONDS": 10}'


def is_advanced(name: str, function: str) -> bool:
    """Whether a function reads this setting from ``ADVANCED_SETTINGS``."""
    return function in ADVANCED.get(name, ())


def parse_advanced(text: str, problems: list[str]) -> dict[str, str]:
    """The settings in ``ADVANCED_SETTINGS``, by their current names, each as the text that a variable would hold.

    Args:
        text: a JSON object of setting to text, number, true or false; empty for none.
        problems: gets a sentence for each thing that is wrong; a value is not quoted in it.
    """
    if not text.strip():
        return {}
    try:
        given = msgspec.json.decode(text, type=dict[str, bool | int | float | str])
    except (msgspec.MsgspecError, UnicodeEncodeError):
        problems.append(f"{VARIABLE} must be a JSON object of settings to texts, numbers, true or false: {_EXAMPLE}")
        return {}
    return _by_current_name(given, problems)


def _by_current_name(given: Mapping[str, bool | float | str], problems: list[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in given.items():
        current = _current_name(name)
        if current not in ADVANCED:
            problems.append(f"{VARIABLE}: {name} {_instead_of(current)}")
        elif current in texts:
            problems.append(f"{VARIABLE}: {current} is given twice, once under its old name")
        else:
            texts[current] = _text_of(value)
    return texts


def _text_of(value: bool | float | str) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _current_name(name: str) -> str:
    if name not in RENAMED:
        return name
    warn_once(name)
    return RENAMED[name].name


def _instead_of(name: str) -> str:
    if name in PARAMETERS:
        return f"has a parameter of its own: set {PARAMETERS[name]}"
    if name in FROM_THE_TEMPLATE:
        return "is set by the template and can't be changed"
    known = ", ".join(f"{setting} ({', '.join(functions)})" for setting, functions in ADVANCED.items())
    return f"is not known; known are {known}"
