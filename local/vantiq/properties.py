"""The properties that a type declares, and whether a record's values are of their types.

From the resource guide's list of property types and the VAIL reference: an ``Object`` is name and value pairs, and
neither ``Map`` nor ``Value`` may be stored, nor is ``Any`` a property's type. Uncertain: the code of the refusal, what
becomes of properties that the type does not declare (they are kept here), and whether numbers are turned into text.
"""

from collections.abc import Mapping
from typing import Any

from local.vantiq.errors import invalid

_NUMBER = (int, float)
_STORED: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Real": _NUMBER,
    "Decimal": (*_NUMBER, str),
    "Currency": (str, dict),
    "Boolean": (bool,),
    "DateTime": (str,),
    "GeoJSON": (dict,),
    "Object": (dict,),
}
_NEVER_STORED = ("Any", "Map", "Value")


def check_definition(type_name: str, properties: Any) -> None:
    """Refuse a type with a property that could not be stored."""
    for name, spec in (properties or {}).items():
        if isinstance(spec, dict) and spec.get("type") in _NEVER_STORED:
            raise invalid(f"The type {spec['type']} of {type_name}.{name} may not be persisted.", type_name, name)


def check_values(type_name: str, properties: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    """Refuse a record with a value of another type than its property's; null is a value of every type."""
    for name, value in record.items():
        spec: Any = properties.get(name)
        if not isinstance(spec, dict):  # undeclared
            continue
        types = _STORED.get(spec.get("type", ""))
        if types is None or value is None:  # of a type of the user's own
            continue
        several = spec.get("multi") is True or spec.get("array") is True
        if not _is_of(value, types, several=several):
            raise invalid(f"The value of {type_name}.{name} is not of type {spec['type']}.", type_name, name)


def _is_of(value: Any, types: tuple[type, ...], *, several: bool) -> bool:
    if several != isinstance(value, list):
        return False
    if several:
        return all(_fits(element, types) for element in value)
    return _fits(value, types)


def _fits(value: Any, types: tuple[type, ...]) -> bool:
    # A Boolean is an integer to Python, and to nobody else.
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))
