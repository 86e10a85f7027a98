"""One line of a function's log, as an entry of ``mskv logs``."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LEVELS: tuple[Level, ...] = ("DEBUG", "INFO", "WARNING", "ERROR")
# As Python, Lambda and Powertools name them.
_NAMES: dict[str, Level] = {
    "TRACE": "DEBUG",
    "DEBUG": "DEBUG",
    "INFO": "INFO",
    "WARN": "WARNING",
    "WARNING": "WARNING",
    "ERROR": "ERROR",
    "FATAL": "ERROR",
    "CRITICAL": "ERROR",
}
# Fields of the functions' lines that say why, from the most to the least exact; docs/cli.md has the line's form.
_REASONS = ("reasons", "reason", "problems", "note", "targets", "without_target", "unreadable", "stopped", "behind")
# Shown by themselves, or the same in each line.
_SHOWN = {"level", "message", "timestamp", "location", "service", "remedy", "exception", "exception_name", *_REASONS}
_SHOWN |= {"place", "offset", "status", "code"}
_SHOWN |= {"function_request_id", "requestId", "errorMessage", "xray_trace_id"}
_BOOKKEEPING = re.compile(r"(START|END|REPORT|INIT_START|INIT_REPORT|EXTENSION|TELEMETRY|LOGS|XRAY)\b")
_TEXT_LEVEL = re.compile(r"\[(\w+)\]")
# The last line of a traceback.
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(Error|Exception): ")
# How a platform's report ends that is no success.
_FAILED = re.compile(r"\bStatus: (timeout|error)\b")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a line says.

    Args:
        milliseconds: when it was written, since 1970.
        function: the function's name without the stack's.
        reason, remedy: empty where the line has none.
        request: the invocation's id, where the line has it.
        fields: every other number or text of the line, by its name.
    """

    milliseconds: int
    function: str
    level: Level
    message: str
    reason: str = ""
    remedy: str = ""
    request: str = ""
    fields: dict[str, str | int | float] = {}


def read_line(function: str, milliseconds: int, text: str) -> Entry | None:
    """The entry of a line; None for metrics, and for Lambda's own lines about starts and ends that went well."""
    try:
        content = json.loads(text)
    except ValueError:
        return _of_text(function, milliseconds, text)
    if not isinstance(content, dict):
        return _of_text(function, milliseconds, text)
    if "_aws" in content:
        return None
    if str(content.get("type", "")).startswith("platform."):
        return _of_platform(function, milliseconds, content)
    return _of_fields(function, milliseconds, content)


def _of_fields(function: str, milliseconds: int, content: Mapping[str, Any]) -> Entry:
    verdict = content.get("verdict")
    remedies = [content.get("remedy"), content.get("remedies")]
    if isinstance(verdict, dict):
        remedies.append(verdict.get("remedy"))
    remedy = _joined(remedies)
    return Entry(
        milliseconds=milliseconds,
        function=function,
        level=_NAMES.get(str(content.get("level", "")).upper(), "INFO"),
        # The forwarder's message ends with the remedy, which is shown by itself.
        message=_message(content).removesuffix(f" -> {remedy}"),
        reason=_reason(content),
        remedy=remedy,
        request=str(content.get("function_request_id") or content.get("requestId") or ""),
        fields={name: value for name, value in content.items() if _is_field(name, value)},
    )


def _is_field(name: str, value: Any) -> bool:
    return name not in _SHOWN and isinstance(value, str | int | float) and value != ""


def _message(content: Mapping[str, Any]) -> str:
    for field in ("message", "errorMessage"):
        if content.get(field):
            return _flat(content[field])
    return _flat(json.dumps(content, ensure_ascii=False))


def _reason(content: Mapping[str, Any]) -> str:
    reasons = [content.get(field) for field in _REASONS]
    if "place" in content:
        reasons.append(_refusal(content))
    exception = content.get("exception")
    if isinstance(exception, str) and exception.strip():
        # The traceback's last line is the exception itself.
        reasons.append(exception.strip().splitlines()[-1])
    if content.get("message"):
        reasons.append(content.get("errorMessage"))
    return _joined(reasons)


def _refusal(content: Mapping[str, Any]) -> str:
    """Which record was refused, and Vantiq's status and code."""
    text = f"{content['place']} offset {content.get('offset')}"
    if content.get("status"):
        text += f", HTTP {content['status']}"
    if content.get("code"):
        text += f" {content['code']}"
    return text


def _of_platform(function: str, milliseconds: int, content: Mapping[str, Any]) -> Entry | None:
    """The report of an invocation that Lambda ended; its other lines say the same, or nothing."""
    record = content.get("record")
    if content["type"] != "platform.report" or not isinstance(record, dict):
        return None
    if record.get("status") not in {"timeout", "error", "failure"}:
        return None
    return Entry(
        milliseconds=milliseconds,
        function=function,
        level="ERROR",
        message=f"Lambda ended the invocation: {record['status']}",
        reason=_flat(record.get("errorType") or ""),
        request=str(record.get("requestId", "")),
    )


def _of_text(function: str, milliseconds: int, text: str) -> Entry | None:
    failed = _FAILED.search(text)
    if _BOOKKEEPING.match(text) and not failed:
        return None
    level: Level = "INFO"
    marked = _TEXT_LEVEL.match(text)
    if failed or "Task timed out after" in text or _EXCEPTION.match(text):
        level = "ERROR"
    elif marked:
        level = _NAMES.get(marked.group(1).upper(), "INFO")
    message = _flat(text)
    if message:
        return Entry(milliseconds=milliseconds, function=function, level=level, message=message)
    return None


def _joined(values: list[Any]) -> str:
    """The texts in some values, each once: a value may be a text, a list of them, or none."""
    texts: list[str] = []
    for value in values:
        several = value if isinstance(value, list) else [value]
        texts += [_flat(text) for text in several if isinstance(text, str)]
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _flat(text: Any) -> str:
    return " ".join(str(text).split())
