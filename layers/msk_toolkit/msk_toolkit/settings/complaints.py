"""What msgspec says of a value, in a sentence that does not quote it: it may be a secret in the wrong place."""

import re
from typing import Any, Literal, get_args, get_origin

# Of all of msgspec's messages only this one quotes a value.
_CHOICE = "Invalid enum value"
_PLACE = re.compile(r" - at `\$[^`]*`\Z")


def complaint(error: Exception, hint: Any = None) -> str:
    """Why a value is refused.

    Args:
        error: msgspec's, or Python's own where text is not valid Unicode.
        hint: the type that was expected, for the choices in it.
    """
    if isinstance(error, UnicodeEncodeError):
        return "holds half of a surrogate pair, which is not text"
    message = str(error)
    if not message.startswith(_CHOICE):
        return message[:1].lower() + message[1:]
    place = _PLACE.search(message)
    return _must_be_one_of(hint) + (place[0] if place else "")


def _must_be_one_of(hint: Any) -> str:
    choices = list(map(str, _choices_in(hint)))
    if not choices:
        return "is not one of the values that it may have"
    return f"must be one of {', '.join(choices)}"


def _choices_in(hint: Any) -> list[Any]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    choices: list[Any] = []
    for inner in get_args(hint):
        choices += _choices_in(inner)
    return choices
