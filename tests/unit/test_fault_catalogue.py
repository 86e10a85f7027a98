"""Every cause is made real on Kafka by an integration test, or says why not and which test shows it instead."""

import ast
from pathlib import Path

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.error_codes import refused_error
from msk_toolkit.stage import Stage

TESTS = Path(__file__).parents[1]
MATRIX = [
    *sorted(TESTS.glob("integration/test_faults_*.py")),
    *sorted(TESTS.glob("integration/test_probes_*.py")),
    TESTS / "integration/test_self_managed_on_kafka.py",
]

# What no probe can meet on the Kafka of this machine, why, and the test that shows the cause all the same.
NOT_REAL_HERE = {
    "records-damaged": (
        "a broker looks into what it is sent, and refuses what is damaged",
        "unit/test_kafka_packed.py::test_a_damaged_batch_is_the_stages_failure_under_its_own_cause",
    ),
    "records-too-large": (
        "it takes a batch of 64 MB unpacked, which the producers here refuse to make",
        "unit/test_kafka_packed.py::test_a_batch_that_unpacks_to_too_much_is_the_stages_failure",
    ),
    "cluster-denied": (
        "a probe asks for nothing that needs a right on the cluster; the topics function does",
        "unit/test_fault_catalogue.py::test_an_error_code_has_its_cause_and_keeps_kafkas_name",
    ),
    "leader-moved": (
        "leadership that moves during a run passes, and a refusal that lasts is wrong-broker",
        "unit/test_fault_catalogue.py::test_an_error_code_has_its_cause_and_keeps_kafkas_name",
    ),
    "coordinator-moved": (
        "a coordinator that moves during a run is found again, and a refusal that lasts is wrong-broker",
        "unit/test_fault_catalogue.py::test_an_error_code_has_its_cause_and_keeps_kafkas_name",
    ),
    "tls-certificate-flawed": (
        "the certificates are checked before Kafka is spoken: any TLS server shows it",
        "unit/test_network_trust.py::test_a_flaw_that_python_refuses_is_not_told_as_an_unknown_authority",
    ),
    "tls-wrong-purpose": (
        "the certificates are checked before Kafka is spoken: any TLS server shows it",
        "unit/test_network_trust.py::test_a_certificate_for_clients_is_told_as_that",
    ),
    "tls-no-common-version": (
        "Java refuses to start a listener with old versions alone: a TLS server of Python's shows it",
        "unit/test_network_trust.py::test_a_listener_with_old_tls_alone_is_told_as_that",
    ),
    "tls-failed": (
        "what is left when every known reason has a cause of its own: an alert that no broker sends",
        "unit/test_network_connect.py::test_an_alert_that_is_not_known_is_told_with_its_name",
    ),
}


def causes_in(file: Path, function: str | None = None) -> set[str]:
    """The causes that the tests of a file, or one of them, name in their text or their parameters."""
    tests = [
        node
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and function in (None, node.name)
    ]
    assert tests, f"{file} has no test {function or ''}"
    strings = {node.value for test in tests for node in ast.walk(test) if isinstance(node, ast.Constant)}
    return {cause for cause in Cause if cause in strings}


def test_every_cause_is_made_real_or_says_why_not() -> None:
    real = set[str]().union(*map(causes_in, MATRIX))
    assert set(Cause) - real - NOT_REAL_HERE.keys() == set()
    assert NOT_REAL_HERE.keys() & real == set(), "is real by now"


@pytest.mark.parametrize("cause", NOT_REAL_HERE)
def test_a_cause_that_is_not_real_here_is_shown_by_another_test(cause: str) -> None:
    why, shown_by = NOT_REAL_HERE[cause]
    file, _, function = shown_by.partition("::")
    assert len(why) > 20
    assert cause in causes_in(TESTS / file, function)


@pytest.mark.parametrize(
    ("code", "cause", "name"),
    [
        (6, "leader-moved", "NOT_LEADER"),
        (14, "coordinator-unavailable", "COORDINATOR_LOAD_IN_PROGRESS"),
        (16, "coordinator-moved", "NOT_COORDINATOR"),
        (20, "not-enough-replicas", "NOT_ENOUGH_REPLICAS_AFTER_APPEND"),
        (28, "commit-refused", "INVALID_COMMIT_OFFSET_SIZE"),
        (31, "cluster-denied", "CLUSTER_AUTHORIZATION_FAILED"),
        (56, "broker-error", "KAFKA_STORAGE_ERROR"),
        (9999, "broker-error", "9999"),
    ],
)
def test_an_error_code_has_its_cause_and_keeps_kafkas_name(code: int, cause: str, name: str) -> None:
    error = refused_error(Stage.COMMIT, "OffsetCommit", code, BrokerAddress("b-1", 9096), "group g")
    assert error.cause == cause
    assert name in error.detail
