"""What the pollers' role needs, by login and by mapping; and how Lambda and IAM are asked."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from msk_toolkit.aws.mappings import MappingState, mapping_states
from msk_toolkit.aws.permissions import denied_actions
from msk_toolkit.diagnose.mapping import MappingFacts, mapping_findings
from msk_toolkit.diagnose.poller_role import MAX_MAPPINGS, poller_actions
from msk_toolkit.errors import AwsError
from msk_toolkit.msk.pollers import PollerListener

from tests.fakes.networks import BROKERS_SIDE, open_facts, pollers

CLUSTER = "arn:aws:kafka:eu-central-1:123456789012:cluster/demo/1"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_demo-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
UUIDS = [f"{number}" * 36 for number in (1, 2)]
ROLE = "arn:aws:iam::123456789012:role/forwarder"
SCRAM, IAM, PLAINTEXT = PollerListener("scram"), PollerListener("iam"), PollerListener("plaintext")


def test_what_the_role_needs_follows_the_login() -> None:
    alias = "arn:aws:kms:eu-central-1:123456789012:alias/msk"
    assert set(poller_actions(SCRAM, CLUSTER, SECRET, alias)) == {"*", CLUSTER, SECRET}
    scram = poller_actions(SCRAM, CLUSTER, SECRET, KEY)
    assert scram[SECRET] == ("secretsmanager:GetSecretValue",)
    assert scram[KEY] == ("kms:Decrypt",)
    assert "kafka:ListScramSecrets" in scram[CLUSTER]
    assert set(poller_actions(PLAINTEXT, CLUSTER, SECRET, KEY)) == {"*", CLUSTER}


def mapping(topic: str, **more: Any) -> MappingState:
    return MappingState(f"uuid-{topic}", [topic], "Enabled", "", "OK", False, **more)


def test_with_iam_every_action_of_awss_list_is_tried_on_the_mappings_own_topic_and_group() -> None:
    states = [mapping("orders", consumer_group="shop-orders"), mapping("a.b")]
    actions = poller_actions(IAM, CLUSTER, "", "", states)
    topic, group = (CLUSTER.replace(":cluster/", f":{kind}/") for kind in ("topic", "group"))
    assert {"kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration"} < set(actions[CLUSTER])
    reading, standing = ("DescribeTopic", "ReadData"), ("DescribeGroup", "AlterGroup")
    assert actions[f"{topic}/orders"] == actions[f"{topic}/a.b"] == tuple(f"kafka-cluster:{one}" for one in reading)
    # Without a group of its own Lambda takes the mapping's UUID.
    assert actions[f"{group}/shop-orders"] == actions[f"{group}/uuid-a.b"]
    assert actions[f"{group}/shop-orders"] == tuple(f"kafka-cluster:{one}" for one in standing)


def test_the_on_failure_bucket_is_tried_as_well() -> None:
    actions = poller_actions(SCRAM, CLUSTER, SECRET, KEY, [mapping("orders", destination="arn:aws:s3:::letters")])
    assert (actions["arn:aws:s3:::letters"], actions["arn:aws:s3:::letters/*"]) == (
        ("s3:ListBucket",),
        ("s3:PutObject",),
    )


def test_the_on_failure_topic_is_tried_where_iam_decides_about_it() -> None:
    states = [mapping("orders", destination="kafka://given-up")]
    topic = f"{CLUSTER.replace(':cluster/', ':topic/')}/given-up"
    assert poller_actions(IAM, CLUSTER, "", "", states)[topic] == (
        "kafka-cluster:DescribeTopic",
        "kafka-cluster:WriteData",
    )
    assert topic not in poller_actions(SCRAM, CLUSTER, SECRET, KEY, states)


def test_of_many_mappings_the_first_are_tried_and_the_rest_is_told() -> None:
    states = [mapping(f"t-{number}") for number in range(MAX_MAPPINGS + 3)]
    assert sum(":topic/" in resource for resource in poller_actions(IAM, CLUSTER, "", "", states)) == MAX_MAPPINGS
    facts = MappingFacts(states=states, denied=[])
    (finding,) = mapping_findings(open_facts(), BROKERS_SIDE, pollers("iam", takes="iam", ports=[9096]), facts)
    assert (finding.code, finding.severity) == ("not-read", "note")
    assert "of 3 more mappings were not checked" in finding.text


def stubbed(service: str) -> tuple[Any, Stubber]:
    made: Any = boto3.client(
        service,  # type: ignore[call-overload]  # the name is a variable
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return made, Stubber(made)


def test_iams_simulation_is_read_page_by_page_and_resource_by_resource() -> None:
    iam, stub = stubbed("iam")
    asked = {"PolicySourceArn": ROLE, "ActionNames": ["a:One", "a:Two"], "ResourceArns": [SECRET]}
    allowed = {"EvalActionName": "a:One", "EvalDecision": "allowed"}
    implicit = {"EvalActionName": "a:Two", "EvalDecision": "implicitDeny"}
    explicit = {"EvalActionName": "a:Three", "EvalDecision": "explicitDeny"}
    pages = "simulate_principal_policy"
    stub.add_response(pages, {"EvaluationResults": [allowed], "IsTruncated": True, "Marker": "m"}, asked)
    stub.add_response(pages, {"EvaluationResults": [implicit], "IsTruncated": False}, {**asked, "Marker": "m"})
    stub.add_response(pages, {"EvaluationResults": [explicit], "IsTruncated": False})
    with stub:
        found = denied_actions(iam, ROLE, {SECRET: ["a:One", "a:Two"], KEY: ["a:Three"]})
    assert found == [("a:Two", SECRET), ("a:Three", KEY)]


def test_the_mappings_states_are_read_page_by_page() -> None:
    client, stub = stubbed("lambda")
    asked = {"FunctionName": "forwarder", "EventSourceArn": CLUSTER}
    one = {"UUID": UUIDS[0], "Topics": ["orders"], "State": "Enabled", "LastProcessingResult": "OK"}
    two = {
        "UUID": UUIDS[1],
        "State": "Disabled",
        "ProvisionedPollerConfig": {"MinimumPollers": 1, "MaximumPollers": 3, "PollerGroupName": "shop"},
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "shop-a"},
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::letters"}},
    }
    stub.add_response("list_event_source_mappings", {"EventSourceMappings": [one], "NextMarker": "m"}, asked)
    stub.add_response("list_event_source_mappings", {"EventSourceMappings": [two]}, {**asked, "Marker": "m"})
    with stub:
        assert mapping_states(client, "forwarder", CLUSTER) == [
            MappingState(UUIDS[0], ["orders"], "Enabled", "", "OK", False),
            MappingState(UUIDS[1], [], "Disabled", "", "", True, "shop-a", 1, 3, "shop", "arn:aws:s3:::letters"),
        ]
    stub = Stubber(client)
    stub.add_client_error("list_event_source_mappings", "AccessDeniedException")
    with stub, pytest.raises(AwsError, match="lambda:ListEventSourceMappings: access denied"):
        mapping_states(client, "forwarder", CLUSTER)
