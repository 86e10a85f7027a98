"""What the emulator refuses, and a template without it.

The emulator rejects a whole template for one resource type that it doesn't know, and a whole stack for an alarm with
metric math, so these are taken out of the built template. A test holds the list to what the emulator really refuses;
nothing else may differ from what AWS gets.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

# local/aws/completion.py makes the rules, local/alarms evaluates the alarms.
RULES = ("AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress")
# Nothing rotates a secret there: tests/integration/test_rotation_on_kafka.py takes the steps itself.
REFUSED_TYPES = frozenset({"AWS::CloudWatch::CompositeAlarm", "AWS::SecretsManager::RotationSchedule", *RULES})
# Of this type only those with `Metrics`, which is metric math.
ALARM = "AWS::CloudWatch::Alarm"


class Refusal(msgspec.Struct, frozen=True):
    """A resource that the emulator would refuse."""

    logical_id: str
    type: str


class StillNeededError(Exception):
    """Something that stays in the template uses a resource that would be taken out."""


def without_refused(template: Mapping[str, Any]) -> tuple[dict[str, Any], list[Refusal]]:
    """The template without what the emulator refuses, and the list of that.

    Refused resources are only removed from ``DependsOn`` and ``Metadata``, which hold an order and no value.

    Raises:
        StillNeededError: a property or an output uses the value of a refused resource.
    """
    refusals = []
    for name, resource in _resources(template):
        if _is_refused(resource):
            refusals.append(Refusal(name, resource["Type"]))
    gone = {refusal.logical_id for refusal in refusals}
    kept = {name: _loosened(resource, gone) for name, resource in template["Resources"].items() if name not in gone}
    slim = {**template, "Resources": kept}
    used = sorted(gone & set(_used(slim)))
    if used:
        raise StillNeededError(f"the emulator refuses {', '.join(used)}, which the rest of the template uses")
    return slim, refusals


def _is_refused(resource: Mapping[str, Any]) -> bool:
    if resource["Type"] == ALARM:
        return "Metrics" in resource.get("Properties", {})
    return resource["Type"] in REFUSED_TYPES


def _resources(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The resources without a ``Fn::ForEach``, which is a list."""
    return ((name, value) for name, value in template["Resources"].items() if isinstance(value, Mapping))


def _loosened(resource: Any, gone: set[str]) -> Any:
    if not isinstance(resource, dict):
        return resource
    names = resource.get("DependsOn", [])
    if isinstance(names, str):
        names = [names]
    metadata = resource.get("Metadata", {})
    slim = dict(resource)
    _put(slim, "DependsOn", [name for name in names if name not in gone], len(names))
    _put(
        slim, "Metadata", {key: value for key, value in metadata.items() if not gone & set(_used(value))}, len(metadata)
    )
    return slim


def _put(resource: dict[str, Any], name: str, kept: Any, before: int) -> None:
    """Replace what has lost entries, and remove it where it has none left."""
    if len(kept) == before:
        return
    del resource[name]
    if kept:
        resource[name] = kept


def _used(node: Any) -> Iterator[str]:
    """The names that ``Ref``, ``Fn::GetAtt`` and ``Fn::Sub`` use anywhere below."""
    if isinstance(node, list):
        for item in node:
            yield from _used(item)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _used_by(key, value)
            yield from _used(value)


def _used_by(function: str, argument: Any) -> Iterator[str]:
    if function == "Ref":
        yield str(argument)
    elif function == "Fn::GetAtt":
        yield _first(argument).partition(".")[0]
    elif function == "Fn::Sub":
        for piece in _first(argument).split("${")[1:]:
            yield piece.partition("}")[0].partition(".")[0]


def _first(argument: str | list[Any]) -> str:
    """The text of an argument that is a text, or begins with it."""
    if isinstance(argument, str):
        return argument
    return str(argument[0])
