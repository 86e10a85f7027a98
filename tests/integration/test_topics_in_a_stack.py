"""Stacks that declare topics with the function's ARN, deployed, updated and rolled back by an emulated CloudFormation.

The function runs from the checkout, in a process of the emulator's; the brokers are real. AWS itself never saw this.
"""

import json
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws import emulator
from local.aws.emulator import Brokers, Emulator
from local.kafka import KafkaCluster
from local.processes import Ledger
from tests.integration.kafka_access import new_name, wait_until
from tests.integration.topics_runs import own_config, stands

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
PATHS = [
    *(str(ROOT / "functions" / name) for name in ("topics", "declared_topics")),
    str(ROOT / "layers" / "msk_toolkit"),
    sysconfig.get_paths()["purelib"],
]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    run = tmp_path_factory.mktemp("aws")
    ledger = Ledger(run / "processes.json")
    try:
        yield emulator.start(ledger, run, ROOT / ".local/cache", brokers=Brokers("p:1", "t:1", "s:1"))
    finally:
        ledger.stop_all()


class Stacks:
    """CloudFormation, as far as it goes here."""

    def __init__(self, aws: Emulator) -> None:
        self._cloudformation: Any = aws.session().client("cloudformation", endpoint_url=aws.endpoint)

    def deploy(self, name: str, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> Any:
        """Create or update a stack; answers it as it stands at the end, whichever that is."""
        template = {"Resources": resources, **({"Outputs": outputs} if outputs else {})}
        exists = any(each["StackName"] == name for each in self._cloudformation.describe_stacks()["Stacks"])
        act = self._cloudformation.update_stack if exists else self._cloudformation.create_stack
        act(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
        wait_until(lambda: not self._stack(name)["StackStatus"].endswith("_IN_PROGRESS"), f"{name} does not end", 60)
        return self._stack(name)

    def _stack(self, name: str) -> Any:
        return self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    def failures(self, name: str) -> dict[str, str]:
        """The reasons of the resources that failed in the stack's life."""
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
        return {
            event["LogicalResourceId"]: event.get("ResourceStatusReason", "")
            for page in pages
            for event in page["StackEvents"]
            if event["ResourceStatus"].endswith("_FAILED")
        }


@pytest.fixture(scope="module")
def stacks(aws: Emulator) -> Stacks:
    return Stacks(aws)


def topics_function_at(brokers: str, name: str) -> dict[str, Any]:
    """The topics function as a resource, which runs from the checkout."""
    variables = {"BOOTSTRAP_SERVERS": brokers, "AUTH_MODE": "none", "TOPICS_FILE": str(ROOT / "topics.yaml")}
    return function_of("topics", name, 60, variables)


def answering_for(topics_function: Any, name: str) -> dict[str, Any]:
    """The function that answers CloudFormation in place of the topics function."""
    return function_of("declared_topics", name, 85, {"TOPICS_FUNCTION": topics_function})


def function_of(module: str, name: str, seconds: int, variables: dict[str, Any]) -> dict[str, Any]:
    """A function as a resource, which runs from the checkout."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": name,
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": "arn:aws:iam::000000000000:role/topics",
            "Timeout": seconds,
            "Code": {"ZipFile": f"import sys\nsys.path[:0] = {PATHS!r}\nfrom {module} import handler\n"},
            "Environment": {"Variables": variables},
        },
    }


@pytest.fixture(scope="module", params=["Function", "Answering"])
def topics_function(request: pytest.FixtureRequest, stacks: Stacks, kafka: KafkaCluster) -> str:
    """An ARN that serves other stacks: the topics function's, or that of the function that answers for it."""
    name = f"toolkit-{request.param.lower()}"
    functions = {
        "Function": topics_function_at(kafka.bootstrap("PLAINTEXT"), f"{name}-topics"),
        "Answering": answering_for({"Ref": "Function"}, f"{name}-topics-answer"),
    }
    outputs = {"Arn": {"Value": {"Fn::GetAtt": [request.param, "Arn"]}}}
    stack = stacks.deploy(name, functions, outputs)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    arn: str = stack["Outputs"][0]["OutputValue"]
    return arn


def declared(function: str, name: str, partitions: int, retention: str, **more: Any) -> dict[str, Any]:
    entry = {"name": name, "partitions": partitions, "replication_factor": 3, "config": {"retention.ms": retention}}
    properties = {"ServiceToken": function, "ServiceTimeout": 60, "Topics": [entry]}
    return {"Type": "Custom::DeclaredTopics", "Properties": properties, **more}


def test_a_rollback_takes_grown_topics_as_they_are_and_ends_completely(
    stacks: Stacks, topics_function: str, kafka: KafkaCluster
) -> None:
    name, other, stack = new_name("topic"), new_name("topic"), new_name("orders")
    first = {
        "Orders": declared(topics_function, name, 2, "1h"),
        "Audit": declared(topics_function, other, 4, "1h", DependsOn="Orders"),
    }
    assert stacks.deploy(stack, first)["StackStatus"] == "CREATE_COMPLETE"
    # The first resource can be updated; the second one fails after it.
    second = {
        "Orders": declared(topics_function, name, 4, "2h"),
        "Audit": declared(topics_function, other, 3, "2h", DependsOn="Orders"),
    }
    assert stacks.deploy(stack, second)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.failures(stack)["Audit"].startswith(f"Nothing was changed. {other}: partitions 4 -> 3")
    found = stands(kafka, name)
    assert found
    assert (found.partitions, own_config(kafka, name)) == (4, {"retention.ms": "3600000"})
    assert own_config(kafka, other) == {"retention.ms": "3600000"}


UNREACHED = "not applied: Nothing was changed. no broker can be used: 127.0.0.1:1 fails"


@pytest.mark.parametrize("asked", ["Function", "Answering"])
def test_a_new_stack_whose_brokers_nobody_reaches_comes_up_and_its_output_says_why(stacks: Stacks, asked: str) -> None:
    name = new_name("unreached")
    function = topics_function_at("127.0.0.1:1", f"{name}-topics")
    stack = own_stack(stacks, name, function, asked)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    (output,) = stack["Outputs"]
    assert output["OutputValue"].startswith(UNREACHED)


def test_a_new_stack_whose_topics_function_can_not_even_start_comes_up_and_its_output_says_so(stacks: Stacks) -> None:
    name = new_name("broken")
    function = topics_function_at("127.0.0.1:1", f"{name}-topics")
    function["Properties"]["Code"]["ZipFile"] = "raise ImportError('hush')\n"
    stack = own_stack(stacks, name, function, "Answering")
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    (output,) = stack["Outputs"]
    assert output["OutputValue"].startswith(f"not applied: The outcome is unknown: {name}-topics ended with ")
    assert "hush" not in output["OutputValue"]


def own_stack(stacks: Stacks, name: str, function: dict[str, Any], asked: str) -> Any:
    """A stack with the function, the one that answers for it, and the toolkit's own resource, which asks one."""
    resources = {
        "Function": function,
        "Answering": answering_for({"Ref": "Function"}, f"{name}-topics-answer"),
        "Topics": {"Type": "Custom::DeclaredTopics", "Properties": {"ServiceToken": {"Fn::GetAtt": [asked, "Arn"]}}},
    }
    return stacks.deploy(name, resources, {"TopicsStatus": {"Value": {"Fn::GetAtt": ["Topics", "Status"]}}})
