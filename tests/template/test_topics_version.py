"""The drift check runs what is deployed, and AppliedTopics notices whatever makes the topics function another."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.template.processed import Resources, processed, unchanged
from tests.template.stack import raw_template

FUNCTION, LAYER = "TopicsFunction", "ToolkitLayerArm64"


def declared(answers: Mapping[str, str], change: Callable[[Resources], object]) -> dict[str, Any]:
    """What CloudFormation compares: the version that is meant, and the parameters that are named."""
    properties = processed(raw_template(), answers, change)["Resources"]["AppliedTopics"]["Properties"]
    return {
        name: answers.get(each["Ref"], each["Ref"]) if isinstance(each, dict) and "Ref" in each else each
        for name, each in properties.items()
    }


@pytest.mark.parametrize(
    ("resource", "name", "value"),
    [
        (FUNCTION, "CodeUri", "s3://artifacts/code-2"),
        (FUNCTION, "Timeout", 61),
        (FUNCTION, "MemorySize", 1024),
        (FUNCTION, "Architectures", ["x86_64"]),
        (FUNCTION, "Environment", {"Variables": {"AUTH_MODE": "iam"}}),
        (FUNCTION, "VpcConfig", {"SubnetIds": ["subnet-9"], "SecurityGroupIds": ["sg-9"]}),
        (LAYER, "ContentUri", "s3://artifacts/layer-2"),
        ("ToolkitLayerX86", "ContentUri", "s3://artifacts/layer-2"),
    ],
)
def test_any_other_property_of_function_or_layer_has_the_topics_applied_again(
    resource: str, name: str, value: Any
) -> None:
    answers = {"Architecture": "x86_64" if resource == "ToolkitLayerX86" else "arm64"}
    changed = declared(answers, lambda resources: resources[resource]["Properties"].update({name: value}))
    place = "CodeVersion" if resource == FUNCTION else "Layer"
    assert changed[place] != declared(answers, unchanged)[place]


def references(node: Any) -> set[str]:
    """Every name that ``Ref`` uses below."""
    if isinstance(node, list):
        return {name for each in node for name in references(each)}
    if not isinstance(node, dict):
        return set()
    return {node["Ref"]} if "Ref" in node else {name for each in node.values() for name in references(each)}


def test_each_parameter_by_which_the_function_reaches_the_brokers_has_the_topics_applied_again() -> None:
    # SAM makes no version for a parameter's new value: it sees the template as it is written.
    template = raw_template()
    shared, own = template["Globals"]["Function"], template["Resources"][FUNCTION]["Properties"]
    used = references([shared["VpcConfig"], shared["Environment"], own["Environment"]]) & template["Parameters"].keys()
    assert {"SubnetIds", "ClusterArn", "AuthMode", "ScramSecretArn", "BootstrapServers", "TrustedCa"} <= used
    named = references(template["Resources"]["AppliedTopics"]["Properties"])
    # This one says how much is published.
    assert used - named == {"DetailedMetrics"}


def test_another_architecture_has_the_topics_applied_again() -> None:
    assert declared({"Architecture": "x86_64"}, unchanged)["Layer"] != declared({}, unchanged)["Layer"]


def test_the_schedules_run_the_functions_as_they_are_deployed_and_not_a_version_of_them() -> None:
    resources = processed(raw_template())["Resources"]
    schedules = {
        each["Properties"]["Target"]["Arn"]["Fn::GetAtt"][0]: each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::Scheduler::Schedule" and '"check"' in each["Properties"]["Target"].get("Input", "")
    }
    assert schedules.keys() == {FUNCTION, "ConnectFunction"}
    for name, schedule in schedules.items():
        assert schedule["Target"]["Arn"] == {"Fn::GetAtt": [name, "Arn"]}
        # Without a fixed name, or a second stack in the account could not have one.
        assert "Name" not in schedule
    statement = resources["TopicsDriftCheckRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]
    assert statement["Resource"] == schedules[FUNCTION]["Target"]["Arn"]
