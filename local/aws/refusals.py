"""What the emulator refuses, and a template without it.

The emulator rejects a whole template for one resource type that it doesn't know, and a whole stack for an alarm with
metric math, so these are taken out of the built template. A test holds the list to what the emulator really refuses;
nothing else may differ from what AWS gets.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

# Resource type -> what the stack lacks without it on this machine.
REFUSED_TYPES: Mapping[str, str] = {
    "AWS::CloudWatch::CompositeAlarm": "no mail for a fault that a probe finds; the single alarms are there",
    "AWS::EC2::SecurityGroupEgress": "no rule out of the cluster's security group; nothing filters packets here",
    "AWS::EC2::SecurityGroupIngress": "no rule in the cluster's security group; nothing filters packets here",
}
# Of this type only those with `Metrics`, which is metric math.
ALARM = "AWS::CloudWatch::Alarm"
_NO_METRIC_MATH = "this alarm for silence is not there"


class Refusal(msgspec.Struct, frozen=True):
    """A resource that is not deployed locally; ``lacking`` is what that means."""

    logical_id: str
    type: str
    lacking: str

    def __str__(self) -> str:
        return f"{self.logical_id} ({self.type}): {self.lacking}"


class StillNeededError(Exception):
    """Something that stays in the template uses a resource that would be taken out."""


def without_refused(template: Mapping[str, Any]) -> tuple[dict[str, Any], list[Refusal]]:
    """The template without what the emulator refuses, and the list of that.

    Only ``DependsOn`` and ``Metadata`` are loosened: they are an order, not a value. Raises ``StillNeededError`` when a
    property or an output uses the value of a refused resource.
    """
    refusals = [
        Refusal(name, resource["Type"], lacking)
        for name, resource in _resources(template)
        if (lacking := _lacking(resource)) is not None
    ]
    gone = {refusal.logical_id for refusal in refusals}
    kept = {
        name: _loosened(resource, gone) if isinstance(resource, dict) else resource
        for name, resource in template["Resources"].items()
        if name not in gone
    }
    slim = {**template, "Resources": kept}
    if used := sorted(gone & set(_used(slim))):
        raise StillNeededError(f"the emulator refuses {', '.join(used)}, which the rest of the template uses")
    return slim, refusals


def _lacking(resource: Mapping[str, Any]) -> str | None:
    """What the stack lacks without a resource that is refused; None for one that is taken."""
    if resource["Type"] == ALARM:
        return _NO_METRIC_MATH if "Metrics" in resource.get("Properties", {}) else None
    return REFUSED_TYPES.get(resource["Type"])


def _resources(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Resources proper: a ``Fn::ForEach`` stands among them, and is a list."""
    return ((name, value) for name, value in template["Resources"].items() if isinstance(value, Mapping))


def _loosened(resource: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    before = resource.get("DependsOn", [])
    names = [before] if isinstance(before, str) else before
    metadata = resource.get("Metadata", {})
    orders = {
        "DependsOn": [name for name in names if name not in gone],
        "Metadata": {key: value for key, value in metadata.items() if not gone & set(_used(value))},
    }
    if len(orders["DependsOn"]) == len(names) and len(orders["Metadata"]) == len(metadata):
        return resource
    slim = {key: value for key, value in resource.items() if key not in orders}
    return {**slim, **{key: value for key, value in orders.items() if value}}


def _used(node: Any) -> Iterator[str]:
    """The names that ``Ref``, ``Fn::GetAtt`` and ``Fn::Sub`` use anywhere below."""
    if isinstance(node, list):
        for item in node:
            yield from _used(item)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key == "Ref":
                yield str(value)
            elif key == "Fn::GetAtt":
                yield (value if isinstance(value, str) else value[0]).partition(".")[0]
            elif key == "Fn::Sub":
                text = value if isinstance(value, str) else value[0]
                yield from (piece.partition("}")[0].partition(".")[0] for piece in text.split("${")[1:])
            yield from _used(value)
