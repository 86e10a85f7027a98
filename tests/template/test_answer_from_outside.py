"""CloudFormation is answered by a function that needs no way out of the VPC, and in time."""

from typing import Any

import pytest
from jsonschema import ValidationError
from msk_toolkit.aws.custom_resource import ANSWER_SECONDS

from tests.template.contract.deployed import deployed
from tests.template.processed import processed
from tests.template.stack import ANSWERS, TEMPLATE, Stack, raw_template
from tests.unit.test_documents import check

# A start that takes longer ends the invocation (Lambda's limit for the initialization).
START_SECONDS = 10


def served() -> tuple[dict[str, Any], dict[str, Any]]:
    """The toolkit's own resource, and the function that CloudFormation sends its requests to."""
    resources = processed(raw_template())["Resources"]
    (declared,) = [each["Properties"] for each in resources.values() if each["Type"] == "Custom::DeclaredTopics"]
    return declared, resources[declared["ServiceToken"]["Fn::GetAtt"][0]]["Properties"]


def test_a_vpc_without_any_way_out_does_not_keep_cloudformation_from_its_answer() -> None:
    _, function = served()
    assert "VpcConfig" not in function
    assert "ReservedConcurrentExecutions" not in function


def test_other_stacks_are_served_by_the_same_function() -> None:
    declared, _ = served()
    assert raw_template()["Outputs"]["TopicsFunctionArn"]["Value"] == declared["ServiceToken"]


def test_it_may_invoke_the_topics_function_and_connect_and_no_other() -> None:
    statements = Stack().statements("DeclaredTopicsFunction")
    connect = Stack().properties("ConnectFunction")["FunctionName"]
    assert statements["HaveTheTargetsChecked"]["Action"] == "lambda:InvokeFunction"
    assert statements["HaveTheTargetsChecked"]["Resource"].endswith(f":function:{connect}")
    assert statements["HaveTheTopicsApplied"]["Action"] == "lambda:InvokeFunction"
    assert statements["HaveTheTopicsApplied"]["Resource"] == "arn-of-TopicsFunction"
    assert statements.keys() == {"HaveTheTopicsApplied", "HaveTheTargetsChecked", "AskWhichStacksRollBack"}


def test_it_outlasts_the_topics_function_and_cloudformation_outlasts_it() -> None:
    declared, function = served()
    topics = Stack().properties("TopicsFunction")
    assert topics["Timeout"] + START_SECONDS + ANSWER_SECONDS < function["Timeout"]
    assert function["Timeout"] + START_SECONDS < declared["ServiceTimeout"] <= 120


@pytest.mark.parametrize("kind", ["Custom::DeclaredTopics", "Custom::CheckedTargets"])
def test_the_request_for_a_resource_of_the_template_fits_the_schema_of_the_functions_events(kind: str) -> None:
    (resource,) = deployed(TEMPLATE, ANSWERS).of(kind)
    event = {
        "RequestType": "Create",
        "ResponseURL": "https://signed",
        "StackId": "arn",
        "RequestId": "r",
        "LogicalResourceId": resource.logical_id,
        "ResourceType": kind,
        "ResourceProperties": as_sent(resource.properties),
    }
    check("declared_topics.event", event)
    with pytest.raises(ValidationError):
        check("declared_topics.event", {name: value for name, value in event.items() if name != "StackId"})


def as_sent(properties: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation sends every number as text."""
    return {name: value if isinstance(value, list) else str(value) for name, value in properties.items()}
