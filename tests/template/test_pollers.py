"""The pollers: permissions and rules for the listener that Lambda takes, their group, their log and their metrics."""

from fnmatch import fnmatchcase

import boto3
import pytest
from msk_toolkit.msk.listeners import MSK_PORTS
from msk_toolkit.msk.pollers import CLUSTER_ACTIONS, GROUP_ACTIONS, TOPIC_ACTIONS

from tests.template.stack import CLUSTER, Stack

NO_SECRET = {"ScramSecretArn": "", "ScramSecretKmsKeyArn": ""}
FORWARDED = ("orders", "sensor-readings", "msk-toolkit-heartbeat")
RULES = ("PollerIngress", "PollerEgress")


def stack(mode: str = "scram", **answers: str) -> Stack:
    return Stack(AuthMode=mode, **({} if mode == "scram" else NO_SECRET), **answers)


@pytest.mark.parametrize("mode", ["iam", "tls", "none"])
def test_without_a_secret_the_pollers_may_log_in_with_iam(mode: str) -> None:
    # Lambda takes IAM wherever the cluster has it on, whatever the toolkit's own mode is.
    statements = stack(mode).statements("ForwarderFunction")
    login, topics = statements["LetThePollersLogInAndCommit"], statements["LetThePollersReadTheTopics"]
    assert set(login["Action"]) == {*CLUSTER_ACTIONS, *GROUP_ACTIONS}
    assert login["Resource"] == [CLUSTER, f"{CLUSTER.replace(':cluster/', ':group/')}/shop-*"]
    assert set(topics["Action"]) == set(TOPIC_ACTIONS)
    assert topics["Resource"] == [f"arn:*:kafka:*:*:topic/*/{name}" for name in FORWARDED]
    of_a_mapping = f"{CLUSTER.replace(':cluster/', ':topic/')}/sensor-readings"
    assert [name for name in topics["Resource"] if fnmatchcase(of_a_mapping, name)] == topics["Resource"][1:2]


def test_with_a_secret_the_pollers_have_no_use_for_iam() -> None:
    assert not [action for action in stack().actions("ForwarderFunction") if action.startswith("kafka-cluster:")]


def test_by_default_the_stack_opens_nothing_in_the_clusters_group_but_the_functions_way() -> None:
    deployed = stack()
    for kind in ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"):
        assert not [name for name in deployed.names(kind) if name in RULES]


@pytest.mark.parametrize(
    ("mode", "ports"), [("scram", (9096, 9096)), ("iam", (9098, 9098)), ("tls", (9094, 9098)), ("none", (9092, 9098))]
)
def test_on_demand_of_the_user_the_clusters_group_lets_itself_in_and_out(mode: str, ports: tuple[int, int]) -> None:
    deployed = stack(mode, OpenPollerRule="yes")
    ingress, egress = (deployed.properties(name) for name in RULES)
    for rule in (ingress, egress):
        assert (rule["GroupId"], rule["IpProtocol"]) == ("sg-cluster", "tcp")
        assert (rule["FromPort"], rule["ToPort"]) == ports
        assert not {"CidrIp", "CidrIpv6"} & rule.keys()
    assert ingress["SourceSecurityGroupId"] == egress["DestinationSecurityGroupId"] == "sg-cluster"
    # Every listener that Lambda may take is in it.
    takes = {"scram": ["scram"], "iam": ["iam"], "tls": ["tls", "iam"], "none": ["plaintext", "tls", "iam"]}[mode]
    assert all(ports[0] <= MSK_PORTS[protocol] <= ports[1] for protocol in takes)  # type: ignore[index]  # literals


def test_all_mappings_of_the_stack_share_event_poller_units() -> None:
    deployed = stack(PollerMode="provisioned", HeartbeatTarget="topic:/msk/heartbeat")
    groups = [each["ProvisionedPollerConfig"]["PollerGroupName"] for each in deployed.mappings()]
    assert groups == ["shop"] * 3


def test_provisioned_mappings_write_a_log_and_metrics_that_lambda_has() -> None:
    made = boto3.client("lambda", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="y")
    model = made.meta.service_model
    levels = model.shape_for("EventSourceMappingSystemLogLevel").enum  # type: ignore[attr-defined]
    metrics = model.shape_for("EventSourceMappingMetric").enum  # type: ignore[attr-defined]
    for each in stack(PollerMode="provisioned", HeartbeatTarget="topic:/msk/heartbeat").mappings():
        assert each["LoggingConfig"] == {"SystemLogLevel": "WARN"}
        assert each["MetricsConfig"] == {"Metrics": ["ErrorCount", "KafkaMetrics"]}
        assert each["LoggingConfig"]["SystemLogLevel"] in levels
        assert set(each["MetricsConfig"]["Metrics"]) <= set(metrics)


def test_on_demand_a_mapping_has_neither() -> None:
    assert not [each for each in stack().mappings() if {"LoggingConfig", "MetricsConfig"} & each.keys()]
