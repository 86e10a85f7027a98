"""Sources of type KAFKA that really run: each is a process with Kafka's own Java client in it.

The client gets exactly the properties of the source's configuration, secrets filled in, as Vantiq documents it: own
keys taken out, ``consumer.*`` and ``producer.*`` for one direction, everything else for both.
"""

import contextlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.vantiq.errors import invalid
from local.vantiq.queries import Row
from local.vantiq.store import Namespace

# Namespace, source, and what arrived or went wrong.
Arrive = Callable[[str, str, Any], None]
Fail = Callable[[str, str, str], None]
_END_SECONDS = 2.0


class KafkaSources:
    """The running sources; started and stopped as their definitions change."""

    def __init__(self, kafka: tuple[Path, Path], arrive: Arrive, fail: Fail) -> None:
        self._kafka = kafka
        self._arrive = arrive
        self._fail = fail
        self._running: dict[tuple[str, str], subprocess.Popen[str]] = {}

    def follow(self, namespace: Namespace, name: str) -> None:
        """Start, restart or stop a source, by its current definition."""
        self._end(namespace.name, name)
        table = namespace.system("sources")
        row: Row = {}
        if table.holds(name):
            row = table.get(name)
        if row.get("type") != "KAFKA" or row.get("active") is not True:
            return
        row["isUnavailable"] = False
        try:
            config = filled_in(row.get("config") or {}, namespace)
        except KeyError as error:
            self._fail(namespace.name, name, f"there is no secret {error.args[0]}")
            return
        self._start(namespace.name, name, config)

    def publish(self, namespace: Namespace, name: str, body: Any) -> None:
        """Send ``{"topic": ..., "message": {"key"?: ..., "value": ...}}``; refused where the source does not run."""
        row = namespace.system("sources").get(name)
        if row.get("type") != "KAFKA":
            return
        process = self._running.get((namespace.name, name))
        if process is None or process.poll() is not None or process.stdin is None:
            raise invalid(f"The source {name} is not active.", name)
        publication = json.loads(bytes(body))
        message = _message(publication)
        if message is None:
            raise invalid("A Kafka source publishes a message with a value, to a topic.", name)
        if _json_only(row.get("config") or {}) and not isinstance(message["value"], dict):
            raise invalid("With contentType application/json a message's value must be an object.", name)
        process.stdin.write(json.dumps({"topic": publication["topic"], **message}) + "\n")
        process.stdin.flush()

    def stop(self) -> None:
        """End every source."""
        for namespace, name in list(self._running):
            self._end(namespace, name)

    def _start(self, namespace: str, name: str, config: Row) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.vantiq.kafka_source", *map(str, self._kafka)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # A group of its own: Ctrl-C is for the stand-in, which then ends it.
            start_new_session=True,
        )
        self._running[namespace, name] = process
        # Through the pipe, not the command line: the password is in it.
        assert process.stdin is not None  # noqa: S101 - it was asked for above
        process.stdin.write(json.dumps({"config": config, "group": f"{namespace}:{name}"}) + "\n")
        process.stdin.flush()
        threading.Thread(target=self._listen, args=(namespace, name, process), daemon=True).start()

    def _listen(self, namespace: str, name: str, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            message = json.loads(line)
            if "event" in message:
                self._arrive(namespace, name, message["event"])
            elif "error" in message:
                self._fail(namespace, name, message["error"])

    def _end(self, namespace: str, name: str) -> None:
        process = self._running.pop((namespace, name), None)
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it has ended by itself
                process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_END_SECONDS)


def _message(publication: Any) -> dict[str, Any] | None:
    """The message of a publication with a topic; None where there is no such thing."""
    if not isinstance(publication, dict) or not isinstance(publication.get("topic"), str):
        return None
    message = publication.get("message")
    if not isinstance(message, dict) or "value" not in message:
        return None
    return message


def _json_only(config: Row) -> bool:
    return (config.get("producer.contentType") or config.get("contentType")) == "application/json"


def filled_in(config: Row, namespace: Namespace) -> Row:
    """The configuration with every ``@secrets(name)``, in whole values and in parts; KeyError names a missing one."""
    secrets = namespace.system("secrets")

    def secret_of(match: re.Match[str]) -> str:
        if not secrets.holds(match[1]):
            raise KeyError(match[1])
        return str(secrets.get(match[1])["secret"])

    def resolved(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return re.sub(r"@secrets\(([^)]+)\)", secret_of, value)

    return {key: resolved(value) for key, value in config.items()}
