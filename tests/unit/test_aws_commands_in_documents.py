"""The commands of the AWS CLI, SAM's deployments and mskv that the documents show, against what they name."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jmespath
import pytest
from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.session import get_session
from click.testing import CliRunner

from mskv.command_line import commands
from tests.template.stack import raw_template
from tests.unit.test_commands_in_documents import PAGES, code_lines, name

# Options of the CLI itself, and of its `--cli-input` family.
_OF_THE_CLI = {"query", "output", "region", "profile", "cli-binary-format", "cli-read-timeout", "max-items"}
# Commands that are made of several calls; they have no model of their own.
_NO_MODEL = {"s3", "logs tail", "cloudformation deploy"}
# Beside the value of `--query` a command in these documents has no quoted blanks, and no pipe that is not the shell's.
_COMMAND = re.compile(r"(?:^|\$\(|\s)(aws [a-z0-9-]+ [a-z0-9-]+(?:'[^']*'|\"[^\"]*\"|[^|>'\")])*)")
# Not what stands inside of a value.
_OVERRIDE = re.compile(r"(?<!\S)([A-Z]\w+)=")


def aws_commands(page: Path) -> Iterator[list[str]]:
    """The arguments of each command: service, operation, options."""
    for line in code_lines(page):
        for command in _COMMAND.findall(line):
            yield shlex.split(command, comments=True)[1:]


@cache
def model(service: str) -> ServiceModel:
    return get_session().get_service_model(service)


def operation(service: str, command: str) -> OperationModel:
    """The call that a command makes.

    Raises:
        StopIteration: the service has none of this name.
    """
    service_model = model("s3" if service == "s3api" else service)
    return service_model.operation_model(
        next(each for each in service_model.operation_names if xform_name(each, "-") == command)
    )


def option_names(call: OperationModel) -> set[str]:
    """What the CLI makes of the members of a request; a switch has its opposite."""
    members = call.input_shape.members if isinstance(call.input_shape, StructureShape) else {}
    names = {xform_name(member, "-") for member in members}
    return names | {f"no-{each}" for each in names}


def fields(expression: str) -> set[str]:
    """Each name that a JMESPath expression takes from the answer; those that it gives itself are none."""
    found = set()
    nodes: list[dict[str, Any]] = [jmespath.compile(expression).parsed]
    while nodes:
        node = nodes.pop()
        if node["type"] == "field":
            found.add(node["value"])
        nodes += node["children"]
    return found


def member_names(shape: Shape | None) -> set[str]:
    """The names of all members of an answer, however deep."""
    names: set[str] = set()
    seen: set[str] = set()
    shapes = [shape]
    while shapes:
        each = shapes.pop()
        if each is None or each.name in seen:
            continue
        seen.add(each.name)
        if isinstance(each, StructureShape):
            names |= set(each.members)
            shapes += each.members.values()
        elif isinstance(each, ListShape):
            shapes.append(each.member)
        elif isinstance(each, MapShape):
            shapes.append(each.value)
    return names


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_command_of_the_aws_cli_is_one_that_the_api_has(page: Path) -> None:
    for service, command, *arguments in aws_commands(page):
        if service in _NO_MODEL or f"{service} {command}" in _NO_MODEL:
            continue
        call = operation(service, command)
        given = {each.removeprefix("--").partition("=")[0] for each in arguments if each.startswith("--")}
        assert given <= option_names(call) | _OF_THE_CLI, f"{service} {command}"
        if "--query" in arguments:
            query = arguments[arguments.index("--query") + 1]
            assert fields(query) <= member_names(call.output_shape), f"{service} {command}: {query}"


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_readme_has_such_commands(page: str) -> None:
    path = next(each for each in PAGES if each.name == page)
    assert len(list(aws_commands(path))) >= 10


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_parameters_of_a_deployment_are_the_templates(page: Path) -> None:
    for line in code_lines(page):
        if re.match(r"sam (deploy|build|local)\b.*--parameter-overrides", line):
            overrides = line.partition("--parameter-overrides")[2]
            assert set(_OVERRIDE.findall(overrides)) <= set(raw_template()["Parameters"])


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_the_deployment_to_copy_gives_each_parameter_that_has_no_default(page: str) -> None:
    lines = code_lines(next(each for each in PAGES if each.name == page))
    given = [set(_OVERRIDE.findall(line)) for line in lines if line.startswith("sam deploy ") and "ClusterArn=" in line]
    assert len(given) == 1
    parameters = raw_template()["Parameters"]
    assert {each for each, about in parameters.items() if "Default" not in about} <= given[0]
    # What the default AuthMode needs, and whom the alarms reach.
    assert {"ScramSecretArn", "ScramSecretKmsKeyArn", "AlarmEmail", "ForwardTopics"} <= given[0]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_an_option_of_verify_is_one_that_it_has(page: Path) -> None:
    told = CliRunner().invoke(commands, ["verify", "--help"]).output
    options = set(re.findall(r"--[a-z-]+", told))
    for line in code_lines(page):
        found = re.search(r"mskv (verify .*)", line)
        if found:
            given = {each.partition("=")[0] for each in shlex.split(found[1], comments=True) if each.startswith("--")}
            assert given <= options | {"--help"}
