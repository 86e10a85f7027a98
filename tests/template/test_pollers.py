"""The pollers: permissions and rules for the listener that Lambda takes, their group, their log and their metrics."""

import json
import re
from fnmatch import fnmatchcase

import boto3
import pytest
from msk_toolkit.msk.listeners import MSK_PORTS
from msk_toolkit.msk.pollers import CLUSTER_ACTIONS, DESTINATION_ACTIONS, GROUP_ACTIONS, TOPIC_ACTIONS
from msk_toolkit.redrive.request import parse_redrive_request
from msk_toolkit.telemetry.metrics import Metric

from tests.template.stack import CLUSTER, Stack, raw_template

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


GIVING_UP = {"PollerMode": "provisioned", "HeartbeatTarget": "topic:/msk/heartbeat", "GivenUpTopic": "given-up"}


def test_tries_and_age_end_where_the_user_says_and_lambda_takes_the_numbers() -> None:
    deployed = stack(**GIVING_UP, MaximumTries="5", MaximumRecordAge="3600")
    for mapping in deployed.mappings():
        assert (int(mapping["MaximumRetryAttempts"]), int(mapping["MaximumRecordAgeInSeconds"])) == (5, 3600)
        assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": "kafka://given-up"}}
    assert deployed.refusals() == []
    assert [deployed.variables(name)["GIVEN_UP_TOPIC"] for name in ("TopicsFunction", "RedriveFunction")] == [
        "given-up",
        "given-up",
    ]


def test_lambda_takes_every_age_that_the_template_takes_and_no_other() -> None:
    made = boto3.client("lambda", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="y")
    limits = made.meta.service_model.shape_for("MaximumRecordAgeInSeconds").metadata
    assert (limits["min"], limits["max"]) == (-1, 604_800)
    pattern = re.compile(raw_template()["Parameters"]["MaximumRecordAge"]["AllowedPattern"])
    # Between -1 and 60 there is nothing (Lambda's developer guide, retries for Kafka).
    for seconds in range(604_900):
        assert bool(pattern.fullmatch(str(seconds))) == (seconds == 0 or 60 <= seconds <= 604_800), seconds
    tries = raw_template()["Parameters"]["MaximumTries"]
    shape = made.meta.service_model.shape_for("MaximumRetryAttemptsEventSourceMapping").metadata
    assert 1 <= tries["MinValue"] < tries["MaxValue"] == tries["Default"] == shape["max"]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"MaximumTries": "5"}, "MaximumTries requires PollerMode provisioned"),
        ({"MaximumRecordAge": "60"}, "MaximumRecordAge requires PollerMode provisioned"),
        ({"GivenUpTopic": "given-up"}, "GivenUpTopic requires PollerMode provisioned"),
        ({"PollerMode": "provisioned", "GivenUpTopic": "orders"}, "ForwardTopics must not contain GivenUpTopic"),
        ({"PollerMode": "provisioned", "GivenUpTopic": "msk-toolkit-heartbeat"}, "GivenUpTopic must not be ProbeTopic"),
    ],
)
def test_what_could_not_be_or_would_come_again_is_refused(answers: dict[str, str], words: str) -> None:
    (refusal,) = stack(**answers).refusals()
    assert words in refusal


@pytest.mark.parametrize("mode", ["iam", "tls", "none"])
def test_without_a_secret_the_pollers_may_write_to_the_topic_of_what_they_give_up_and_to_no_other(mode: str) -> None:
    statement = stack(mode, **GIVING_UP).statements("ForwarderFunction")["LetThePollersWriteWhatTheyGiveUp"]
    assert set(statement["Action"]) == set(DESTINATION_ACTIONS)
    assert statement["Resource"] == f"{CLUSTER.replace(':cluster/', ':topic/')}/given-up"
    assert "LetThePollersWriteWhatTheyGiveUp" not in stack(mode, PollerMode="provisioned").statements(
        "ForwarderFunction"
    )
    assert ("ReadWhatWasGivenUp" in stack(mode, **GIVING_UP).statements("RedriveFunction")) == (mode == "iam")


def test_what_is_given_up_to_a_topic_becomes_letters_by_itself() -> None:
    (schedule,) = [
        found
        for found in map(stack(**GIVING_UP).properties, stack(**GIVING_UP).names("AWS::Scheduler::Schedule"))
        if found["Target"]["Arn"] == "arn-of-RedriveFunction"
    ]
    request = parse_redrive_request(json.loads(schedule["Target"]["Input"]))
    assert (request.action, request.dry_run) == ("import", False)
    assert "GivenUpImport" not in stack(PollerMode="provisioned").names("AWS::Scheduler::Schedule")


PAID = '{"value": {"status": ["paid"]}}'


@pytest.mark.parametrize("mode", ["on-demand", "provisioned"])
def test_a_filter_is_on_every_forwarded_topic_and_never_on_the_heartbeats(mode: str) -> None:
    mappings = stack(PollerMode=mode, HeartbeatTarget="topic:/msk/heartbeat", RecordFilter=PAID).mappings()
    filtered = {mapping["Topics"][0]: mapping.get("FilterCriteria") for mapping in mappings}
    criteria = {"Filters": [{"Pattern": PAID}]}
    assert filtered == {"orders": criteria, "sensor-readings": criteria, "msk-toolkit-heartbeat": None}
    counted = {mapping["Topics"][0]: (mapping.get("MetricsConfig") or {}).get("Metrics", []) for mapping in mappings}
    assert ("EventCount" in counted["orders"]) == (mode == "provisioned")
    assert "EventCount" not in counted["msk-toolkit-heartbeat"]


def test_without_a_filter_a_mapping_has_none() -> None:
    assert not [mapping for mapping in stack(PollerMode="provisioned").mappings() if "FilterCriteria" in mapping]


def test_a_topic_of_what_is_given_up_that_nobody_can_read_is_an_alarm_and_so_is_a_schedule_that_is_off() -> None:
    alarm = stack(**GIVING_UP).properties("GivenUpUnreadAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("MskVantiqToolkit", Metric.GIVEN_UP_UNREAD)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "shop-redrive"}]
    assert (alarm["Statistic"], alarm["TreatMissingData"]) == ("Minimum", "breaching")
    # Three imports.
    assert alarm["Period"] == 3 * 15 * 60
    assert "GivenUpUnreadAlarm" not in stack(PollerMode="provisioned").names("AWS::CloudWatch::Alarm")
