"""What a role may do, as IAM's own simulation of its policies says."""

from collections.abc import Mapping, Sequence
from typing import Any

from msk_toolkit.aws.ask import ask_aws

Denied = tuple[str, str]


def denied_actions(iam: Any, role_arn: str, wanted: Mapping[str, Sequence[str]]) -> list[Denied]:
    """The actions that the role's policies don't allow, each with its resource.

    Policies of the resources themselves (a secret's, a key's) are not part of the simulation.

    Args:
        wanted: actions by resource.

    Raises:
        ToolkitError: denied (it needs ``iam:SimulatePrincipalPolicy``), or no answer.
    """
    found: list[Denied] = []
    for resource, actions in wanted.items():
        arguments = {"PolicySourceArn": role_arn, "ActionNames": list(actions), "ResourceArns": [resource]}
        pages = iam.get_paginator("simulate_principal_policy")
        results = ask_aws(
            "iam:SimulatePrincipalPolicy",
            lambda: [
                result
                for page in pages.paginate(**arguments)  # noqa: B023 - called at once
                for result in page.get("EvaluationResults", ())
            ],
        )
        found += [(result["EvalActionName"], resource) for result in results if result["EvalDecision"] != "allowed"]
    return found
