"""Descriptions, names and numbers of both templates are such as the services' own API models allow."""

from collections.abc import Iterable

import pytest

from tests.template.contract.deployed import LONGEST_STACK_NAME, STACK, Resource, stacks
from tests.template.contract.models import CALLS, violations


def all_violations() -> set[str]:
    return {each for stack in stacks() for resource in stack.resources for each in violations(resource)}


def test_no_service_refuses_a_property_whatever_a_user_answers() -> None:
    assert len(STACK) == LONGEST_STACK_NAME
    assert sorted(all_violations()) == []


def test_the_call_of_every_resource_type_is_known() -> None:
    kinds = {resource.type for stack in stacks() for resource in stack.resources}
    assert {kind for kind in kinds if not kind.startswith("Custom::")} <= CALLS.keys()


def said(resources: Iterable[Resource]) -> list[str]:
    return [each for resource in resources for each in violations(resource)]


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (
            Resource(
                "Group", "AWS::EC2::SecurityGroup", {"SecurityGroupEgress": [{"Description": "MSK's", "CidrIp": "0"}]}
            ),
            "has '",
        ),
        (Resource("Rule", "AWS::EC2::SecurityGroupIngress", {"Description": "d" * 256}), "256 characters"),
        (Resource("Group", "AWS::EC2::SecurityGroup", {"GroupDescription": "the cluster's"}), "has '"),
        (Resource("Function", "AWS::Lambda::Function", {"FunctionName": "f" * 65}), "65 characters"),
        (Resource("Schedule", "AWS::Scheduler::Schedule", {"Name": "s" * 65}), "65 characters"),
        (Resource("Alarm", "AWS::CloudWatch::Alarm", {"AlarmDescription": "d" * 1025}), "1025 characters"),
        (Resource("Logs", "AWS::Logs::LogGroup", {"LogGroupName": "with space"}), "is not"),
        (Resource("Mapping", "AWS::Lambda::EventSourceMapping", {"BatchSize": 10_001}), "10001"),
    ],
)
def test_what_a_service_refuses_is_seen(resource: Resource, words: str) -> None:
    (violation,) = said([resource])
    assert words in violation
