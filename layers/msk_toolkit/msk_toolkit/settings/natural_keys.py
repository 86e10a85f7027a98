"""Which natural keys a tombstone can name: it has nothing but its Kafka key."""

from msk_toolkit.settings.forwarder import PayloadForm
from msk_toolkit.target_kinds import NaturalKey

_KEY = "key"
# What two envelopes of the same Kafka key have in common.
_STABLE_COLUMNS = frozenset({"cluster", "topic", "partition", _KEY, "keyEncoding"})
# Vantiq's types whose values a clause compares as they are written.
NUMBERS = frozenset({"Integer", "Real", "Decimal", "Currency"})
TEXT = "String"


def natural_key_problem(key: NaturalKey, payload: PayloadForm) -> str:
    """Why a type's rows can't be deleted by tombstones; empty where they can.

    Args:
        key: the name and type of each of its properties.
    """
    if not key:
        return "its natural key is not known: it has none, or the token may not read the type"
    others = sorted({kind for _, kind in key} - NUMBERS - {TEXT})
    if others:
        return f"its natural key has a property of type {others[0] or 'unknown'}; String and numbers can be compared"
    names = {name for name, _ in key}
    if payload == "envelope" and not (_KEY in names and names <= _STABLE_COLUMNS):
        others = sorted(_STABLE_COLUMNS - {_KEY})
        return (
            f"with PAYLOAD=envelope its natural key must be key, alone or with {', '.join(others)}, since a tombstone "
            f"names no other column of the rows before it; it is {', '.join(sorted(names))}"
        )
    return ""
