"""What the emulator leaves out of a stack that it has deployed, made by calls to its APIs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from local.aws.emulator import Emulator
from local.aws.network import create_rule
from local.aws.processed import Stack
from local.aws.refusals import RULES, Refusal

# What AWS's own policy AWSLambdaMSKExecutionRole allows (Managed Policy Reference, read on 2026-11-28); the emulator's
# copy of it lacks some of these actions.
POLLERS_ACTIONS = (
    "kafka:DescribeCluster",
    "kafka:DescribeClusterV2",
    "kafka:GetBootstrapBrokers",
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeVpcs",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
)
_POLLERS_ROLE = "ForwarderFunctionRole"


def complete(emulator: Emulator, stack: Stack, template: Mapping[str, Any], refusals: Sequence[Refusal]) -> None:
    """The rules of security groups, concurrency limits, and permissions that the stack has on AWS.

    Args:
        template: the whole one, with what the emulator refuses.

    Raises:
        ClientError, BotoCoreError: the emulator refuses.
        UnresolvedError: a property of the template can't be resolved.
    """
    session, endpoint = emulator.session(), emulator.endpoint
    _create_rules(session.client("ec2", endpoint_url=endpoint), stack, template, refusals)
    _limit_concurrency(session.client("lambda", endpoint_url=endpoint), stack)
    role = stack.physical_ids.get(_POLLERS_ROLE)
    if role is not None:
        _allow_as_on_aws(session.client("iam", endpoint_url=endpoint), role)


def _create_rules(ec2: Any, stack: Stack, template: Mapping[str, Any], refusals: Sequence[Refusal]) -> None:
    whole = msgspec.structs.replace(stack, template=dict(template))
    for refusal in refusals:
        if refusal.type in RULES:
            properties = whole.properties(refusal.logical_id)
            if properties is not None:
                create_rule(ec2, refusal.type, properties)


def _limit_concurrency(client: Any, stack: Stack) -> None:
    """The emulator's CloudFormation ignores these limits; its Lambda observes them when they are set."""
    for name, limit in stack.concurrency_limits().items():
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=limit)


def _allow_as_on_aws(iam: Any, role: str) -> None:
    statement = {"Effect": "Allow", "Action": list(POLLERS_ACTIONS), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="AWSLambdaMSKExecutionRole", PolicyDocument=document)
