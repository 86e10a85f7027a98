"""The AWS emulator: what it refuses of the stack, and what it takes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError, WaiterError

from local.aws import emulator, resources
from local.aws.emulator import REGION, Brokers, Emulator
from local.aws.refusals import ALARM, REFUSED_TYPES, without_refused
from local.aws.resources import Resources
from local.event_source_mapping.destination import AwsDestination
from local.event_source_mapping.event import Partition, Record, Source
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.event_source_mapping.outcome import Batch, Condition, Dead
from local.processes import Ledger
from mskv import exits
from mskv.connect_secret import Where, change_secret
from mskv.place import Place
from mskv.scram_plan import Wish
from tests.template.stack import read_template

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    run = tmp_path_factory.mktemp("aws")
    ledger = Ledger(run / "processes.json")
    try:
        yield emulator.start(ledger, run, ROOT / ".local/cache", brokers=Brokers("p:1,p:2", "t:1", "s:1,s:2"))
    finally:
        ledger.stop_all()


@pytest.fixture(scope="module")
def made(aws: Emulator) -> Resources:
    scram = {"username": "test", "password": "secret"}
    return resources.create(aws.session(), aws.endpoint, scram=scram, vantiq_token="token")


@pytest.fixture(scope="module")
def template(made: Resources) -> dict[str, Any]:
    """The checkout's template, as if its code had been uploaded."""
    read = msgspec.json.decode(msgspec.json.encode(read_template(ROOT / "template.yaml")))
    for resource in read["Resources"].values():
        properties = resource.get("Properties", {}) if isinstance(resource, dict) else {}
        for name in {"CodeUri", "ContentUri"} & properties.keys():
            properties[name] = f"s3://{made.artifact_bucket}/code.zip"
    return dict(read)


def change_set(aws: Emulator, made: Resources, template: dict[str, Any]) -> None:
    values = {**made.stack_parameters(), "VantiqUrl": "http://127.0.0.1:1", "ForwardTopics": "orders"}
    # Everything that a condition may leave out: the emulator looks only at what is left.
    values |= {"OpenPollerRule": "yes", "PollerMode": "provisioned", "HeartbeatTarget": "topic:/msk/heartbeat"}
    values["ScramRotationDays"] = "30"
    # As `sam deploy` does: it is too long to be in the request.
    s3 = aws.session().client("s3", endpoint_url=aws.endpoint)
    s3.put_object(Bucket=made.artifact_bucket, Key="trial.template", Body=msgspec.json.encode(template))
    aws.session().client("cloudformation", endpoint_url=aws.endpoint).create_change_set(
        StackName="toolkit",
        ChangeSetName="trial",
        ChangeSetType="CREATE",
        TemplateURL=f"{aws.endpoint}/{made.artifact_bucket}/trial.template",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )


def test_refuses_exactly_what_is_taken_out(aws: Emulator, made: Resources, template: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        change_set(aws, made, template)
    named = ", ".join(sorted(REFUSED_TYPES))
    assert refused.value.response["Error"]["Message"].endswith(f"Unrecognized resource types: [{named}]")


def test_takes_the_rest(aws: Emulator, made: Resources, template: dict[str, Any]) -> None:
    slim, refusals = without_refused(template)
    assert {refusal.type for refusal in refusals} == {*REFUSED_TYPES, ALARM}
    change_set(aws, made, slim)


def test_still_refuses_an_alarm_with_metric_math(aws: Emulator, template: dict[str, Any]) -> None:
    name = "ProducerSilentAlarm"
    alone = {"Mappings": template["Mappings"], "Resources": {name: template["Resources"][name]}}
    body = msgspec.json.encode(alone).decode()
    cloudformation = aws.session().client("cloudformation", endpoint_url=aws.endpoint)
    cloudformation.create_stack(StackName="metric-math", TemplateBody=body)
    waiter = cloudformation.get_waiter("stack_create_complete")
    with pytest.raises(WaiterError):
        waiter.wait(StackName="metric-math", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    events = cloudformation.describe_stack_events(StackName="metric-math")["StackEvents"]
    assert any("metric math" in event.get("ResourceStatusReason", "") for event in events)


def test_msk_answers_with_the_local_brokers(aws: Emulator, made: Resources) -> None:
    msk = aws.session().client("kafka", endpoint_url=aws.endpoint)
    brokers = msk.get_bootstrap_brokers(ClusterArn=made.cluster_arn)
    assert brokers["BootstrapBrokerString"] == "p:1,p:2"
    assert brokers["BootstrapBrokerStringTls"] == "t:1"
    assert brokers["BootstrapBrokerStringSaslScram"] == "s:1,s:2"
    assert msk.list_scram_secrets(ClusterArn=made.cluster_arn)["SecretArnList"] == [made.scram_secret_arn]


def test_msk_gets_the_secret_that_the_command_line_makes(aws: Emulator, made: Resources) -> None:
    place = Place(aws.session(), REGION, "toolkit", aws.endpoint)
    name, where = "AmazonMSK_second", Where(made.cluster_arn, made.kms_key_arn)
    secrets = aws.session().client("secretsmanager", endpoint_url=aws.endpoint)
    msk = aws.session().client("kafka", endpoint_url=aws.endpoint)
    assert change_secret(place, Wish("create", name, "second"), where, "json", yes=True) == exits.OK
    arn = secrets.describe_secret(SecretId=name)["ARN"]
    assert arn in msk.list_scram_secrets(ClusterArn=made.cluster_arn)["SecretArnList"]
    assert json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])["username"] == "second"
    assert change_secret(place, Wish("disassociate", name), where, "json", yes=True) == exits.OK
    assert msk.list_scram_secrets(ClusterArn=made.cluster_arn)["SecretArnList"] == [made.scram_secret_arn]


def test_a_bucket_keeps_what_a_mapping_gives_up(aws: Emulator, made: Resources) -> None:
    mapping = Mapping(
        function_name="forwarder",
        event_source_arn=made.cluster_arn,
        topics=("orders",),
        consumer_group_id="group",
        starting_position=StartingPosition.TRIM_HORIZON,
        on_failure_arn=f"arn:aws:s3:::{made.artifact_bucket}",
    )
    destination = AwsDestination(mapping, Source(made.cluster_arn, "s:1"), "id", aws.session(), aws.endpoint)
    record = Record(Partition("orders", 0), 5, 0, b"\xff")
    destination.deliver(Dead(Batch((record,)), Condition.RETRIES), datetime.now(UTC))
    s3 = aws.session().client("s3", endpoint_url=aws.endpoint)
    (kept,) = s3.list_objects_v2(Bucket=made.artifact_bucket, Prefix="aws/lambda/id/orders-0/")["Contents"]
    body = msgspec.json.decode(s3.get_object(Bucket=made.artifact_bucket, Key=kept["Key"])["Body"].read())
    assert msgspec.json.decode(body["payload"])["records"]["orders-0"][0]["value"] == "/w=="
