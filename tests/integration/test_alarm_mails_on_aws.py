"""Alarm mails on the emulator: real state changes, the template's topics and permissions, the function itself.

The state of the path is a stub's answer. A queue gets the mails, in the local emulator as text. AWS itself never saw
this.
"""

import json
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msk_toolkit.status.judge import path_status

from local.aws import emulator
from local.aws.emulator import Brokers, Emulator
from local.aws.refusals import without_refused
from local.processes import Ledger
from tests.fakes.alarm_events import alarm_message, sns_event
from tests.fakes.path_facts import faulty_facts
from tests.integration.kafka_access import wait_until
from tests.template.processed import processed
from tests.template.stack import ANSWERS, raw_template

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
STACK, ALARM = "shop", "TargetsUnfitAlarm"
PATHS = [
    str(ROOT / "functions" / "alarm_mail"),
    str(ROOT / "layers" / "msk_toolkit"),
    sysconfig.get_paths()["purelib"],
]
CODE = {
    "AlarmMailFunction": f"import sys\nsys.path[:0] = {PATHS!r}\nfrom alarm_mail import handler\n",
    "StatusFunction": f"""
import json
ANSWER = {msgspec.json.encode(path_status(faulty_facts())).decode()!r}
def handler(event, context):
    return json.loads(ANSWER)
""",
}
PARTS = ("AlarmTopic", "AlarmState", "AlarmMail", "StatusFunction", "StatusLogs", "OwnLogsPolicy", ALARM)
# A Lambda function starts anew, and loads boto3.
SECONDS = 90


def deployable() -> dict[str, Any]:
    """The template's resources for mails, and one alarm that the emulator takes, with code that it can run."""
    slim, _ = without_refused(processed(raw_template(), {"AlarmEmail": ""}))
    resources = {name: each for name, each in slim["Resources"].items() if name.startswith(PARTS)}
    for name, resource in resources.items():
        resource.pop("DependsOn", None)
        properties = resource.get("Properties", {})
        if name in CODE:
            properties |= {"Code": {"ZipFile": CODE[name]}, "Handler": "index.handler"}
            properties.pop("Layers", None)
            properties["Environment"]["Variables"] = {
                variable: value
                for variable, value in properties["Environment"]["Variables"].items()
                if variable in {"STACK_NAME", "ALARM_TOPIC_ARN"}
            }
        if name == "StatusFunctionRole":
            properties["Policies"] = []
    # The emulator takes 51,200 characters, as CloudFormation does of a template that is not in a bucket.
    parameters = {name: {**each, "Description": ""} for name, each in slim["Parameters"].items()}
    return {**slim, "Parameters": parameters, "Resources": resources, "Metadata": {}, "Rules": {}, "Outputs": {}}


class Stack:
    """The deployed part of the stack, with a queue for its mails."""

    def __init__(self, aws: Emulator) -> None:
        self._aws = aws
        cloudformation = self.client("cloudformation")
        template = deployable()
        cloudformation.create_stack(
            StackName=STACK,
            TemplateBody=json.dumps(template),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in ANSWERS.items()
                if name in template["Parameters"]
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )

        def status() -> str:
            return str(cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])

        wait_until(lambda: status().endswith(("_COMPLETE", "_FAILED")), "no end of the deployment", 120)
        events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        assert status() == "CREATE_COMPLETE", [e.get("ResourceStatusReason") for e in events if "FAILED" in str(e)]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
        found = [each for page in pages for each in page["StackResourceSummaries"]]
        self.ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
        self._queue = self.client("sqs").create_queue(QueueName="mails")["QueueUrl"]
        arn = self.client("sqs").get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        self.client("sns").subscribe(
            TopicArn=self.ids["AlarmTopic"], Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
        )

    def client(self, service: str) -> Any:
        session: Any = self._aws.session()
        return session.client(service, endpoint_url=self._aws.endpoint)

    def enter(self, alarm: str, state: str) -> None:
        """Set an alarm's state, as an evaluation would."""
        self.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue=state, StateReason=f"is {state}")

    def mail(self) -> dict[str, Any]:
        """The next mail as SNS delivers it."""
        received: list[dict[str, Any]] = []

        def has_arrived() -> bool:
            messages = self.client("sqs").receive_message(QueueUrl=self._queue, MaxNumberOfMessages=1)
            for message in messages.get("Messages", []):
                self.client("sqs").delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
                received.append(json.loads(message["Body"]))
            return bool(received)

        wait_until(has_arrived, "no mail", SECONDS)
        return received[0]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    run = tmp_path_factory.mktemp("aws")
    ledger = Ledger(run / "processes.json")
    try:
        brokers, cache = Brokers("", "", ""), ROOT / ".local/cache"
        yield Stack(emulator.start(ledger, run, cache, brokers=brokers, alarm_actions=True))
    finally:
        ledger.stop_all()


def test_an_alarm_that_goes_off_and_ends_is_two_mails(stack: Stack) -> None:
    alarm = stack.ids[ALARM]
    # As after its creation: no mail.
    stack.enter(alarm, "OK")
    stack.enter(alarm, "ALARM")
    first = stack.mail()
    assert first["Subject"] == "[shop] A target in Vantiq would not store the records"
    # The stub's state of the path.
    assert "sensor-readings: not polling; 120,004 wait" in first["Message"]
    stack.enter(alarm, "OK")
    second = stack.mail()
    # Since when is read from the function's own log.
    assert re.match(r"\[shop\] Over after \d+ s: Every target in Vantiq stores the records$", second["Subject"])
    assert "WAS     A target in Vantiq would not store the records." in second["Message"]


def test_a_composite_alarm_is_explained_by_the_path(stack: Stack) -> None:
    topic = stack.ids["AlarmStateTopic"]
    stack.client("cloudwatch").put_composite_alarm(
        AlarmName="shop-forwarder", AlarmRule="FALSE", AlarmActions=[topic], OKActions=[topic]
    )
    stack.enter("shop-forwarder", "OK")
    stack.enter("shop-forwarder", "ALARM")
    mail = stack.mail()
    assert mail["Subject"] == "[shop] 124,215 records wait: Vantiq does not accept the access token (401)"
    assert "RUN     mskv token set" in "\n".join(mail["Message"].splitlines()[:5])


def test_what_ends_the_function_twice_is_a_plain_mail_of_lambda(stack: Stack) -> None:
    function = stack.ids["AlarmMailFunction"]
    stack.client("lambda").update_function_configuration(
        FunctionName=function, Environment={"Variables": {"STACK_NAME": STACK}}
    )
    event = sns_event(alarm_message("shop-forwarder"))
    # As SNS invokes it on AWS; the emulator's SNS does not retry.
    stack.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))
    record = json.loads(stack.mail()["Message"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert json.loads(record["requestPayload"]["Records"][0]["Sns"]["Message"])["AlarmName"] == "shop-forwarder"
