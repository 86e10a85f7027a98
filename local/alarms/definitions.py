"""The alarms of the built template, as the deployed stack has them; the emulator takes only some of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from local.aws.processed import Stack

_ALARM, _COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
_ACTIONS: Mapping[str, str] = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}


class Definitions(msgspec.Struct, frozen=True):
    """The properties of single and composite alarms, resolved, by the alarm's name."""

    alarms: dict[str, dict[str, Any]]
    composites: dict[str, dict[str, Any]]

    def of(self, name: str) -> dict[str, Any]:
        """The properties of an alarm of either kind."""
        return {**self.alarms, **self.composites}[name]

    def actions(self, name: str, state: str) -> list[str]:
        """ARNs of what an alarm does when it enters a state."""
        return list(self.of(name).get(_ACTIONS[state], []))


def definitions(template: Mapping[str, Any], stack: Stack) -> Definitions:
    """The alarms whose condition holds.

    Args:
        template: as built, with what the emulator refuses.

    Raises:
        UnresolvedError: a property can't be resolved.
    """
    resources = {
        name: resource
        for name, resource in template["Resources"].items()
        if isinstance(resource, Mapping) and resource["Type"] in {_ALARM, _COMPOSITE}
    }
    names = {name: stack.physical_ids.get(name, f"{stack.name}-{name}") for name in resources}
    for name, resource in resources.items():
        given = resource["Properties"].get("AlarmName")
        if given:
            names[name] = stack.resolver().value(given)
    resolver = stack.resolver(resources, names)
    known: dict[str, dict[str, dict[str, Any]]] = {_ALARM: {}, _COMPOSITE: {}}
    for name, resource in resources.items():
        properties = resolver.properties(name)
        if properties is not None:
            known[resource["Type"]][names[name]] = {**properties, "AlarmName": names[name]}
    return Definitions(known[_ALARM], known[_COMPOSITE])


def definitions_file(run: Path) -> Path:
    """Where the definitions of the system in ``run`` are kept, as JSON."""
    return run / "alarms" / "definitions.json"
