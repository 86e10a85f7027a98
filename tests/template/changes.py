"""What CloudFormation would do to the resources of a stack that gets another template: told before anything is done.

An emulator's change set knows which resources come and go, and hardly which are replaced. That is read here from
CloudFormation's own schemas: a property that can only be set at creation, with another value, replaces its resource.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from local.aws.intrinsics import Resolver
from tests.template.stack import PSEUDO

Kind = Literal["add", "remove", "replace"]
_ANY_REGION = "us-east-1"
# AWS::CloudFormation::CustomResource, whatever its name: "Modifying service token is not allowed".
_OF_CUSTOM_RESOURCES = ("ServiceToken",)


class Change(NamedTuple):
    """One resource; ``because`` names what replaces it."""

    kind: Kind
    logical_id: str
    type: str
    because: tuple[str, ...] = ()


class Stack:
    """A processed template with its parameters' values: the resources that are switched on, their properties resolved.

    ``Ref`` and ``Fn::GetAtt`` give names that are the same as long as it is the same resource.
    """

    def __init__(self, template: Mapping[str, Any], answers: Mapping[str, str]) -> None:
        self._written = template["Resources"]
        names = [*self._written, *(name for name in PSEUDO)]
        attributes = {
            (name, each): f"{name}.{each}"
            for name in self._written
            for each in ("Arn", "Status", "Version", "TopicName")
        }
        references = {**dict.fromkeys(names), **{name: name for name in self._written}, **PSEUDO}
        resolver = Resolver(
            template,
            parameters=dict(answers),
            references={name: str(each) for name, each in references.items()},
            attributes=attributes,
        )
        resolved = {name: resolver.properties(name) for name in self._written}
        self.properties = {name: each for name, each in resolved.items() if each is not None}

    def type_of(self, logical_id: str) -> str:
        """Such as ``AWS::S3::Bucket``."""
        return str(self._written[logical_id]["Type"])

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties by logical id, of the resources of a type."""
        return {name: each for name, each in self.properties.items() if self.type_of(name) == kind}


def changes(before: Stack, after: Stack) -> list[Change]:
    """What comes, goes and is replaced; what is only updated in place is not told.

    Raises:
        ValueError: a resource keeps its logical id and gets another type, which CloudFormation refuses.
    """
    gone = before.properties.keys() - after.properties.keys()
    new = after.properties.keys() - before.properties.keys()
    replaced = {each.logical_id: each for each in _replaced(before, after)}
    return sorted(
        [
            *(Change("remove", name, before.type_of(name)) for name in gone),
            *(Change("add", name, after.type_of(name)) for name in new),
            *replaced.values(),
        ]
    )


def _replaced(before: Stack, after: Stack) -> Iterator[Change]:
    replaced: set[str] = set()
    found = True
    # What refers to a replaced resource in such a property is replaced with it.
    while found:
        found = False
        for name in before.properties.keys() & after.properties.keys() - replaced:
            kind = after.type_of(name)
            if before.type_of(name) != kind:
                raise ValueError(f"{name} is a {before.type_of(name)} and would be a {kind}")
            causes = tuple(_differing(before.properties[name], after.properties[name], kind, replaced))
            if causes:
                found = True
                replaced.add(name)
                yield Change("replace", name, kind, causes)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], kind: str, replaced: set[str]) -> Iterator[str]:
    for path in _only_at_creation(kind):
        old, new = _at(before, path), _at(after, path)
        if old != new or (isinstance(new, str) and new.partition(".")[0] in replaced):
            yield path


@cache
def _only_at_creation(kind: str) -> tuple[str, ...]:
    if kind.startswith("Custom::"):
        return _OF_CUSTOM_RESOURCES
    # Slow to load, and every worker of `make test` loads every file of tests.
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_ANY_REGION, kind).schema
    return tuple(each.removeprefix("/properties/") for each in schema.get("createOnlyProperties", ()))


def _at(properties: Mapping[str, Any], path: str) -> Any:
    found: Any = properties
    for part in path.split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    # Parameters are text, whatever their type.
    return str(found) if isinstance(found, int | float) else found
