"""Lambda acts with a function's role, too: what interfaces and pollers need is denied to the function's code."""

from fnmatch import fnmatchcase

import pytest

from local.aws.completion import POLLERS_ACTIONS
from tests.template.contract.deployed import REGION, deployed
from tests.template.contract.test_log_groups import denied
from tests.template.stack import ANSWERS, SECRET, TEMPLATE, Stack

KEY = "lambda:SourceFunctionArn"
INTERFACES = {
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DetachNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}


def arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:123456789012:function:{name}"


def test_the_code_of_a_function_in_the_vpc_makes_no_network_interface() -> None:
    stack = deployed(TEMPLATE, ANSWERS)
    inside = [each for each in stack.of("AWS::Lambda::Function") if "VpcConfig" in each.properties]
    assert len(inside) == 7
    for function in inside:
        statement = denied(stack, function.logical_id)["LeaveTheInterfacesToLambda"]
        assert set(statement["Action"]) == INTERFACES
        # Without the key the statement does not hold: so it is for what Lambda itself does.
        ((operator, keys),) = statement["Condition"].items()
        assert (operator, list(keys)) == ("ArnLike", [KEY])
        assert fnmatchcase(arn(function.properties["FunctionName"]), keys[KEY])


@pytest.mark.parametrize("mode", ["scram", "iam"])
def test_the_forwarders_code_has_none_of_what_its_pollers_need(mode: str) -> None:
    answers = ANSWERS if mode == "scram" else {**ANSWERS, "ScramSecretArn": "", "ScramSecretKmsKeyArn": ""}
    stack = deployed(TEMPLATE, {**answers, "AuthMode": mode})
    (function,) = [each for each in stack.of("AWS::Lambda::Function") if each.logical_id == "ForwarderFunction"]
    statements = denied(stack, "ForwarderFunction")
    cluster, secret = statements["LeaveTheClusterToThePollers"], statements.get("LeaveTheSecretToThePollers")
    own = {"ArnEquals": {KEY: arn(function.properties["FunctionName"])}}
    of_the_pollers = {*Stack(**answers, AuthMode=mode).actions("ForwarderFunction"), *POLLERS_ACTIONS}
    assert {action for action in of_the_pollers if action.startswith("kafka")} <= set(cluster["Action"])
    assert cluster["Resource"] == "*"
    assert cluster["Condition"] == own
    if mode == "scram":
        assert secret is not None
        assert (secret["Action"], secret["Resource"]) == ("secretsmanager:GetSecretValue", SECRET)
        assert secret["Condition"] == own
    else:
        assert secret is None
