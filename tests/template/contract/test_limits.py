"""No answer makes an environment, a policy or the template larger than AWS takes: what could is refused before."""

import itertools
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from msk_toolkit.topics.stack_findings import ENVIRONMENTS, PARAMETER_BYTES, stack_findings, variable_sizes

from tests.template.contract.deployed import REGION, SAMPLE, Deployed, Resource, deployed, stacks
from tests.template.stack import ANSWERS, TEMPLATE, raw_template, read_template

LAMBDA_ENVIRONMENT = 4096  # bytes, names and values (Lambda's quotas)
PARAMETER = 4096  # bytes of a parameter's value (CloudFormation's quotas, like those below)
PARAMETERS, RESOURCES, OUTPUTS = 200, 500, 200
DESCRIPTION, TEMPLATE_IN_S3, TEMPLATE_IN_THE_REQUEST = 1024, 1_000_000, 51_200
DASHBOARD = 51_200  # bytes of a body (CloudWatch's quotas)
INLINE_POLICIES, MANAGED_POLICY, TRUST_POLICY = 10_240, 6_144, 2_048  # characters without white space (IAM's quotas)
MANAGED_POLICIES_OF_A_ROLE = 10
# A cluster's and a secret's names may be long.
LONG_ARNS = {
    "ClusterArn": f"arn:aws:kafka:{REGION}:123456789012:cluster/{'c' * 64}/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5",
    "ScramSecretArn": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:AmazonMSK_{'s' * 100}-AbCdEf",
    "VantiqTokenSecretArn": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:{'v' * 100}-AbCdEf",
    "SubnetIds": ",".join(f"subnet-{number:017x}" for number in range(16)),
    "ProbeTopic": "p" * 249,
    "HeartbeatTarget": "topic:/" + "h" * 293,
    "VantiqTarget": "topic:/" + "v" * 293,
    "VantiqUrl": "https://" + "u" * 192,
}
PROXY = {
    "VantiqProxy": f"http://{'p' * 187}:3128",
    "VantiqProxySecretArn": LONG_ARNS["VantiqTokenSecretArn"],
    "NoProxy": "n" * 300,
}


def longest(name: str) -> str:
    return "x" * int(raw_template()["Parameters"][name]["MaxLength"])


def environment_bytes(function: Resource) -> int:
    variables = function.properties.get("Environment", {}).get("Variables", {})
    return sum(len(name.encode()) + len(str(value).encode()) for name, value in variables.items())


@cache
def large_stacks() -> list[Deployed]:
    return [deployed(TEMPLATE, answers) for answers in large_answers()]


def large_answers() -> Iterator[dict[str, str]]:
    topics = ("orders", *(",".join(f"plant-{n:03}.{'r' * length}" for n in range(100)) for length in (5, 60)))
    switches = itertools.product((0, 1), repeat=5)
    for names, (ca, vantiq_ca, groups, servers, routes) in itertools.product(topics, switches):
        yield {
            **ANSWERS,
            **LONG_ARNS,
            "TrustedCa": longest("TrustedCa") * ca,
            "VantiqTrustedCa": longest("VantiqTrustedCa") * vantiq_ca,
            "ForwardTopics": names,
            "LagGroups": longest("LagGroups") * groups,
            "BootstrapServers": ("b" * 507 + ":9096") * servers,
            "SetAside": longest("SetAside"),
            "AdvancedSettings": longest("AdvancedSettings"),
            "VantiqNamespace": longest("VantiqNamespace") * routes,
            "VantiqRoutes": longest("VantiqRoutes") * routes,
        }
    for routes in (0, 1500):
        yield {**ANSWERS, **LONG_ARNS, **PROXY, "VantiqRoutes": "x" * routes}


def refused(stack: Deployed) -> bool:
    """Whether the custom resource refuses these answers, before a function that would be too large is made."""
    (declared,) = stack.of("Custom::DeclaredTopics")
    return any("exceed Lambda's limit of 4 KB" in finding for finding in stack_findings(declared.properties, REGION))


def test_an_environment_fits_or_its_parameters_are_refused() -> None:
    accepted = 0
    for stack in large_stacks():
        too_large = {
            each.logical_id
            for each in stack.of("AWS::Lambda::Function")
            if environment_bytes(each) > LAMBDA_ENVIRONMENT
        }
        if refused(stack):
            continue
        accepted += 1
        assert too_large == set(), {name: len(value) for name, value in stack.answers.items()}
    assert accepted >= 4


def test_what_is_too_large_for_a_function_that_stands_first_is_refused_by_its_parameters_lengths() -> None:
    # The others are not made after AppliedTopics, so nobody would refuse their variables.
    waiting = {
        "ConnectFunction",
        "ConsumerProbeFunction",
        "DiagnoseFunction",
        "ForwarderFunction",
        "ProducerProbeFunction",
        "RedriveFunction",
        "StatusFunction",
    }
    for stack in large_stacks():
        for function in stack.of("AWS::Lambda::Function"):
            # The topics function is what would refuse; Lambda refuses itself, before a topic is touched.
            checked = function.logical_id not in {*waiting, "TopicsFunction"}
            assert not checked or environment_bytes(function) <= LAMBDA_ENVIRONMENT, function.logical_id
    for name in waiting:
        assert raw_template()["Resources"][name]["DependsOn"] == "AppliedTopics"


FUNCTIONS = {
    "consumer probe": "ConsumerProbeFunction",
    "connect function": "ConnectFunction",
    "diagnose function": "DiagnoseFunction",
    "forwarder": "ForwarderFunction",
    "redrive": "RedriveFunction",
    "status function": "StatusFunction",
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_left_for_names_and_other_variables_is_enough_for_the_longest(function: str) -> None:
    assert ENVIRONMENTS.keys() == FUNCTIONS.keys()
    for stack in large_stacks():
        (declared,) = stack.of("Custom::DeclaredTopics")
        given = {name: value for name, value in declared.properties.items() if value}
        counted = sum(variable_sizes(given, (*ENVIRONMENTS[function], "AdvancedSettings")).values())
        (made,) = [each for each in stack.of("AWS::Lambda::Function") if each.logical_id == FUNCTIONS[function]]
        assert environment_bytes(made) - counted <= LAMBDA_ENVIRONMENT - PARAMETER_BYTES


def test_an_authority_with_the_longest_usual_key_fits_beside_ordinary_answers() -> None:
    answers = {**ANSWERS, "TrustedCa": longest("TrustedCa"), "HeartbeatTarget": "topic:/msk/heartbeat"}
    assert not refused(deployed(TEMPLATE, answers))


def policies(stack: Deployed) -> Iterator[tuple[str, int, int]]:
    """Place, length without white space and limit of each policy."""
    for role in stack.of("AWS::IAM::Role"):
        inline = [each["PolicyDocument"] for each in role.properties.get("Policies", [])]
        yield f"{role.logical_id}, inline", sum(map(bare, inline)), INLINE_POLICIES
        yield f"{role.logical_id}, trust", bare(role.properties["AssumeRolePolicyDocument"]), TRUST_POLICY
        attached = len(role.properties.get("ManagedPolicyArns", []))
        yield f"{role.logical_id}, managed", attached, MANAGED_POLICIES_OF_A_ROLE
    for policy in stack.of("AWS::IAM::ManagedPolicy"):
        yield policy.logical_id, bare(policy.properties["PolicyDocument"]), MANAGED_POLICY


def bare(document: Any) -> int:
    return len(json.dumps(document, separators=(",", ":")))


def test_policies_and_dashboards_are_as_small_as_iam_and_cloudwatch_want_them() -> None:
    for stack in stacks():
        assert [each for each in policies(stack) if each[1] > each[2]] == []
        for dashboard in stack.of("AWS::CloudWatch::Dashboard"):
            assert len(dashboard.properties["DashboardBody"].encode()) <= DASHBOARD


def test_a_stack_has_no_more_resources_than_cloudformation_takes() -> None:
    counts = {len(stack.answers.get("ForwardTopics", "").split(",")): len(stack.resources) for stack in stacks()}
    # AppliedTopics counts as any other.
    assert counts[100] <= RESOURCES
    assert max(counts.values()) == counts[100]


@pytest.mark.parametrize("template", [TEMPLATE, SAMPLE], ids=["toolkit", "sample"])
def test_a_template_is_within_cloudformations_limits(template: Any) -> None:
    written = read_template(template)
    assert len(written["Parameters"]) <= PARAMETERS
    assert len(written["Outputs"]) <= OUTPUTS
    assert len(written["Description"]) <= DESCRIPTION
    for name, parameter in written["Parameters"].items():
        assert len(parameter["Description"].encode()) <= DESCRIPTION * 4, name
        assert int(parameter.get("MaxLength", 0)) <= PARAMETER, name
    assert template.stat().st_size <= TEMPLATE_IN_S3
    # The walk-through deploys the sample without a bucket; SAM always has one.
    assert template == TEMPLATE or template.stat().st_size <= TEMPLATE_IN_THE_REQUEST
