"""From a release to this template: what CloudFormation removes and replaces, each with the reason why nothing is lost.

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

DATA = Path(__file__).parents[1] / "data"
# The releases whose template is in the data.
RELEASES = ("0.1.0", "0.2.0")

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
def written(release: str) -> dict[str, Any]:
    """A release's template."""
    return read_template(DATA / f"template-{release}.yaml")


def before(release: str, answers: Mapping[str, str]) -> Stack:
    """A release's stack."""
    return Stack(processed(written(release), answers), {**ANSWERS, **answers})


def after(answers: Mapping[str, str]) -> Stack:
    """The stack of this checkout, with the same answers."""
    return Stack(processed(raw_template(), answers), {**ANSWERS, **answers})


def lost(old: Stack, new: Stack) -> list[Change]:
    """What is removed or replaced."""
    return [change for change in changes(old, new) if change.kind != "add"]


def reason(logical_id: str) -> str:
    """Why a removal or replacement is right; empty where nobody has thought of it."""
    return next((why for pattern, why in EXPECTED.items() if fnmatchcase(logical_id, pattern)), "")
