"""Which requests are to fail, and how: the list that a test or the control API fills."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from local.vantiq.errors import VantiqError, of_status

Action = Literal[
    "none",
    "early_hints",
    "status",
    "redirect",
    "reset",
    "hang",
    "half_answer",
    "slow_drip",
    "invalid_json",
    "html",
    "index_errors",
]
# The form of each element's result in an array's answer.
Form = Literal["row", "errors", "response", "socket_response"]
# Done like any other request; only the answer, or a part of it, is another.
ANSWERED = ("none", "early_hints", "index_errors")
# Until the answer breaks, a server that breaks it has done the work.
_ACCEPTING = ("half_answer", "slow_drip", "invalid_json")


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way to fail, and the requests that it is for.

    Matching: ``method`` and ``path`` (a prefix, as in ``/api/v1/resources/topics//orders``; empty matches
    all), ``min_bytes`` of body, and ``pointer`` with ``equals``: a JSON pointer into the body, or into one
    element of it when it is an array. ``skip`` requests pass first, then ``times`` requests fail (null:
    until cleared), each with ``probability``.

    Action, after ``delay_seconds`` seconds: ``none`` (the delay alone), ``status`` (with ``code``, ``message``,
    ``params``, or the usual ones of that status, and ``retry_after`` seconds, as an HTTP date with
    ``retry_after_date``), ``redirect`` (302 to ``location``), ``reset`` and ``hang`` (``before_body``: without reading
    the body), ``half_answer``, ``slow_drip`` (the answer stretched over ``drip_seconds``), ``invalid_json`` (status
    200), ``html`` (status 200 and a page, as of a proxy's login), ``early_hints`` (a 103, then the usual answer),
    ``index_errors`` (status 200; elements at ``indexes``, or those that the pointer finds, are refused, with
    ``onwards`` also those behind the first), reported in the ``form`` of a row or an error object, an array of errors,
    or the references' standard response with or without ``contentType``, all with ``status``. ``accept`` says whether
    the events are taken before it fails: false for status, redirect, reset and hang, true for the broken answers,
    unless given.
    """

    action: Action
    method: str = ""
    path: str = ""
    min_bytes: int = 0
    pointer: str | None = None
    equals: Any = None
    skip: int = 0
    times: int | None = None
    probability: float = 1.0
    delay_seconds: float = 0.0
    status: int = 500
    code: str | None = None
    message: str | None = None
    params: tuple[Any, ...] = ()
    retry_after: int | None = None
    retry_after_date: bool = False
    location: str = "/login"
    before_body: bool = False
    drip_seconds: float = 60.0
    indexes: tuple[int, ...] = ()
    onwards: bool = False
    form: Form = "row"
    accept: bool | None = None

    def __post_init__(self) -> None:
        if self.before_body and (self.pointer is not None or self.min_bytes or self.accept):
            raise ValueError("a fault before the body can neither look into the body nor accept it")
        if self.before_body and self.action not in ("reset", "hang", "status", "redirect"):
            raise ValueError(f"{self.action} needs the body")
        if self.pointer is not None and not self.pointer.startswith("/"):
            raise ValueError("a JSON pointer begins with a slash")

    @property
    def accepts(self) -> bool:
        """Whether the events of the request are taken."""
        if self.accept is not None:
            return self.accept
        return self.action in _ACCEPTING

    def error(self) -> VantiqError:
        """The error that this fault answers with."""
        usual = of_status(400)
        if self.action == "status":
            usual = of_status(self.status)
        if not (self.code or self.message):
            return VantiqError(self.status, usual.code, usual.message, *usual.params)
        return VantiqError(self.status, self.code or usual.code, self.message or usual.message, *self.params)

    def hits(self, body: bytes) -> list[int]:
        """Indexes of the array elements (or 0 for one object) that the fault is for."""
        if self.pointer is None and not self.onwards:
            return list(self.indexes)
        elements = _decoded(body)
        if not isinstance(elements, list):
            elements = [elements]
        indexes = list(self.indexes)
        if self.pointer is not None:
            values = (_point(element, self.pointer, absent=_ABSENT) for element in elements)
            indexes = [index for index, value in enumerate(values) if value == self.equals]
        if self.onwards and indexes:
            return list(range(min(indexes), len(elements)))
        return indexes


class Faults:
    """The faults to play, the first that matches a request wins; may be filled from any thread."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._matched: list[int] = []
        self._random = random.Random(seed)  # noqa: S311 a reproducible choice, not a secret
        self.played: Counter[str] = Counter()

    def add(self, *faults: Fault) -> None:
        """Play these from now on, after those already there."""
        with self._lock:
            self._faults += faults
            self._matched += [0] * len(faults)

    def clear(self) -> None:
        """Play no fault any more."""
        with self._lock:
            self._faults, self._matched = [], []

    def active(self) -> list[Fault]:
        """The faults that still have requests to fail."""
        with self._lock:
            return list(self._faults)

    def take_before_body(self, method: str, path: str) -> Fault | None:
        """The fault for a request whose body has not been read."""
        return self._take(lambda fault: fault.before_body and _addressed(fault, method, path))

    def take(self, method: str, path: str, body: bytes) -> Fault | None:
        """The fault for a request that has been read."""
        return self._take(
            lambda fault: (
                not fault.before_body
                and _addressed(fault, method, path)
                and len(body) >= fault.min_bytes
                and (fault.pointer is None or bool(fault.hits(body)))
            )
        )

    def _take(self, matching: Callable[[Fault], bool]) -> Fault | None:
        if not self._faults:
            return None
        with self._lock:
            for index, fault in enumerate(self._faults):
                if matching(fault) and self._is_due(index, fault):
                    if fault.times is not None and self._matched[index] >= fault.skip + fault.times:
                        del self._faults[index], self._matched[index]
                    self.played[fault.action] += 1
                    return fault
        return None

    def _is_due(self, index: int, fault: Fault) -> bool:
        """Draw for a fault that matches, and count it past those that it skips."""
        # No draw for a certain fault, so that adding one leaves the others' draws alone.
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        self._matched[index] += 1
        return self._matched[index] > fault.skip


_ABSENT = object()


def _addressed(fault: Fault, method: str, path: str) -> bool:
    return fault.method in ("", method) and path.startswith(fault.path)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _point(value: Any, pointer: str, absent: object) -> Any:
    """What a JSON pointer (RFC 6901) finds."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name, absent)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return absent
    return value
