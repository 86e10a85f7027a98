"""No two stacks of an account claim the same name, nor does the same stack in a second Region."""

from collections.abc import Iterator
from typing import Any

from tests.template.contract.deployed import REGION, STACK, Deployed, Resource, deployed, stacks
from tests.template.stack import ANSWERS, TEMPLATE

# Names in these are an account's, in whichever Region; a bucket's even everybody's.
ACCOUNT_WIDE = ("AWS::CloudWatch::Dashboard", "AWS::IAM::", "AWS::S3::Bucket")
# What is named here is another resource, or lies within one.
REFERENCES = ("AWS::Lambda::Alias", "AWS::Lambda::Version", "AWS::Lambda::EventInvokeConfig", "AWS::EC2::VPCEndpoint")


def schema(kind: str) -> dict[str, Any]:
    """CloudFormation's own schema of a resource type."""
    # Slow to load, and every worker of `make test` loads every file of tests.
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    read: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return read


def claims(resource: Resource) -> Iterator[tuple[str, str]]:
    """Property and name, for each name that the template gives a resource; CloudFormation makes all others."""
    if resource.type.startswith("Custom::") or resource.type in REFERENCES:
        return
    for path in schema(resource.type).get("createOnlyProperties", []):
        name = path.rpartition("/")[2]
        if name.endswith("Name") and name in resource.properties:
            yield name, resource.properties[name]


def clashes(stack: Deployed) -> set[str]:
    said = set()
    for resource in stack.resources:
        for name, value in claims(resource):
            account_wide = resource.type.startswith(ACCOUNT_WIDE)
            if STACK not in value or (account_wide and REGION not in value):
                said.add(f"{resource.logical_id} ({resource.type}): {name} {value}")
    return said


def test_no_name_is_claimed_by_two_stacks_or_by_the_stack_of_another_region() -> None:
    assert sorted(set().union(*map(clashes, stacks()))) == []


def test_no_two_resources_of_a_stack_claim_the_same_name() -> None:
    for stack in stacks():
        claimed = [(each.type, value) for each in stack.resources for _, value in claims(each)]
        # All functions share one layer's name, and no two layers are made.
        assert len(claimed) == len(set(claimed)), stack.answers


def test_names_are_seen_where_a_template_gives_them() -> None:
    kinds = {each.type for each in deployed(TEMPLATE, ANSWERS).resources if list(claims(each))}
    assert {"AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::CloudWatch::Dashboard"} <= kinds
