"""A stack's log groups are its own: what is deleted with it does not come back, and no function writes into others."""

from fnmatch import fnmatchcase

from tests.template.contract.deployed import REGION, Deployed, deployed
from tests.template.stack import ANSWERS, TEMPLATE, Stack

ACCOUNT_LOGS = f"arn:aws:logs:{REGION}:123456789012:log-group:"


def denied(stack: Deployed, function: str) -> dict[str, dict[str, object]]:
    """What the function's role may not do, by Sid."""
    statements = {}
    (role,) = [each for each in stack.of("AWS::IAM::Role") if each.logical_id == f"{function}Role"]
    for policy in stack.of("AWS::IAM::ManagedPolicy"):
        if any(policy.logical_id in arn for arn in role.properties["ManagedPolicyArns"]):
            for statement in policy.properties["PolicyDocument"]["Statement"]:
                statements[statement["Sid"]] = statement
    return {sid: each for sid, each in statements.items() if each["Effect"] == "Deny"}


def test_no_function_can_make_a_log_group_again_that_was_deleted_with_the_stack() -> None:
    stack = deployed(TEMPLATE, ANSWERS)
    functions = stack.of("AWS::Lambda::Function")
    assert len(functions) == len(Stack().names("AWS::Serverless::Function"))
    for function in functions:
        statement = denied(stack, function.logical_id)["MakeNoLogGroup"]
        assert (statement["Action"], statement["Resource"]) == ("logs:CreateLogGroup", "*")


def test_a_function_may_write_into_the_groups_of_its_stack_and_into_no_others() -> None:
    stack = deployed(TEMPLATE, ANSWERS)
    groups = [each.properties["LogGroupName"] for each in stack.of("AWS::Logs::LogGroup")]
    for function in stack.of("AWS::Lambda::Function"):
        allowed = str(denied(stack, function.logical_id)["WriteNoOtherLogs"]["NotResource"])
        assert all(fnmatchcase(f"{ACCOUNT_LOGS}{group}:log-stream:2026/11/28/1", allowed) for group in groups)
        assert not fnmatchcase(f"{ACCOUNT_LOGS}/aws/lambda/another-function:log-stream:1", allowed)
