"""JSON of values that may hold NaN and Infinity, which JSON has no numbers for."""

import math
from typing import Any

import msgspec

_INFINITIES = ("-Infinity", "Infinity")


def finite_json(value: Any, encoder: msgspec.json.Encoder) -> bytes:
    """A value as JSON; numbers that JSON does not have are the texts ``NaN``, ``Infinity`` or ``-Infinity``."""
    encoded = encoder.encode(value)
    # msgspec writes them as null, so only what holds one is looked at.
    if b"null" not in encoded:
        return encoded
    return encoder.encode(_finite(value))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else _INFINITIES[value > 0]
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return value
