"""Resolving CloudFormation's functions."""

from typing import Any

import pytest

from local.aws.intrinsics import Resolver, UnresolvedError

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Mode": {"Type": "String", "Default": "on-demand"},
        "Topics": {"Type": "CommaDelimitedList"},
        "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Default": ""},
        "Size": {"Type": "Number", "Default": 100},
    },
    "Mappings": {"Ports": {"Listener": {"scram": 9096}}},
    "Conditions": {
        "Provisioned": {"Fn::Equals": [{"Ref": "Mode"}, "provisioned"]},
        "OnDemand": {"Fn::Not": [{"Condition": "Provisioned"}]},
        "Both": {"Fn::And": [{"Condition": "Provisioned"}, {"Condition": "OnDemand"}]},
        "Either": {"Fn::Or": [{"Condition": "Provisioned"}, {"Condition": "OnDemand"}]},
    },
    "Resources": {
        "Mapping": {"Properties": {"Retries": {"Fn::If": ["Provisioned", 3, {"Ref": "AWS::NoValue"}]}, "On": True}},
        "Never": {"Condition": "Both", "Properties": {}},
        "Bare": {"Condition": "Either"},
    },
}


def resolver(**parameters: str) -> Resolver:
    return Resolver(
        TEMPLATE,
        parameters={"Topics": "a, b", **parameters},
        references={"AWS::StackName": "toolkit", "Bucket": "toolkit-bucket"},
        attributes={("Bucket", "Arn"): "arn:aws:s3:::toolkit-bucket"},
    )


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "Topics"}, ["a", "b"]),
        ({"Ref": "Subnets"}, []),
        ({"Ref": "Size"}, "100"),
        ({"Ref": "Bucket"}, "toolkit-bucket"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:aws:s3:::toolkit-bucket"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "arn:aws:s3:::toolkit-bucket"),
        ({"Fn::Sub": "${AWS::StackName}-${Bucket.Arn}-${!Literal}"}, "toolkit-arn:aws:s3:::toolkit-bucket-${Literal}"),
        ({"Fn::Sub": ["${A}/${Mode}", {"A": {"Ref": "Bucket"}}]}, "toolkit-bucket/on-demand"),
        ({"Fn::Join": ["+", [{"Ref": "Mode"}, "x"]]}, "on-demand+x"),
        ({"Fn::Select": ["1", {"Ref": "Topics"}]}, "b"),
        ({"Fn::Split": ["-", {"Ref": "Mode"}]}, ["on", "demand"]),
        ({"Fn::FindInMap": ["Ports", "Listener", "scram"]}, 9096),
        ({"Fn::Equals": [{"Ref": "Size"}, 100]}, True),
        ({"Fn::Equals": [{"Ref": "Size"}, 10]}, False),
        ({"Fn::Equals": ["true", True]}, True),
        ({"Fn::Equals": [{"Ref": "Topics"}, ["a", "b"]]}, True),
        ({"Fn::If": ["Provisioned", 1, 2]}, 2),
        ({"Fn::If": ["OnDemand", [1], []]}, [1]),
        ([1, {"Ref": "AWS::NoValue"}, 2], [1, 2]),
        ({"A": {"Fn::If": ["Provisioned", 1, {"Ref": "AWS::NoValue"}]}, "B": 1}, {"B": 1}),
    ],
)
def test_an_intrinsic_function_resolves_to_its_value(node: Any, expected: Any) -> None:
    assert resolver().value(node) == expected


def test_a_parameter_changes_what_a_condition_gives() -> None:
    assert resolver().properties("Mapping") == {"On": True}
    assert resolver(Mode="provisioned").properties("Mapping") == {"Retries": 3, "On": True}


def test_a_resource_with_a_false_condition_has_no_properties() -> None:
    assert resolver().properties("Never") is None
    assert resolver().properties("Bare") == {}


@pytest.mark.parametrize(
    ("node", "named"),
    [
        ({"Ref": "Nobody"}, "Nobody"),
        ({"Fn::GetAtt": ["Bucket", "DomainName"]}, r"Bucket\.DomainName"),
        ({"Fn::Sub": "${Nobody}"}, "Nobody"),
        ({"Fn::FindInMap": ["Ports", "Listener", "iam"]}, "iam"),
        ({"Fn::If": ["Sometimes", 1, 2]}, "Sometimes"),
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue"),
    ],
)
def test_names_what_it_cannot_resolve(node: Any, named: str) -> None:
    with pytest.raises(UnresolvedError, match=named):
        resolver().value(node)
