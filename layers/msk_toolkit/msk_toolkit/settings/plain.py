"""What a request must not hold, at whatever place: checked before anything reads it.

Lambda's runtime reads an event with Python's own JSON reader, which lets pass what UTF-8 and JSON can't hold. No value
is quoted: it may be a secret that was pasted in the wrong place.
"""

import math
from collections.abc import Collection, Iterator
from typing import Any

# No request of the toolkit needs more than six; readers and writers of JSON give up at a thousand.
MOST_LEVELS = 100
_LONGEST_NAME = 100

_TEXT = "holds half of a surrogate pair, which is not text: correct it"
_NUMBER = "is not a number that JSON has"
_DEEP = f"is nested in more than {MOST_LEVELS} levels"


def plain_problems(value: Any, path: str = "", but: Collection[str] = ()) -> Iterator[str]:
    """A sentence for each text that is not valid Unicode, for NaN and Infinity, and for what is nested too deeply.

    Args:
        path: the value's own place, such as ``topics``; empty for an event.
        but: entries of the value itself that are passed over.
    """
    waiting: list[tuple[Any, str, int]] = [(value, path, 0)]
    while waiting:
        inner, place, level = waiting.pop()
        if level > MOST_LEVELS:
            yield f"{place.partition('.')[0].partition('[')[0] or 'it'} {_DEEP}"
        elif isinstance(inner, dict):
            waiting += [
                (entry, _below(place, name), level + 1) for name, entry in inner.items() if level or name not in but
            ]
            yield from (f"{_below(place, name)}: the name {_TEXT}" for name in inner if not is_text(name))
        elif isinstance(inner, list):
            waiting += [(entry, f"{place}[{number}]", level + 1) for number, entry in enumerate(inner)]
        elif isinstance(inner, str) and not is_text(inner):
            yield f"{place or 'it'} {_TEXT}"
        elif isinstance(inner, float) and not math.isfinite(inner):
            yield f"{place or 'it'} {_NUMBER}"


def is_text(text: object) -> bool:
    """Whether UTF-8 can hold it."""
    try:
        str(text).encode()
    except UnicodeEncodeError:
        return False
    return True


def with_valid_text(value: Any) -> Any:
    """A JSON value with U+FFFD for each half of a surrogate pair, and the names of NaN and Infinity for those numbers.

    For events that are served whatever they hold, and for responses that show what others wrote.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if isinstance(value, dict):
        return {with_valid_text(name): with_valid_text(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return list(map(with_valid_text, value))
    if isinstance(value, str) and not is_text(value):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def shown_name(name: object) -> str:
    """An entry's name as an error may show it: at no great length, and what is not text escaped."""
    text = str(name).encode(errors="backslashreplace").decode()
    if len(text) <= _LONGEST_NAME:
        return text
    return f"{text[:_LONGEST_NAME]}..."


def _below(place: str, name: object) -> str:
    if not place:
        return shown_name(name)
    return f"{place}.{shown_name(name)}"
