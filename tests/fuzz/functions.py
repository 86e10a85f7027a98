"""The functions' handlers as Lambda runs them: what they print and return must be text that UTF-8 can hold."""

import contextlib
import importlib.util
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[2]


class Context:
    """What a handler asks of Lambda's context."""

    function_name = "fuzzed"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:fuzzed"
    aws_request_id = "6357e0b2-0e6a-4b86-a0b4-70df934c2e31"

    def get_remaining_time_in_millis(self) -> int:
        """A whole timeout."""
        return 30_000


class _Output(io.TextIOWrapper):
    """Forgets what was written; strict about what can't be."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="strict", write_through=True)

    def write(self, text: str) -> int:
        text.encode()
        return len(text)


_OUTPUT = _Output()


def load_function(name: str) -> ModuleType:
    """A function's module, whose logger and metrics write nowhere."""
    spec = importlib.util.spec_from_file_location(f"fuzzed_{name}", ROOT / "functions" / name / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A logger of its own: those of other tests would write nowhere, too.
    with contextlib.redirect_stdout(_OUTPUT), patch.dict(os.environ, AWS_LAMBDA_FUNCTION_NAME=f"fuzzed-{name}"):
        spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def strict_output() -> Iterator[None]:
    """What is printed or logged meanwhile goes nowhere, and raises where it can't be encoded."""
    before = logging.Handler.handleError
    logging.Handler.handleError = _raise_again  # type: ignore[method-assign]  # it would only be printed
    try:
        with contextlib.redirect_stdout(_OUTPUT):
            yield
    finally:
        logging.Handler.handleError = before  # type: ignore[method-assign]


def _raise_again(self: logging.Handler, record: logging.LogRecord) -> None:
    raise sys.exception() or RuntimeError("a log line could not be written")


def as_response(response: object) -> Any:
    """A response as Lambda's runtime sends it, which does not escape what is not ASCII."""
    return json.loads(json.dumps(response, ensure_ascii=False, allow_nan=False).encode())
