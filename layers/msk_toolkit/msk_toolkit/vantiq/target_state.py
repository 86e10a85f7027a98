"""Whether a target keeps what it is sent, by what Vantiq's system resources say of it.

An answer of 200 does not tell: a topic need not be registered, a publish to a mistyped one succeeds and is kept
nowhere, and one that is not reliable only passes events on to current subscribers (API reference, resource
guide and reliability guide of release 1.44).
"""

from collections.abc import Mapping
from typing import Any

from msk_toolkit.settings.targets import Target
from msk_toolkit.target_kinds import KINDS, Fitness, InspectedTarget, TargetState
from msk_toolkit.vantiq.resources import VantiqRefusedError, VantiqResources
from msk_toolkit.vantiq.targets import target_resource

# About this request or this moment, not about the resource: asking again may help.
_PASSING = frozenset({401, 408, 425, 429})


def read_target(resources: VantiqResources, target: Target, *, arrays: bool) -> TargetState:
    """Ask Vantiq about a target; the reason begins with the target.

    Args:
        arrays: whether records go there in arrays.

    Raises:
        VantiqError: no answer, or one that only holds for this moment.
        CredentialsError, AwsError: the token can't be read.
    """
    resource, name = target_resource(target)
    try:
        instance = resources.find(resource, name)
    except VantiqRefusedError as error:
        if error.status in _PASSING or error.status >= 500:
            raise
        return TargetState(Fitness.UNKNOWN, f"{target} can't be checked: {error}")
    state = judge_target(target, instance, arrays=arrays)
    if state.reason:
        return state._replace(reason=f"{target}: {state.reason}")
    return state


def judge_target(target: Target, instance: Mapping[str, Any] | None, *, arrays: bool) -> TargetState:
    """What the instance behind a target says of it; None where there is none. The reason does not name the target.

    A reference's 404 is one for what the token may not see as well, so the reason names both.
    """
    resource, name = target_resource(target)
    if instance is None:
        reason = f"there is no {resource.removesuffix('s')} {name} in Vantiq, or the token may not see it"
        return TargetState(Fitness.UNFIT, reason)
    return KINDS[target.kind].inspect(InspectedTarget(target.name, instance, arrays))
