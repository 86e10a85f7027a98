"""The alarms: what each watches, a dead man's switch for each probe, and one mail for one fault."""

import re
from typing import Any

import pytest
from msk_toolkit.telemetry.metrics import Metric, Published

from tests.template.stack import Stack, raw_template

ALARM = "AWS::CloudWatch::Alarm"
PROBES = ("Producer", "Consumer")
# What may be on for days, or must never be hidden by what is on already.
OF_THEIR_OWN = {"ProducerLossAlarm", "ConsumerLossAlarm", "CertificateAlarm"}


def watched(alarm: dict[str, Any]) -> dict[str, Any]:
    """Metric, namespace and period that an alarm watches, also below metric math."""
    if "Metrics" not in alarm:
        return alarm
    stat = alarm["Metrics"][0]["MetricStat"]
    return {**stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"]}


def test_every_fault_of_each_probe_has_its_alarm() -> None:
    stack = Stack()
    metrics = {"Faults": "Faults", "Loss": "RecordsLost", "Silent": "Faults"}
    for probe in PROBES:
        for each, metric in metrics.items():
            properties = watched(stack.properties(f"{probe}{each}Alarm"))
            assert properties["MetricName"] == metric
            assert properties["Dimensions"] == [{"Name": "service", "Value": f"shop-{probe.lower()}-probe"}]


def test_every_alarm_watches_a_metric_that_is_published_by_default() -> None:
    stack = Stack(HeartbeatTarget="topic:/heart")
    alarms = [watched(stack.properties(name)) for name in stack.names(ALARM)]
    ours = {each["MetricName"] for each in alarms if each["Namespace"] == "MskVantiqToolkit"}
    due = {metric.value: metric.published for metric in Metric if metric.published is not Published.DETAILED}
    assert ours <= due.keys()
    assert len(ours) >= 8


def test_what_is_published_only_where_it_is_not_zero_is_taken_so_by_its_alarm() -> None:
    stack = Stack()
    sparse = {metric.value for metric in Metric if metric.published is Published.ABNORMAL}
    for name in stack.names(ALARM):
        alarm = stack.properties(name)
        metric = watched(alarm)
        if metric["MetricName"] in sparse:
            assert alarm["TreatMissingData"] == "notBreaching", name
            # The newest real values count, however old: of such a metric a second period in a row says nothing.
            assert alarm["EvaluationPeriods"] == 1, name


def test_idle_monitoring_has_few_alarms_and_none_mails_before_its_metric_can_be_there() -> None:
    stack = Stack()
    assert len(stack.names(ALARM)) <= 18
    assert len(stack.names("AWS::CloudWatch::CompositeAlarm")) == 2
    for name in stack.names(ALARM):
        alarm = stack.properties(name)
        if alarm["TreatMissingData"] == "breaching":
            warm_up = alarm["WarmUpConfiguration"]["WarmUpPeriodDurationInMinutes"]
            assert warm_up * 60 > watched(alarm)["Period"] * alarm["EvaluationPeriods"], name


def test_a_silent_probe_is_an_alarm_and_silence_sets_off_no_other() -> None:
    stack = Stack()
    silent = {f"{probe}SilentAlarm" for probe in PROBES}
    of_probes = [name for name in stack.names(ALARM) if name.startswith(("Producer", "Consumer", "Certificate"))]
    assert {name for name in of_probes if stack.properties(name)["TreatMissingData"] == "breaching"} == silent


def test_one_fault_is_one_mail_whichever_alarms_it_sets_off() -> None:
    stack = Stack()
    of_probes = {name for name in stack.names(ALARM) if name.startswith(PROBES)} - OF_THEIR_OWN
    assert not [name for name in of_probes if "AlarmActions" in stack.properties(name)]
    # As it is written: SAM's local view of a loop's template drops the Sub around names of resources.
    composite = raw_template()["Resources"]["ProbesAlarm"]["Properties"]
    assert set(re.findall(r'ALARM\("\$\{(\w+)\}"\)', composite["AlarmRule"]["Fn::Sub"])) == of_probes
    assert composite["AlarmActions"] == [{"Ref": "AlarmStateTopic"}]


def test_what_keeps_records_from_vantiq_is_one_mail_in_either_mode() -> None:
    composite = raw_template()["Resources"]["ForwarderAlarm"]["Properties"]
    names = set(re.findall(r'ALARM\("\$\{(\w+)\}"\)', composite["AlarmRule"]["Fn::Sub"]))
    assert composite["AlarmActions"] == [{"Ref": "AlarmStateTopic"}]
    stack = Stack()
    metrics = {watched(stack.properties(name))["MetricName"] for name in names}
    # Errors tell of a function that can't start; a partial answer is none, and not every failure is an outage.
    assert metrics == {"Errors", "VantiqOutage", "RecordsReportedBack"}
    assert not [name for name in names if "AlarmActions" in stack.properties(name)]
    # A try may take 120 s: no alarm may want an error in each minute.
    assert all(
        watched(stack.properties(name))["Period"] >= 300 or stack.properties(name)["EvaluationPeriods"] == 1
        for name in names
    )


def test_a_loss_and_a_certificate_are_mailed_whatever_else_is_on() -> None:
    stack = Stack()
    for name in OF_THEIR_OWN:
        assert stack.properties(name)["AlarmActions"] == ["AlarmStateTopic"]
        # Nor do they keep another alarm's mail back.
        for composite in ("ProbesAlarm", "HeartbeatAlarm"):
            assert name not in raw_template()["Resources"][composite]["Properties"]["AlarmRule"]["Fn::Sub"]


def test_the_alarms_topic_takes_what_cloudwatch_sends() -> None:
    # The policy of alias/aws/sns lets no CloudWatch alarm use that key, and can't be changed.
    for topic in ("AlarmStateTopic", "AlarmTopic"):
        assert "KmsMasterKeyId" not in Stack().properties(topic)


@pytest.mark.parametrize("minutes", range(1, 12))
def test_a_probe_runs_often_enough_for_its_alarms(minutes: int) -> None:
    stack = Stack()
    wanted = f"rate({minutes} minute{'s' if minutes > 1 else ''})"
    for probe in PROBES:
        silent = watched(stack.properties(f"{probe}SilentAlarm"))
        in_time = minutes * 60 < silent["Period"] and minutes <= 10
        pattern = raw_template()["Parameters"][f"{probe}ProbeSchedule"]["AllowedPattern"]
        assert bool(re.fullmatch(pattern, wanted)) == in_time
        assert not re.fullmatch(pattern, "cron(0 4 * * ? *)")


def test_the_drift_check_runs_within_each_of_its_alarms_hours() -> None:
    pattern = raw_template()["Parameters"]["DriftCheckSchedule"]["AllowedPattern"]
    allowed = [f"rate({number} {unit})" for number in range(100) for unit in ("minute", "minutes", "hour", "hours")]
    assert [each for each in allowed if re.fullmatch(pattern, each)] == [
        "rate(1 minute)",
        "rate(1 hour)",
        *(f"rate({minutes} minutes)" for minutes in range(2, 61)),
    ]


def test_only_who_names_other_groups_may_look_at_them() -> None:
    def groups(**parameters: str) -> list[str]:
        stack = Stack(AuthMode="iam", ScramSecretArn="", **parameters)
        statements = stack.statements("ConsumerProbeFunction").values()
        named = [
            statement["Resource"] for statement in statements if "kafka-cluster:DescribeGroup" in statement["Action"]
        ]
        return re.findall(r"group/[^'\"]*", str(named))

    # Its own, and the forwarder's.
    assert len(groups()) == 2
    assert len(groups(LagGroups="billing")) == 3


def test_a_probe_may_ask_why_and_the_consumer_probe_knows_the_forwarders_groups() -> None:
    stack = Stack()
    for probe in PROBES:
        actions = stack.actions(f"{probe}ProbeFunction")
        assert {"kafka:DescribeClusterV2", "kafka:ListScramSecrets", "secretsmanager:DescribeSecret"} <= actions
    assert "secretsmanager:DescribeSecret" not in Stack(AuthMode="iam", ScramSecretArn="").actions(
        "ProducerProbeFunction"
    )
    variables = stack.properties("ConsumerProbeFunction")["Environment"]["Variables"]
    groups = {each["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"] for each in stack.mappings()}
    prefix = variables["FORWARD_GROUP_PREFIX"]
    assert {f"{prefix}{topic}" for topic in variables["FORWARD_TOPICS"].split(",")} == groups
