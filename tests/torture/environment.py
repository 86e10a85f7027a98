"""A Lambda execution environment in a process of its own: the function's real handler, which may die at any moment."""

import contextlib
import importlib.util
import json
import os
import resource
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

# Loaded before any environment starts, as a cold start's cost is not what is tested here.
import boto3  # noqa: F401
from msk_toolkit.forward import forwarder, rounds

HANDLER = Path(__file__).parents[2] / "functions" / "forwarder" / "forwarder.py"


class Context:
    """What the handler asks of Lambda's context."""

    function_name = "forwarder"

    def __init__(self, seconds: float) -> None:
        self._milliseconds = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        """The whole timeout."""
        return self._milliseconds


def serve(connection: Connection, variables: Mapping[str, str], seconds: float) -> None:
    """Answer one event after the other, until the connection ends.

    Each request is ``(memory, event)``: what the process may still take, in bytes (0: anything), and the event's JSON.
    """
    os.environ.update(variables)
    # The poller's time runs faster here; so do the pauses between an invocation's rounds.
    rounds._FIRST_PAUSE_SECONDS = 0.05
    forwarder._LEAST_SECONDS = 0.3
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        handler = _load()
        while True:
            try:
                memory, event = connection.recv()
            except (EOFError, OSError):
                return
            connection.send(_invoke(handler, json.loads(event), seconds, memory))


def _invoke(handler: Any, event: Any, seconds: float, memory: int) -> tuple[str, Any]:
    try:
        with _limited(memory):
            return "answered", handler(event, Context(seconds))
    except Exception as error:  # noqa: BLE001 - whatever the function raises, Lambda tells the poller
        return "raised", f"{type(error).__name__}: {error}"


@contextlib.contextmanager
def _limited(memory: int) -> Any:
    if not memory:
        yield
        return
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("forwarder_function", HANDLER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler
