"""From 0.1.0 to this template: what CloudFormation removes and replaces, each with the reason why that loses nothing.

``docs/upgrading.md`` tells the user the same.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from tests.template.changes import Change, Stack, changes
from tests.template.processed import processed
from tests.template.stack import ANSWERS, raw_template, read_template

TEMPLATE_0_1_0 = Path(__file__).parents[1] / "data" / "template-0.1.0.yaml"

# Logical ids, as patterns, and the reason.
EXPECTED: Mapping[str, str] = {
    "ToolkitLayer*": "each build of the layer is a version of its own",
    "TopicsFunctionVersion??????????": "each change of the topics function is a version of its own",
    "DeclaredTopics": "a custom resource can't get another function; its deletion leaves every topic as it is",
    "TopicsFunctionDriftCheck*": "the drift check has a schedule of its own, which runs the function as it is deployed",
    "*ProbeFunctionSchedule": "a schedule's fixed name would be the same in a second stack",
    "ProbesDashboard": "its name has the Region in it; a dashboard holds no data",
}
# Alarms that are gone, and who watches the same now.
WATCHED_BY: Mapping[str, str] = {
    f"{probe}{fault}Alarm": f"{probe}FaultsAlarm"
    for probe, fault in product(("Producer", "Consumer"), ("Network", "Tls", "Login", "Permission", "Broker"))
}
# What holds data, a place in a network, or somebody's confirmation.
NEVER = (
    "AWS::S3::Bucket",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::SNS::Topic",
    "AWS::SNS::Subscription",
    "AWS::EC2::SecurityGroup",
)


@cache
def written() -> dict[str, Any]:
    """The template of 0.1.0."""
    return read_template(TEMPLATE_0_1_0)


def before(answers: Mapping[str, str]) -> Stack:
    """The stack of 0.1.0."""
    return Stack(processed(written(), answers), {**ANSWERS, **answers})


def after(answers: Mapping[str, str]) -> Stack:
    """The stack of this checkout, with the same answers."""
    return Stack(processed(raw_template(), answers), {**ANSWERS, **answers})


def lost(answers: Mapping[str, str]) -> list[Change]:
    """What is removed or replaced."""
    return [change for change in changes(before(answers), after(answers)) if change.kind != "add"]


def reason(logical_id: str) -> str:
    """Why a removal or replacement is right; empty where nobody has thought of it."""
    return next((why for pattern, why in EXPECTED.items() if fnmatchcase(logical_id, pattern)), "")
