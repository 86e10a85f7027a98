"""A stack of 0.1.0 becomes one of this checkout on an emulated CloudFormation, over real brokers: nothing is lost.

The topics function and the one that answers for it run from the checkout, others are stubs: what is looked at is
what CloudFormation does to resources, and what the custom resource does to topics. AWS itself never saw this.
"""

import io
import json
import sysconfig
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from local.aws import emulator
from local.aws.emulator import Brokers, Emulator
from local.aws.refusals import without_refused
from local.aws.resources import Resources, create
from local.kafka import KafkaCluster
from local.processes import Ledger
from tests.integration.kafka_access import wait_until
from tests.integration.topics_runs import stands
from tests.template.processed import processed
from tests.template.stack import raw_template
from tests.template.upgrade import after as stack_of_this_checkout
from tests.template.upgrade import before as stack_of_a_release
from tests.template.upgrade import lost, written

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
PATHS = [
    *(str(ROOT / "functions" / name) for name in ("topics", "declared_topics")),
    str(ROOT / "layers" / "msk_toolkit"),
    sysconfig.get_paths()["purelib"],
]
FROM = "0.1.0"
STACK, TOPIC, LETTER = "shop", "AWSKafkaTutorialTopic", "dead-letters/c/orders/0/00000000000000000001-d.json"
GROUP = f"{STACK}-{TOPIC}"
ANSWERS = {"AuthMode": "none", "ScramSecretArn": "", "ScramSecretKmsKeyArn": "", "ForwardTopics": TOPIC}
_PATH = f"import sys\nsys.path[:0] = {PATHS!r}\n"
_STUB = "def handler(event, context):\n    return None\n"
_REAL = {"TopicsFunction": "topics", "DeclaredTopicsFunction": "declared_topics"}


class CloudFormation:
    """One stack, deployed by change sets as ``sam deploy`` does it."""

    def __init__(self, aws: Emulator, resources: Resources) -> None:
        self.client: Any = aws.session().client("cloudformation", endpoint_url=aws.endpoint)
        self.s3: Any = aws.session().client("s3", endpoint_url=aws.endpoint)
        self._artifacts = f"{aws.endpoint}/{resources.artifact_bucket}"
        self._bucket = resources.artifact_bucket
        given = {**resources.stack_parameters(), **ANSWERS, "VantiqUrl": "https://dev.vantiq.com"}
        self.answers = given

    def plan(self, template: Mapping[str, Any], kind: str) -> set[tuple[str, str]]:
        """Make a change set; answers action and logical id of what it would add and remove."""
        # By way of S3, as SAM does it: the call itself takes 51,200 bytes.
        body = json.dumps(deployable(processed(template, self.answers), kind)).encode()
        self.s3.put_object(Bucket=self._bucket, Key=f"{kind}.template", Body=body)
        parameters = [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in self.answers.items()
            if name in template["Parameters"]
        ]
        self.client.create_change_set(
            StackName=STACK,
            ChangeSetName=kind.lower(),
            ChangeSetType=kind,
            TemplateURL=f"{self._artifacts}/{kind}.template",
            Parameters=parameters,
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        wait_until(lambda: self._planned(kind)["Status"] == "CREATE_COMPLETE", "no change set", 60)
        changes = [each["ResourceChange"] for each in self._planned(kind)["Changes"]]
        return {(each["Action"], each["LogicalResourceId"]) for each in changes}

    def _planned(self, kind: str) -> Any:
        return self.client.describe_change_set(StackName=STACK, ChangeSetName=kind.lower())

    def carry_out(self, kind: str) -> Any:
        """Execute the change set; answers the stack as it stands at the end."""
        self.client.execute_change_set(StackName=STACK, ChangeSetName=kind.lower())
        wait_until(lambda: self._stack()["StackStatus"].endswith(("_COMPLETE", "_FAILED")), "no end", 120)
        return self._stack()

    def _stack(self) -> Any:
        return self.client.describe_stacks(StackName=STACK)["Stacks"][0]

    def ids(self) -> dict[str, str]:
        """Physical ids by logical id."""
        pages = self.client.get_paginator("list_stack_resources").paginate(StackName=STACK)
        found = [each for page in pages for each in page["StackResourceSummaries"]]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}

    def reasons(self) -> list[str]:
        """Why resources failed, for a failing test's message."""
        events = self.client.describe_stack_events(StackName=STACK)["StackEvents"]
        return [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in events if "FAILED" in str(e)]


def deployable(template: dict[str, Any], kind: str) -> dict[str, Any]:
    """Without what the emulator refuses, and with code that it can run.

    It is another one for each ``kind``, as with any upgrade: of the same function Lambda makes no second version.
    """
    slim, _ = without_refused(template)
    for name, resource in slim["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Function":
            code = f"{_PATH}from {_REAL[name]} import handler\n" if name in _REAL else _STUB
            properties |= {"Code": {"ZipFile": f"{code}# {kind}\n"}, "Handler": "index.handler"}
            properties.pop("Layers", None)
            properties.pop("VpcConfig", None)
            if name == "TopicsFunction":
                properties["Environment"]["Variables"]["TOPICS_FILE"] = str(ROOT / "topics.yaml")
        if resource["Type"] == "AWS::Lambda::LayerVersion":
            properties["Content"] = {"S3Bucket": "sam-artifacts", "S3Key": "layer.zip"}
    return slim


def not_deployed(template: Mapping[str, Any], answers: Mapping[str, str]) -> set[str]:
    """What is left out for the emulator."""
    return {refusal.logical_id for refusal in without_refused(processed(template, answers))[1]}


@pytest.fixture
def stack(kafka: KafkaCluster, tmp_path: Path) -> Iterator[CloudFormation]:
    ledger = Ledger(tmp_path / "processes.json")
    try:
        brokers = Brokers(kafka.bootstrap("PLAINTEXT"), "t:1", "s:1")
        aws = emulator.start(ledger, tmp_path, ROOT / ".local/cache", brokers=brokers)
        scram = {"username": "u", "password": "p"}
        resources = create(aws.session(), aws.endpoint, scram=scram, vantiq_token="t")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as layer:
            layer.writestr("python/empty.py", "")
        made = CloudFormation(aws, resources)
        made.s3.put_object(Bucket=resources.artifact_bucket, Key="layer.zip", Body=packed.getvalue())
        yield made
    finally:
        ledger.stop_all()


def test_an_upgrade_from_0_1_0_loses_no_topic_offset_or_letter(stack: CloudFormation, kafka: KafkaCluster) -> None:
    stack.plan(written(FROM), "CREATE")
    assert stack.carry_out("CREATE")["StackStatus"] == "CREATE_COMPLETE", stack.reasons()
    before = stack.ids()
    stack.s3.put_object(Bucket=before["DeadLetterBucket"], Key=LETTER, Body=b"{}")
    commit(kafka, 3)

    told = stack.plan(raw_template(), "UPDATE")
    losses = lost(stack_of_a_release(FROM, stack.answers), stack_of_this_checkout(stack.answers))
    expected = {change.logical_id for change in losses if change.kind == "remove"}
    # An alarm that got metric math since then is one that AWS updates, and the emulator refuses.
    refused = not_deployed(raw_template(), stack.answers) - not_deployed(written(FROM), stack.answers)
    expected |= refused & written(FROM)["Resources"].keys()
    assert {name for action, name in told if action == "Remove"} == expected
    upgraded = stack.carry_out("UPDATE")
    assert upgraded["StackStatus"] == "UPDATE_COMPLETE", stack.reasons()
    assert {each["OutputKey"]: each["OutputValue"] for each in upgraded["Outputs"]}["TopicsStatus"] == "applied"

    after = stack.ids()
    for name in ("DeadLetterBucket", "AlarmTopic", "FunctionSecurityGroup", f"Forward{TOPIC}"):
        assert after[name] == before[name]
    assert stack.s3.get_object(Bucket=after["DeadLetterBucket"], Key=LETTER)["Body"].read() == b"{}"
    topic = stands(kafka, TOPIC)
    assert topic
    assert (topic.partitions, committed(kafka)) == (1, 3)


def commit(kafka: KafkaCluster, offset: int) -> None:
    """Records in the topic, of which the mapping's group has done some."""
    servers = kafka.bootstrap("PLAINTEXT").split(",")
    producer = KafkaProducer(bootstrap_servers=servers, acks="all")
    try:
        for number in range(5):
            producer.send(TOPIC, value=b"%d" % number, partition=0)
        producer.flush(timeout=20)
    finally:
        producer.close(timeout=5)
    consumer = KafkaConsumer(bootstrap_servers=servers, group_id=GROUP, enable_auto_commit=False)
    try:
        consumer.assign([TopicPartition(TOPIC, 0)])
        consumer.commit({TopicPartition(TOPIC, 0): OffsetAndMetadata(offset, "", -1)})
    finally:
        consumer.close()


def committed(kafka: KafkaCluster) -> int | None:
    servers = kafka.bootstrap("PLAINTEXT").split(",")
    consumer = KafkaConsumer(bootstrap_servers=servers, group_id=GROUP, enable_auto_commit=False)
    try:
        found: int | None = consumer.committed(TopicPartition(TOPIC, 0))
        return found
    finally:
        consumer.close()
