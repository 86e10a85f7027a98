"""What a role may do, as IAM's own simulation of its policies says."""

from collections.abc import Mapping, Sequence
from typing import Any

from msk_toolkit.aws.call import all_items, ask_aws

Denied = tuple[str, str]


def denied_actions(iam: Any, role_arn: str, actions_by_resource: Mapping[str, Sequence[str]]) -> list[Denied]:
    """The actions that the role's policies don't allow, each with its resource.

    Policies of the resources themselves (a secret's, a key's) are not part of the simulation.

    Raises:
        ToolkitError: denied (it needs ``iam:SimulatePrincipalPolicy``), or no answer.
    """
    denied: list[Denied] = []
    for resource, actions in actions_by_resource.items():
        results = _simulated(iam, PolicySourceArn=role_arn, ActionNames=list(actions), ResourceArns=[resource])
        denied += [(result["EvalActionName"], resource) for result in results if result["EvalDecision"] != "allowed"]
    return denied


def _simulated(iam: Any, **arguments: Any) -> list[dict[str, Any]]:
    return ask_aws(
        "iam:SimulatePrincipalPolicy",
        lambda: all_items(iam, "simulate_principal_policy", "EvaluationResults", **arguments),
    )
