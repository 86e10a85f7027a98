"""CloudFormation's intrinsic functions, resolved for a stack that is deployed."""

import re
from collections.abc import Callable, Mapping
from typing import Any

_NO_VALUE = object()
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


class UnresolvedError(Exception):
    """The template uses a function or a name that can't be resolved."""


class Resolver:
    """Resolves values of a processed template (transforms applied).

    ``parameters`` are the stack's, as text; ``references`` is what ``Ref`` gives for a resource or a pseudo parameter;
    ``attributes`` what ``Fn::GetAtt`` gives for (logical id, attribute). Methods raise ``UnresolvedError``.
    """

    def __init__(
        self,
        template: Mapping[str, Any],
        *,
        parameters: Mapping[str, str],
        references: Mapping[str, str],
        attributes: Mapping[tuple[str, str], str],
    ) -> None:
        self._template = template
        self._names = dict(references)
        self._attributes = attributes
        self._lists: dict[str, list[str]] = {}
        for name, declared in template.get("Parameters", {}).items():
            text = parameters.get(name, str(declared.get("Default", "")))
            self._names[name] = text
            if declared["Type"] == "CommaDelimitedList" or declared["Type"].startswith("List<"):
                items = text.split(",")
                self._lists[name] = [item.strip() for item in items if text]

    def properties(self, logical_id: str) -> dict[str, Any] | None:
        """A resource's properties, None when its condition is false."""
        resource = self._template["Resources"][logical_id]
        if "Condition" in resource and not self._condition(resource["Condition"]):
            return None
        resolved = self.value(resource.get("Properties", {}))
        return dict(resolved)

    def value(self, node: Any) -> Any:
        """The value without functions; what is ``AWS::NoValue`` is left out of its list or mapping."""
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item is not _NO_VALUE]
        if not isinstance(node, Mapping):
            return node
        if len(node) == 1:
            name, argument = next(iter(node.items()))
            if _is_function(name, argument):
                return self._function(name)(argument)
        items = ((key, self.value(item)) for key, item in node.items())
        return {key: item for key, item in items if item is not _NO_VALUE}

    def _function(self, name: str) -> Callable[[Any], Any]:
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self._condition,
            "Fn::If": self._if,
            "Fn::Equals": lambda args: _text(self.value(args[0])) == _text(self.value(args[1])),
            "Fn::Not": lambda args: not self.value(args[0]),
            "Fn::And": lambda args: all(map(self.value, args)),
            "Fn::Or": lambda args: any(map(self.value, args)),
            "Fn::Contains": lambda args: self.value(args[1]) in self.value(args[0]),
            "Fn::Sub": self._sub,
            "Fn::GetAtt": self._get_att,
            "Fn::Join": lambda args: str(args[0]).join(map(str, self.value(args[1]))),
            "Fn::Select": lambda args: self.value(args[1])[int(self.value(args[0]))],
            "Fn::Split": lambda args: self.value(args[1]).split(args[0]),
            "Fn::FindInMap": self._find_in_map,
        }
        if name not in functions:
            raise UnresolvedError(f"{name} is not supported")
        return functions[name]

    def _if(self, arguments: list[Any]) -> Any:
        condition, when_true, when_false = arguments
        if self._condition(condition):
            return self.value(when_true)
        return self.value(when_false)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self._lists:
            return self._lists[name]
        try:
            return self._names[name]
        except KeyError:
            raise UnresolvedError(f"{name} is unknown") from None

    def _get_att(self, argument: str | list[str]) -> str:
        if isinstance(argument, list):
            argument = ".".join(argument)
        name, _, attribute = argument.partition(".")
        try:
            return self._attributes[name, attribute]
        except KeyError:
            raise UnresolvedError(f"the attribute {name}.{attribute} is unknown") from None

    def _sub(self, argument: str | list[Any]) -> str:
        if isinstance(argument, str):
            argument = [argument, {}]
        text, local = argument

        def replacement(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in local:
                return str(self.value(local[name]))
            if "." in name:
                return self._get_att(name)
            return str(self._ref(name))

        return _PLACEHOLDER.sub(replacement, text)

    def _find_in_map(self, argument: list[Any]) -> Any:
        values = self._template.get("Mappings", {})
        for key in map(self.value, argument[:3]):
            try:
                values = values[key]
            except KeyError:
                raise UnresolvedError(f"the mapping {argument[0]} has no {key}") from None
        return values

    def _condition(self, name: str) -> bool:
        try:
            return bool(self.value(self._template["Conditions"][name]))
        except KeyError:
            raise UnresolvedError(f"there is no condition {name}") from None


def _is_function(name: str, argument: Any) -> bool:
    """Whether a mapping's only entry is an intrinsic function; ``Condition`` may also be a key of a policy."""
    return name == "Ref" or name.startswith("Fn::") or (name == "Condition" and isinstance(argument, str))


def _text(value: Any) -> Any:
    """A parameter is always text, what it is compared with may be a number or a Boolean in the template."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return value
