"""template.yaml: what a stack gets for each answer, and what every part of it owes."""

import re
from typing import Any

import pytest
from samcli.lib.cfn_language_extensions.exceptions import InvalidTemplateException

from tests.template.stack import CLUSTER, FOR_EVERYTHING, KEY, SECRET, TEMPLATE, Stack, raw_template

FUNCTIONS = (
    "TopicsFunction",
    "DeclaredTopicsFunction",
    "ProducerProbeFunction",
    "ConsumerProbeFunction",
    "ProbeMatrixFunction",
    "StatusFunction",
    "ConnectFunction",
    "DiagnoseFunction",
    "ForwarderFunction",
    "RedriveFunction",
    "AlarmMailFunction",
)
BROKER_FUNCTIONS = ("TopicsFunction", "ProducerProbeFunction", "ConsumerProbeFunction", "DiagnoseFunction")
AUTH_MODES = ("scram", "iam", "tls", "none")
NO_SECRET = {"ScramSecretArn": "", "ScramSecretKmsKeyArn": ""}


def stack(mode: str, **answers: str) -> Stack:
    return Stack(AuthMode=mode, **{**({} if mode == "scram" else NO_SECRET), **answers})


def everything_below(node: Any, key: str) -> list[Any]:
    """The values of ``key`` anywhere in a tree."""
    if isinstance(node, list):
        return [found for each in node for found in everything_below(each, key)]
    if not isinstance(node, dict):
        return []
    found = [found for each in node.values() for found in everything_below(each, key)]
    return [*found, node[key]] if key in node else found


@pytest.mark.parametrize(("mode", "port"), [("scram", 9096), ("iam", 9098), ("tls", 9094), ("none", 9092)])
def test_the_cluster_lets_the_functions_in_on_the_listeners_port_alone(mode: str, port: int) -> None:
    rule = stack(mode).properties("ClusterIngress")
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (port, port, "tcp")
    assert (rule["GroupId"], rule["SourceSecurityGroupId"]) == ("sg-cluster", "FunctionSecurityGroup")
    assert not {"CidrIp", "CidrIpv6"} & rule.keys()


@pytest.mark.parametrize("mode", AUTH_MODES)
def test_each_topic_gets_a_mapping_that_logs_in_as_the_auth_mode_says(mode: str) -> None:
    mappings = stack(mode).mappings()
    assert [each["Topics"] for each in mappings] == [["orders"], ["sensor-readings"]]
    expected = [{"Type": "SASL_SCRAM_512_AUTH", "URI": SECRET}] if mode == "scram" else None
    assert [each.get("SourceAccessConfigurations") for each in mappings] == [expected, expected]
    assert {each["EventSourceArn"] for each in mappings} == {CLUSTER}
    groups = [each["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"] for each in mappings]
    assert groups == ["shop-orders", "shop-sensor-readings"]


@pytest.mark.parametrize("mode", AUTH_MODES)
@pytest.mark.parametrize("function", BROKER_FUNCTIONS)
def test_a_function_that_speaks_to_brokers_may_do_what_its_auth_mode_needs(mode: str, function: str) -> None:
    found = stack(mode).actions(function)
    assert "kafka:GetBootstrapBrokers" in found
    assert ({"secretsmanager:GetSecretValue", "kms:Decrypt"} <= found) == (mode == "scram")
    assert ("kafka-cluster:Connect" in found) == (mode == "iam")
    if mode in {"tls", "none"}:
        assert not {action for action in found if action.startswith(("kafka-cluster:", "secretsmanager:", "kms:"))}


@pytest.mark.parametrize("mode", AUTH_MODES)
def test_the_pollers_may_log_in_with_the_forwarders_role(mode: str) -> None:
    found = stack(mode)
    policies = found.properties("ForwarderFunction")["Policies"]
    assert "arn:aws:iam::aws:policy/service-role/AWSLambdaMSKExecutionRole" in policies
    statements = found.statements("ForwarderFunction")
    granted = {
        (statement["Action"], statement["Resource"])
        for statement in statements.values()
        if isinstance(statement["Action"], str)
    }
    needed = {
        ("kafka:ListScramSecrets", CLUSTER),
        ("secretsmanager:GetSecretValue", SECRET),
        ("kms:Decrypt", KEY),
    }
    assert (granted & needed) == (needed if mode == "scram" else set())


@pytest.mark.parametrize(
    ("function", "never"),
    [
        ("ConsumerProbeFunction", {"WriteData", "CreateTopic"}),
        ("ForwarderFunction", {"WriteData", "CreateTopic"}),
        ("ProducerProbeFunction", {"CreateTopic", "AlterGroup"}),
        ("TopicsFunction", {"WriteData"}),
        ("DiagnoseFunction", {"CreateTopic", "AlterTopic", "DeleteTopic"}),
    ],
)
def test_with_iam_no_function_may_do_anothers_work(function: str, never: set[str]) -> None:
    assert not stack("iam").actions(function) & {f"kafka-cluster:{action}" for action in never}


MODE_PROPERTIES = {
    "ProvisionedPollerConfig",
    "FunctionResponseTypes",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "LoggingConfig",
    "MetricsConfig",
}


def test_on_demand_a_mapping_has_nothing_that_ends_its_retries() -> None:
    found = stack("scram", PollerMode="on-demand")
    assert all(not MODE_PROPERTIES & each.keys() for each in found.mappings())
    assert found.variables("ForwarderFunction")["POLLER_MODE"] == "on-demand"
    assert "LookAtItsMapping" not in found.statements("ForwarderFunction")


def test_provisioned_a_mapping_takes_partial_answers_and_the_function_is_told() -> None:
    found = stack("scram", PollerMode="provisioned", MinimumPollers="2", MaximumPollers="4")
    for mapping in found.mappings():
        assert mapping.keys() >= MODE_PROPERTIES
        numbers = [str(mapping["ProvisionedPollerConfig"][f"{each}Pollers"]) for each in ("Minimum", "Maximum")]
        assert numbers == ["2", "4"]
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": "arn-of-DeadLetterBucket"}}
        # Without a limit a destination means ten attempts.
        assert mapping["MaximumRetryAttempts"] >= 10_000
        # A record that is older than a week would never be tried.
        assert mapping["MaximumRecordAgeInSeconds"] == -1
    assert found.variables("ForwarderFunction")["POLLER_MODE"] == "provisioned"
    # Without it the function could not hold the one against the other.
    assert found.statements("ForwarderFunction")["LookAtItsMapping"]["Action"] == "lambda:ListEventSourceMappings"


@pytest.mark.parametrize(("answers", "ports"), [({}, [443]), ({"VantiqPort": "8443"}, [443, 8443])])
def test_the_functions_may_leave_for_vantiqs_port(answers: dict[str, str], ports: list[int]) -> None:
    rules = stack("scram", **answers).properties("FunctionSecurityGroup")["SecurityGroupEgress"]
    assert [int(rule["FromPort"]) for rule in rules if rule.get("CidrIp") == "0.0.0.0/0"] == ports
    assert all(rule["FromPort"] == rule["ToPort"] for rule in rules if rule.get("CidrIp"))


@pytest.mark.parametrize("url", ["https://dev.vantiq.com/", "http://10.0.5.6", "https://a/b", "dev.vantiq.com"])
def test_an_address_of_which_the_port_is_not_told_is_refused(url: str) -> None:
    assert not re.fullmatch(raw_template()["Parameters"]["VantiqUrl"]["AllowedPattern"], url)


@pytest.mark.parametrize("parameter", ["VantiqTarget", "HeartbeatTarget"])
@pytest.mark.parametrize(
    "target", ["topic:/sensor-readings", "topic:/a.b", "topic:/a_b", "topic:a", "topic:/", "queue:/a"]
)
def test_a_target_that_is_no_name_in_vantiq_is_refused_before_it_is_deployed(parameter: str, target: str) -> None:
    assert not re.fullmatch(raw_template()["Parameters"][parameter]["AllowedPattern"], target)


def test_another_cluster_has_the_topics_applied_again() -> None:
    parameters = raw_template()["Resources"]["AppliedTopics"]["Properties"]
    for name in ("ClusterArn", "BootstrapServers", "AuthMode", "ClusterKind"):
        assert parameters[name] == {"Ref": name}


@pytest.mark.parametrize("mode", AUTH_MODES)
def test_possible_combinations_are_accepted(mode: str) -> None:
    assert stack(mode).refusals() == []


@pytest.mark.parametrize(
    ("mode", "answers", "words"),
    [
        ("scram", {"ScramSecretArn": ""}, "requires ScramSecretArn"),
        ("scram", {"ScramSecretKmsKeyArn": ""}, "requires ScramSecretKmsKeyArn"),
        ("iam", {"ScramSecretArn": SECRET}, "ScramSecretArn is only valid with AuthMode scram"),
        ("none", {"TrustedCa": "-----BEGIN CERTIFICATE-----"}, "TrustedCa cannot be used"),
        (
            "iam",
            {"HeartbeatTarget": "topic:/msk/heartbeat", "ForwardTopics": "orders,beats", "ProbeTopic": "beats"},
            "ForwardTopics must not contain ProbeTopic",
        ),
    ],
)
def test_impossible_combinations_are_refused_before_anything_is_touched(
    mode: str, answers: dict[str, str], words: str
) -> None:
    (said,) = stack(mode, **answers).refusals()
    assert words in said


def test_subnets_of_another_vpc_are_refused() -> None:
    (assertion,) = raw_template()["Rules"]["SubnetsLieInTheVpc"]["Assertions"]
    assert "Fn::EachMemberIn" in assertion["Assert"]


def test_every_parameter_is_described_and_stands_in_one_group() -> None:
    template = raw_template()
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    for name, parameter in template["Parameters"].items():
        assert len(parameter.get("Description", "")) > 10, name
        if "AllowedPattern" in parameter and "Default" in parameter:
            assert re.search(parameter["AllowedPattern"], parameter["Default"]), name


def test_every_output_is_described() -> None:
    assert all(output.get("Description") for output in raw_template()["Outputs"].values())


def test_every_permission_says_what_it_is_for() -> None:
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    sids = [number for number, line in enumerate(lines) if line.strip().startswith("- Sid:")]
    assert len(sids) >= 10
    for number in sids:
        above = number - 1
        while re.fullmatch(r"- (!If|Is\w+|Has\w+)", lines[above].strip()):
            above -= 1
        assert lines[above].strip().startswith("#"), f"line {number + 1}: {lines[number].strip()}"


def test_no_permission_is_for_every_resource() -> None:
    resources = everything_below(raw_template()["Resources"], "Statement")
    named = everything_below(resources, "Resource")
    assert len(named) >= 10
    everywhere = stack("iam", PollerMode="provisioned")
    statements = [each for function in FUNCTIONS for each in everywhere.statements(function).values()]
    for statement in statements:
        if statement["Resource"] in ("*", ["*"]):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert {*actions} <= FOR_EVERYTHING
    # One each of connect, topics, declared topics, the forwarder and its pollers outside MSK; diagnose reads networks
    # and the mappings' states; status lists mappings and alarms. Three are denials. Glue's schemas: read by the
    # forwarder, the redrive or the pollers, and then denied to the forwarder.
    assert [each for each in named if each == "*" or (isinstance(each, list) and "*" in each)] == ["*"] * 16
    actions = [each["Action"] for each in statements]
    flat = [action for each in actions for action in ([each] if isinstance(each, str) else each)]
    assert not [action for action in flat if action.endswith("*")]


def test_every_function_has_its_own_role_log_group_memory_and_time_out() -> None:
    found = stack("scram")
    assert tuple(found.names("AWS::Serverless::Function")) == FUNCTIONS
    groups = []
    for name in FUNCTIONS:
        function = found.properties(name)
        # Without a Role of its own SAM makes one for the function alone.
        assert "Role" not in function, name
        assert function["MemorySize"] >= 128
        assert 0 < function["Timeout"] <= 1800
        group = function["LoggingConfig"]["LogGroup"]
        groups.append(group)
        logs = found.properties(group)
        assert logs["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"
        assert str(logs["RetentionInDays"]) == "30"
    assert len(set(groups)) == len(FUNCTIONS)


@pytest.mark.parametrize("function", BROKER_FUNCTIONS)
def test_a_function_of_which_two_at_once_would_be_wrong_runs_alone(function: str) -> None:
    assert stack("scram").properties(function)["ReservedConcurrentExecutions"] == 1


def test_dead_letters_outlive_the_stack() -> None:
    bucket = raw_template()["Resources"]["DeadLetterBucket"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_a_mapping_is_made_when_its_topic_is_there() -> None:
    found = stack("scram")
    for name in found.names("AWS::Lambda::EventSourceMapping"):
        assert found.template["Resources"][name]["DependsOn"] == "AppliedTopics"


def test_topics_whose_mappings_would_have_one_logical_id_are_refused_before_anything_is_touched() -> None:
    # A logical id holds letters and digits only: &{TopicName} leaves out the rest.
    with pytest.raises(InvalidTemplateException, match="conflict with existing entries: Forwardsensorreadings"):
        Stack(ForwardTopics="sensor-readings,sensor.readings")
