"""A template without what the emulator refuses."""

import copy
from typing import Any

import pytest

from local.aws.refusals import StillNeededError, without_refused

TEMPLATE: dict[str, Any] = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Ingress": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Ref": "Group"}}},
        "Group": {"Type": "AWS::EC2::SecurityGroup"},
        "Topics": {"Type": "Custom::Topics", "DependsOn": "Ingress"},
        "Probe": {"Type": "AWS::Serverless::Function", "DependsOn": ["Topics", "Ingress"]},
        "Fn::ForEach::Mappings": ["Topic", ["a"], {"Forward&{Topic}": {"Type": "AWS::Lambda::EventSourceMapping"}}],
    },
    "Outputs": {"Group": {"Value": {"Ref": "Group"}}},
}


def test_takes_out_the_refused_resource_and_the_waiting_for_it_and_nothing_else() -> None:
    before = copy.deepcopy(TEMPLATE)
    slim, refusals = without_refused(TEMPLATE)
    assert [(refusal.logical_id, refusal.type) for refusal in refusals] == [
        ("Ingress", "AWS::EC2::SecurityGroupIngress")
    ]
    expected = copy.deepcopy(before)
    del expected["Resources"]["Ingress"]
    del expected["Resources"]["Topics"]["DependsOn"]
    expected["Resources"]["Probe"]["DependsOn"] = ["Topics"]
    assert slim == expected
    assert before == TEMPLATE


def test_an_order_that_metadata_makes_is_taken_out_and_other_metadata_stays() -> None:
    after = {"Fn::If": ["IsThere", {"Ref": "Ingress"}, "nothing"]}
    topics = {"Type": "Custom::Topics", "Metadata": {"After": after, "Note": "kept"}}
    slim, _ = without_refused({"Resources": {"Ingress": TEMPLATE["Resources"]["Ingress"], "Topics": topics}})
    assert slim["Resources"] == {"Topics": {"Type": "Custom::Topics", "Metadata": {"Note": "kept"}}}


def test_of_alarms_only_those_with_metric_math_are_taken_out() -> None:
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Faults"}}
    math = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "m", "Expression": "FILL(runs, 0)"}]}}
    slim, refusals = without_refused({"Resources": {"Plain": alarm, "Math": math}})
    assert [refusal.logical_id for refusal in refusals] == ["Math"]
    assert slim == {"Resources": {"Plain": alarm}}


def test_a_template_that_is_not_refused_stays_as_it_is() -> None:
    plain = {"Resources": {"Group": {"Type": "AWS::EC2::SecurityGroup"}}}
    assert without_refused(plain) == (plain, [])


@pytest.mark.parametrize(
    "use",
    [
        {"Ref": "Ingress"},
        {"Fn::GetAtt": ["Ingress", "Id"]},
        {"Fn::GetAtt": "Ingress.Id"},
        {"Fn::Sub": "a-${Ingress.Id}"},
    ],
)
def test_a_value_of_a_refused_resource_cannot_be_replaced(use: dict[str, Any]) -> None:
    template = {**TEMPLATE, "Outputs": {"Id": {"Value": use}}}
    with pytest.raises(StillNeededError, match="Ingress"):
        without_refused(template)
