"""The functions' own handlers, run as anyone may run them: by path, with environment variables."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msk_toolkit.aws.clients import client

ROOT = Path(__file__).parents[2]


class Context:
    """What a handler asks of Lambda's context."""

    function_name = "local"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:local"
    aws_request_id = "request-1"

    def __init__(self, seconds: float = 60) -> None:
        self._milliseconds = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        """The whole time-out, as if the invocation had just begun."""
        return self._milliseconds


def load_handler(name: str, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> Callable[[Any, Any], Any]:
    """The handler of functions/<name>/<name>.py in a fresh environment."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    # A client is kept for the process's life and belongs to the endpoint of an earlier test.
    client.cache_clear()
    spec = importlib.util.spec_from_file_location(f"handler_{name}", ROOT / "functions" / name / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Callable[[Any, Any], Any] = module.handler
    return handler


def fits_its_schema(name: str, response: Any) -> None:
    """Hold a handler's response to the schema in docs/schemas."""
    schema = json.loads((ROOT / "docs" / "schemas" / f"{name}.response.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(response)
