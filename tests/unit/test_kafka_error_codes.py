"""Kafka's error codes: every row is known to every part that has to do with it."""

import ast
from pathlib import Path

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.error_codes import ErrorCode, broker_error, error_name, known_code, refused_error
from msk_toolkit.stage import Stage

ROOT = Path(__file__).parents[2]
BROKER = BrokerAddress("b-1.example", 9096)


@pytest.mark.parametrize("code", ErrorCode, ids=lambda code: code.name)
def test_every_code_has_its_name_its_cause_and_whether_it_is_retriable_in_every_error(code: ErrorCode) -> None:
    as_broker_error = broker_error("CreateTopics of orders", code.value, "the broker's own reason")
    as_stage_error = refused_error(Stage.PRODUCE, "Produce", code.value, BROKER, "orders-0")

    assert known_code(code.value) is code
    assert error_name(code.value) == code.name
    assert (as_broker_error.name, as_broker_error.retriable) == (code.name, code.retriable)
    assert code.cause in Cause, f"causes.py lacks the cause {code.cause} of {code.name}"
    assert as_stage_error.cause == code.cause
    assert code.name in as_stage_error.detail


def test_a_code_of_a_newer_broker_is_reported_by_its_number() -> None:
    assert known_code(9999) is None
    assert error_name(9999) == "ERROR_9999"
    assert not broker_error("CreateTopics", 9999).retriable
    assert refused_error(Stage.PRODUCE, "Produce", 9999, BROKER, "orders-0").cause == "broker-error"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "layers/msk_toolkit/msk_toolkit").rglob("*.py")), ids=lambda path: path.stem
)
def test_no_module_compares_an_error_code_with_a_bare_number(path: Path) -> None:
    assert not [ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if _compares_with_a_number(node)]


def _compares_with_a_number(node: ast.AST) -> bool:
    if not isinstance(node, ast.Compare) or not isinstance(node.left, ast.Attribute):
        return False
    if node.left.attr not in {"error_code", "code"}:
        return False
    numbers = [part for right in node.comparators for part in ast.walk(right) if isinstance(part, ast.Constant)]
    return any(type(part.value) is int for part in numbers)
