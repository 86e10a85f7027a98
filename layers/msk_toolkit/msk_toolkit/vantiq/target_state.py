"""Whether a target keeps what it is sent, by what Vantiq's system resources say of it.

An answer of 200 does not tell: a topic need not be registered, a publish to a mistyped one succeeds and is kept
nowhere, and one that is not reliable only passes events on to whoever listens at that moment (API reference, resource
guide and reliability guide of release 1.44).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.resources import VantiqRefusedError, VantiqResources
from msk_toolkit.vantiq.targets import target_resource


class Fitness(StrEnum):
    """Whether records may go to a target."""

    FIT = "fit"
    # What it is sent would be lost, or would arrive in another form than was asked for.
    UNFIT = "unfit"
    # The token may not look, or Vantiq does not say.
    UNKNOWN = "unknown"


class TargetState(NamedTuple):
    """A judgement on a target, and why; the reason is a sentence for a person, empty where it is fit.

    Args:
        value_text: a type that has a property for values that are no JSON object.
    """

    fitness: Fitness
    reason: str = ""
    value_text: bool = False


# The property for the text of a value that is no JSON object. None of the types that Vantiq stores takes every JSON
# value: Object takes name and value pairs, and Value "may not be persisted" (VAIL reference, release 1.44).
VALUE_TEXT = "valueText"
_FIT = TargetState(Fitness.FIT)
# About this request or this moment, not about the resource: asking again may help.
_PASSING = frozenset({401, 408, 425, 429})


def read_target(resources: VantiqResources, target: Target, *, arrays: bool) -> TargetState:
    """Ask Vantiq about a target.

    Args:
        arrays: whether records go there in arrays.

    Raises:
        VantiqError: no answer, or one that only holds for this moment.
        CredentialsError, AwsError: the token can't be read.
    """
    kind, name = target_resource(target)
    try:
        instance = resources.find(kind, name)
    except VantiqRefusedError as error:
        if error.status in _PASSING or error.status >= 500:
            raise
        return TargetState(Fitness.UNKNOWN, f"{target} can't be checked: {error}")
    return judge_target(target, instance, arrays=arrays)


def judge_target(target: Target, instance: Mapping[str, Any] | None, *, arrays: bool) -> TargetState:
    """What the instance behind a target says of it; None where there is none.

    A reference's 404 is one for what the token may not see as well, so the reason names both.
    """
    kind, name = target_resource(target)
    if instance is None:
        return _unfit(target, f"there is no {kind.removesuffix('s')} {name} in Vantiq, or the token may not see it")
    match target.kind:
        case "topic":
            return _topic(target, instance, arrays)
        case "type" | "upsert":
            return _type(target, instance)
        case "service":
            return _service(target, instance)
        case "source" if instance.get("mockMode") is True:
            return _unfit(target, "the source is in mock mode, where what is published goes nowhere")
        case "source" | "procedure":
            return _FIT


def _topic(target: Target, topic: Mapping[str, Any], arrays: bool) -> TargetState:
    if topic.get("isReliable") is not True:
        return _unfit(target, "the topic is not reliable (isReliable), so Vantiq answers before anything is stored")
    if arrays and topic.get("autoUnwind") is not True:
        return _unfit(target, "records go there in arrays, and without autoUnwind an array is one event")
    return _FIT


def _type(target: Target, type_: Mapping[str, Any]) -> TargetState:
    if type_.get("role") == "schema":
        return _unfit(target, "the type is a schema, which stores nothing")
    if target.kind == "upsert" and not type_.get("naturalKey"):
        return _unfit(target, "the type has no natural key, which an upsert needs")
    properties = type_.get("properties")
    return TargetState(Fitness.FIT, value_text=isinstance(properties, Mapping) and VALUE_TEXT in properties)


def _service(target: Target, service: Mapping[str, Any]) -> TargetState:
    name = target.name.partition("/")[2]
    events = service.get("eventTypes")
    event = events.get(name) if isinstance(events, Mapping) else None
    if not isinstance(event, Mapping):
        return _unfit(target, f"the service declares no event type {name}")
    if event.get("direction") == "OUTBOUND":
        return _unfit(target, f"the event type {name} is OUTBOUND; only an INBOUND one takes records")
    if event.get("isReliable") is not True and not event.get("implementingResource"):
        text = f"{target}: the event type is not reliable, and Vantiq names nothing that handles it"
        return TargetState(Fitness.UNKNOWN, text)
    return _FIT


def _unfit(target: Target, reason: str) -> TargetState:
    return TargetState(Fitness.UNFIT, f"{target}: {reason}")
