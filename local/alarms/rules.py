"""The rule of a composite alarm."""

import re
from collections.abc import Mapping

from local.alarms.states import State

_TOKEN = re.compile(r'(ALARM|OK|INSUFFICIENT_DATA)\(\s*"?([^")]+)"?\s*\)|(AND|OR|NOT|TRUE|FALSE|\(|\))')


class RuleError(Exception):
    """The rule is not understood."""


def names_in(rule: str) -> list[str]:
    """The alarms that a rule names, by name or ARN."""
    return [_name(match[2]) for match in _TOKEN.finditer(rule) if match[2]]


def holds(rule: str, states: Mapping[str, State]) -> bool:
    """Whether a rule holds; an alarm that is not in ``states`` is in no state.

    Raises:
        RuleError: the rule is not understood.
    """
    if _TOKEN.sub("", rule).strip():
        raise RuleError(f"not understood: {rule}")
    reading = _Reading([_token(match, states) for match in _TOKEN.finditer(rule)])
    value = reading.either()
    if not reading.is_read:
        raise RuleError(f"not understood: {rule}")
    return value


def _token(match: re.Match[str], states: Mapping[str, State]) -> bool | str:
    if match[1]:
        return states.get(_name(match[2])) == match[1]
    return {"TRUE": True, "FALSE": False}.get(match[3], match[3])


def _name(text: str) -> str:
    return text.rpartition(":alarm:")[2]


class _Reading:
    """A rule read from left to right: OR binds less than AND, and that less than NOT."""

    def __init__(self, tokens: list[bool | str]) -> None:
        self._tokens = tokens
        self._next = 0

    @property
    def is_read(self) -> bool:
        return self._next == len(self._tokens)

    def either(self) -> bool:
        value = self._both()
        while self._takes("OR"):
            value = self._both() or value
        return value

    def _both(self) -> bool:
        value = self._term()
        while self._takes("AND"):
            # Both operands are read, whatever the first is.
            value = self._term() and value
        return value

    def _term(self) -> bool:
        if self._takes("NOT"):
            return not self._term()
        if self._takes("("):
            value = self.either()
            if not self._takes(")"):
                raise RuleError("a parenthesis is not closed")
            return value
        if self.is_read or isinstance(self._tokens[self._next], str):
            raise RuleError("an alarm's name is missing")
        self._next += 1
        return bool(self._tokens[self._next - 1])

    def _takes(self, token: str) -> bool:
        if self.is_read or self._tokens[self._next] != token:
            return False
        self._next += 1
        return True
