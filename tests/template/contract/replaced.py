"""Which parameters stand in properties that CloudFormation cannot update: a change of them makes a resource anew."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.template.contract.test_names import schema

_SERVERLESS = {
    "AWS::Serverless::Function": "AWS::Lambda::Function",
    "AWS::Serverless::LayerVersion": "AWS::Lambda::LayerVersion",
}
_LOOP = "Fn::ForEach::"


class Replaced(NamedTuple):
    """A change of ``parameter`` makes resources of ``type`` anew, for their ``property``."""

    parameter: str
    type: str
    property: str


def replaced(template: Mapping[str, Any]) -> set[Replaced]:
    """All of a template as it is written."""
    return {
        Replaced(parameter, kind, path.replace("/", "."))
        for kind, properties, loop in _resources(template)
        for path in _create_only(kind)
        for parameter in _parameters(template, _at(properties, path), loop)
    }


def _resources(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Type, properties, and what the loop's variable stands for."""
    for name, resource in template["Resources"].items():
        bodies, loop = [resource], {}
        if name.startswith(_LOOP):
            variable, values, made = resource
            bodies, loop = list(made.values()), {variable: values}
        for body in bodies:
            kind = _SERVERLESS.get(body["Type"], body["Type"])
            if not kind.startswith("Custom::"):
                yield kind, body.get("Properties", {}), loop


def _create_only(kind: str) -> list[str]:
    return [path.removeprefix("/properties/") for path in schema(kind).get("createOnlyProperties", [])]


def _at(node: Any, path: str) -> Any:
    for step in path.split("/"):
        if not isinstance(node, Mapping) or step not in node:
            return None
        node = node[step]
    return node


def _parameters(template: Mapping[str, Any], node: Any, loop: Mapping[str, Any]) -> set[str]:
    """The parameters that a value depends on, also by conditions and by the variable of a loop."""
    if isinstance(node, list):
        return set().union(*(_parameters(template, each, loop) for each in node))
    if not isinstance(node, Mapping):
        return set()
    names: set[str] = set()
    for key, value in node.items():
        match key, value:
            case "Ref", str():
                names |= _named(template, value, loop)
            case "Condition", str():
                names |= _parameters(template, template["Conditions"][value], loop)
            case "Fn::If", [condition, *branches]:
                names |= _parameters(template, [{"Condition": condition}, *branches], loop)
            case "Fn::Sub", _:
                text, local = (value, {}) if isinstance(value, str) else value
                for name in re.findall(r"\$\{(\w+)\}", text):
                    names |= set() if name in local else _named(template, name, loop)
                names |= _parameters(template, list(local.values()), loop)
            case _:
                names |= _parameters(template, value, loop)
    return names


def _named(template: Mapping[str, Any], name: str, loop: Mapping[str, Any]) -> set[str]:
    if name in loop:
        return _parameters(template, loop[name], {})
    return {name} if name in template["Parameters"] else set()
