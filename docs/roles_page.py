"""docs/roles.md: what each function's role may and may not do, out of template.yaml, with its reasons."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from docs.tables import cell

_RESOURCE = re.compile(r"  ([A-Za-z0-9]+):$")
_WITHIN_AN_IF = re.compile(r"- (!If|[A-Z]\w+)$")
_FUNCTION = "AWS::Serverless::Function"
_POLICY = "AWS::IAM::ManagedPolicy"
_INTRODUCTION = """\
Each function has a role of its own. SAM attaches AWS's `AWSLambdaBasicExecutionRole`, in the VPC also
`AWSLambdaVPCAccessExecutionRole`, and with `Tracing=Active` `AWSXRayDaemonWriteAccess`; the denials below take back
what the function does not need of them
([decision 0035](decisions/0035-the-code-has-none-of-the-pollers-permissions.md)).
The forwarder's role also has `AWSLambdaMSKExecutionRole`: the mappings' pollers act with it, and a mapping cannot have
another role.

What could not be narrower:

- The topics function may change and delete every topic of the cluster (with `AuthMode=iam`): the names are in
  `topics.yaml` and in other stacks' resources, which a policy of the template cannot list.
- The redrive may read, write and delete every object of the dead-letter bucket, which holds nothing else.
- With SCRAM the cluster's ACLs, not IAM, decide what the user may do: the functions and the pollers share one user.
- An action on `*` does not accept a resource, according to AWS's service authorization reference.
- Topics in policies are the forwarded ones and the probes' own. Their ARNs have wildcards for Region, account and
  cluster, since a list of them can only be joined with a fixed text; `kafka-cluster:Connect` is allowed for the stack's
  cluster alone.
""".splitlines()


class _Statement(NamedTuple):
    sid: str
    effect: str
    actions: list[str]
    conditions: list[str]


class _Loader(yaml.SafeLoader):
    """Reads a template's intrinsic functions as what they hold; ``!If`` stays recognizable."""


def _plain(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    values = loader.construct_sequence(node, deep=True)
    return {"Fn::If": values} if suffix == "If" else values


_Loader.add_multi_constructor("!", _plain)


def roles_page(generated: str, template: Path) -> str:
    """The page; ``generated`` is the line that says so."""
    text = template.read_text(encoding="utf-8")
    resources: dict[str, Any] = yaml.load(text, Loader=_Loader)["Resources"]  # noqa: S506 - a SafeLoader
    reasons = _reasons(text.splitlines())
    lines = ["# Roles", "", generated, "", *_INTRODUCTION, ""]
    for kind, heading in ((_POLICY, "Policies that several roles share"), (_FUNCTION, "Functions")):
        lines += [f"## {heading}", ""]
        for name, resource in resources.items():
            if isinstance(resource, dict) and resource.get("Type") == kind:
                lines += _section(name, resource["Properties"], reasons)
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, properties: dict[str, Any], reasons: dict[tuple[str, str], str]) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    shared = [policy for policy in properties.get("Policies", []) if isinstance(policy, str)]
    if shared:
        yield "With " + ", ".join(f"`{policy.rpartition('/')[2]}`" for policy in shared) + "."
        yield ""
    yield "| Statement | Actions | Only with | Reason |"
    yield "|---|---|---|---|"
    for statement in _statements(properties, []):
        effect = "**denied:** " if statement.effect == "Deny" else ""
        actions = ", ".join(f"`{action}`" for action in statement.actions)
        conditions = ", ".join(f"`{condition}`" for condition in statement.conditions)
        reason = cell(reasons[name, statement.sid])
        yield f"| {statement.sid} | {effect}{actions} | {conditions} | {reason} |"
    yield ""


def _statements(node: Any, conditions: list[str]) -> Iterator[_Statement]:
    if isinstance(node, list):
        for entry in node:
            yield from _statements(entry, conditions)
    if not isinstance(node, dict):
        return
    if "Fn::If" in node:
        condition, *branches = node["Fn::If"]
        yield from _statements(branches, [*conditions, condition])
    elif "Sid" in node:
        actions = node["Action"] if isinstance(node["Action"], list) else [node["Action"]]
        yield _Statement(node["Sid"], node["Effect"], actions, conditions)
    else:
        for value in node.values():
            yield from _statements(value, conditions)


def _reasons(lines: list[str]) -> dict[tuple[str, str], str]:
    """The comment above each statement, by resource and Sid."""
    reasons: dict[tuple[str, str], str] = {}
    resource = ""
    for number, line in enumerate(lines):
        if matched := _RESOURCE.fullmatch(line):
            resource = matched.group(1)
        sid = line.strip().removeprefix("- Sid: ")
        if sid != line.strip():
            reasons[resource, sid] = _comment_above(lines, number)
    return reasons


def _comment_above(lines: list[str], number: int) -> str:
    above = number - 1
    while _WITHIN_AN_IF.fullmatch(lines[above].strip()):
        above -= 1
    last = above
    while lines[above].strip().startswith("#"):
        above -= 1
    return " ".join(line.strip().removeprefix("# ") for line in lines[above + 1 : last + 1])
