"""Deployed functions, invoked: what is told of one that fails, and of one that has no room for the invocation."""

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from local.aws.functions import Function, FunctionError, FunctionUnavailableError
from tests.fakes.aws_fake import FakeAws, refused

THROTTLED = refused("TooManyRequestsException")


def function(*answers: Any, patience_seconds: float = 0.0) -> tuple[Function, FakeAws]:
    """A function that answers so, one invocation after the other."""
    coming: Iterator[Any] = iter(answers)
    aws = FakeAws(invoke=lambda **_: next(coming))
    session: Any = SimpleNamespace(client=lambda service, **_: aws(service))
    return Function("probe", session, "http://127.0.0.1:1", patience_seconds=patience_seconds), aws


def told(text: str, **fields: str) -> dict[str, Any]:
    return {"Payload": io.BytesIO(text.encode()), **fields}


def test_the_answer_is_decoded() -> None:
    assert function(told('{"a": 1}'))[0].invoke({}) == {"a": 1}


def test_an_error_of_the_function_is_told_with_its_words() -> None:
    failed = told('{"errorType": "ValueError", "errorMessage": "no"}', FunctionError="Unhandled")
    with pytest.raises(FunctionError, match="probe: ValueError: no"):
        function(failed)[0].invoke({})


def test_an_invocation_that_finds_another_running_waits_for_its_turn() -> None:
    busy, aws = function(THROTTLED, THROTTLED, told("1"), patience_seconds=30)
    assert busy.invoke({}) == 1
    assert aws.asked == ["invoke"] * 3


def test_whoever_has_no_patience_is_told_at_once() -> None:
    busy, aws = function(THROTTLED, told("1"))
    with pytest.raises(FunctionUnavailableError, match="TooManyRequestsException"):
        busy.invoke({})
    assert aws.asked == ["invoke"]


def test_another_refusal_is_not_waited_for() -> None:
    unknown, aws = function(refused("ResourceNotFoundException"), told("1"), patience_seconds=30)
    with pytest.raises(FunctionUnavailableError, match="ResourceNotFoundException"):
        unknown.invoke({})
    assert aws.asked == ["invoke"]
