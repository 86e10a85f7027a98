"""A stack's log groups are its own: what is deleted with it does not come back, and no function writes into others."""

from fnmatch import fnmatchcase
from typing import Any

from tests.template.contract.deployed import REGION, Deployed, deployed
from tests.template.stack import ANSWERS, TEMPLATE, Stack

ACCOUNT_LOGS = f"arn:aws:logs:{REGION}:123456789012:log-group:"


def denied(stack: Deployed, function: str) -> dict[str, dict[str, Any]]:
    """What the function's role may not do, by Sid."""
    (role,) = [each for each in stack.of("AWS::IAM::Role") if each.logical_id == f"{function}Role"]
    documents = [policy["PolicyDocument"] for policy in role.properties.get("Policies", [])]
    attached = str(role.properties["ManagedPolicyArns"])
    shared = [each for each in stack.of("AWS::IAM::ManagedPolicy") if each.logical_id in attached]
    documents += [policy.properties["PolicyDocument"] for policy in shared]
    statements = [statement for document in documents for statement in document["Statement"]]
    return {each["Sid"]: each for each in statements if each["Effect"] == "Deny"}


def test_no_function_can_make_a_log_group_again_that_was_deleted_with_the_stack() -> None:
    stack = deployed(TEMPLATE, ANSWERS)
    functions = stack.of("AWS::Lambda::Function")
    assert len(functions) == len(Stack().names("AWS::Serverless::Function"))
    for function in functions:
        statement = denied(stack, function.logical_id)["MakeNoLogGroup"]
        assert (statement["Action"], statement["Resource"]) == ("logs:CreateLogGroup", "*")


def test_a_function_may_write_into_its_own_group_and_into_no_other() -> None:
    stack = deployed(TEMPLATE, ANSWERS)
    groups = {each.properties["LogGroupName"] for each in stack.of("AWS::Logs::LogGroup")}
    for function in stack.of("AWS::Lambda::Function"):
        statement = denied(stack, function.logical_id)["WriteItsOwnLogAlone"]
        assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        own = f"/aws/lambda/{function.properties['FunctionName']}"
        assert own in groups
        for group in {*groups, f"{own}-2", "/aws/lambda/another-function"}:
            # IAM checks CreateLogStream against the group, PutLogEvents against the stream.
            for resource in (f"{ACCOUNT_LOGS}{group}", f"{ACCOUNT_LOGS}{group}:log-stream:2026/11/28/1"):
                allowed = any(fnmatchcase(resource, pattern) for pattern in statement["NotResource"])
                assert allowed == (group == own), (function.logical_id, resource)
