"""docs/verify.md and the template: the policy is what the code calls; every area, option and function is known."""

import json
import re
from typing import get_args

from mskv.command_line import verify
from mskv.commands.logs import FUNCTIONS
from mskv.verify.check import Area
from mskv.verify.decisions.stack import OUTPUTS
from mskv.verify.events import EVENTS
from mskv.verify.tools import Consent
from tests.fakes.mskv_world import World
from tests.template.stack import Stack, raw_template, with_every_function
from tests.unit.test_documents import DOCS
from tests.unit.test_mskv_record import LETTER, RecordWorld

PAGE = (DOCS / "verify.md").read_text(encoding="utf-8")
# As IAM names the calls of boto3; a call that is none of these fails the test.
ACTIONS = {
    "describe_stacks": "cloudformation:DescribeStacks",
    "list_stack_resources": "cloudformation:ListStackResources",
    "get_function_configuration": "lambda:GetFunctionConfiguration",
    "invoke": "lambda:InvokeFunction",
    "list_event_source_mappings": "lambda:ListEventSourceMappings",
    "describe_alarms": "cloudwatch:DescribeAlarms",
    "describe_log_groups": "logs:DescribeLogGroups",
    "list_subscriptions_by_topic": "sns:ListSubscriptionsByTopic",
    "publish": "sns:Publish",
    "list_objects_v2": "s3:ListBucket",
    "delete_object": "s3:DeleteObject",
}
# Nobody can be denied it.
FREE = {"get_caller_identity"}


def allowed() -> set[str]:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    statements = json.loads(text)["Statement"]
    lists = [
        statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for statement in statements
    ]
    return {action for actions in lists for action in actions}


def test_the_policy_is_exactly_what_a_run_with_every_flag_calls() -> None:
    world = RecordWorld()
    world.run(Consent(write="orders", test_mail=True))
    world.letters = [LETTER]
    world.run(Consent(refused_record="orders", delete_letter=True))
    assert {ACTIONS[call] for call in set(world.aws.asked) - FREE} == allowed()


def test_without_a_flag_a_run_calls_nothing_that_writes() -> None:
    world = RecordWorld()
    world.run()
    assert not {"publish", "delete_object", "list_objects_v2"} & set(world.aws.asked)


def test_every_area_has_its_row() -> None:
    cells = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| ")]
    named = {name.strip() for cell in cells for name in cell.split(",")}
    assert set(get_args(Area)) <= named


def test_every_option_is_named() -> None:
    options = {name for option in verify.params for name in option.opts if not getattr(option, "hidden", False)}
    assert {name for name in options if name not in PAGE} == {"--output", "--region"}


def test_every_function_of_the_template_is_completed_as_the_name_of_a_log() -> None:
    resources = raw_template()["Resources"]
    functions = [resources[name] for name in with_every_function().names("AWS::Serverless::Function")]
    names = [function["Properties"]["FunctionName"]["Fn::Sub"] for function in functions]
    assert sorted(name.removeprefix("${AWS::StackName}-") for name in names) == sorted(FUNCTIONS)


def test_every_function_of_the_template_has_its_event_and_nothing_else_is_expected_of_a_stack() -> None:
    assert set(EVENTS) == set(Stack().names("AWS::Serverless::Function"))
    assert set(OUTPUTS) <= set(raw_template()["Outputs"])
    assert set(World().parameters) <= set(raw_template()["Parameters"])
