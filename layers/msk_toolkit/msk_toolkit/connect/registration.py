"""What has to change in Vantiq for a source, its secret and the forwarder's target; decided before anything is done."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from msk_toolkit.connect.source_owner import MADE_HERE, foreign_reason
from msk_toolkit.connect.vantiq_source import shown_value
from msk_toolkit.settings.targets import Target
from msk_toolkit.settings.topic_names import kafka_name
from msk_toolkit.target_kinds import ADDED_LATER, KINDS, VALUE_TEXT, Fitness
from msk_toolkit.vantiq.target_state import judge_target
from msk_toolkit.vantiq.targets import target_resource

RegistrationStep = Literal["create", "update", "activate", "restart", "none", "refuse"]
_TYPE = "KAFKA"
_UP_TO_DATE = "up to date"
_SYMBOLS: Mapping[RegistrationStep, str] = {
    "create": "+",
    "update": "~",
    "activate": "~",
    "restart": "~",
    "none": "=",
    "refuse": "!",
}
_COUNTED: Sequence[RegistrationStep] = ("create", "update", "activate", "restart", "refuse")


class RegistrationChange(msgspec.Struct, frozen=True):
    """One resource and what is to happen to it. Neither its text nor its answer holds a secret."""

    step: RegistrationStep
    kind: str
    name: str
    detail: str
    instance: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"RegistrationChange({self.step} {self.kind} {self.name})"

    __str__ = __repr__

    @property
    def writes(self) -> bool:
        """Whether there is anything to do."""
        return self.step not in ("none", "refuse")

    def line(self) -> str:
        """As a person reads it."""
        return f"{_SYMBOLS[self.step]} {self.kind} {self.name}: {self.detail}"


def plan_secret(
    instance: Mapping[str, Any] | None, name: str, value: str | None, *, renew: bool, replace: Sequence[str] = ()
) -> RegistrationChange:
    """The secret with the password. What it holds can't be read back, so it is written once, or when asked to.

    Args:
        replace: names of what may be overwritten although the toolkit did not create it.
    """
    if instance is not None and not renew:
        text = "exists; its content can't be read (renew_secret writes it again)"
        return RegistrationChange("none", "secrets", name, text)
    if value is None:
        return RegistrationChange("refuse", "secrets", name, "the password is not known, so nothing can be stored")
    desired = {"name": name, "description": MADE_HERE, "secret": value}
    if instance is None:
        text = "stores the password, which nobody can read afterwards"
        return RegistrationChange("create", "secrets", name, text, desired)
    return _plan_overwritten_secret(instance, name, desired, replace)


def _plan_overwritten_secret(
    instance: Mapping[str, Any], name: str, desired: dict[str, Any], replace: Sequence[str]
) -> RegistrationChange:
    if instance.get("description") != MADE_HERE and name not in replace:
        text = (
            f"was not created by the toolkit (its description is not '{MADE_HERE}'), so it is not overwritten; "
            f"{_how_to_replace(name)}"
        )
        return RegistrationChange("refuse", "secrets", name, text)
    return RegistrationChange("update", "secrets", name, "the password is written again", desired)


def plan_source(
    instance: Mapping[str, Any] | None,
    name: str,
    config: Mapping[str, Any],
    replace: Sequence[str] = (),
    own_secret: str | None = None,
) -> RegistrationChange:
    """The source itself. One that is not the toolkit's, or of another cluster, is left unchanged unless it is named.

    Args:
        replace: names of what may be overwritten nevertheless.
        own_secret: name of the source's secret if the toolkit created that.
    """
    if instance is None:
        return RegistrationChange("create", "sources", name, f"a {_TYPE} source", _source(name, config))
    if instance.get("type") != _TYPE:
        text = f"there is a source of that name with type {instance.get('type')}: choose another name, or remove it"
        return RegistrationChange("refuse", "sources", name, text)
    before = instance.get("config") or {}
    if isinstance(before, Mapping):
        return _plan_config(before, name, config, "" if name in replace else foreign_reason(before, config, own_secret))
    if name in replace:
        text = "its config, which is not an object, is replaced"
        return RegistrationChange("update", "sources", name, text, _source(name, config))
    text = f"its config is not an object, so it is not known whose source it is; {_how_to_replace(name)}"
    return RegistrationChange("refuse", "sources", name, text)


def _source(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "type": _TYPE, "config": dict(config)}


def _plan_config(before: Mapping[str, Any], name: str, config: Mapping[str, Any], foreign: str) -> RegistrationChange:
    different = _different_keys(before, config)
    if not different:
        return RegistrationChange("none", "sources", name, _UP_TO_DATE)
    if foreign:
        text = f"{foreign}, so it is not overwritten; {_how_to_replace(name)}"
        return RegistrationChange("refuse", "sources", name, text)
    detail = _differences(before, config, different)
    return RegistrationChange("update", "sources", name, detail, _source(name, config))


def _different_keys(before: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in {*before, *config} if before.get(key) != config.get(key))


def has_refusal(changes: Iterable[RegistrationChange]) -> bool:
    """Whether a change is refused, so that none is carried out."""
    return any(change.step == "refuse" for change in changes)


def _how_to_replace(name: str) -> str:
    return f'to overwrite it anyway, add "replace": ["{name}"]'


def plan_target(instance: Mapping[str, Any] | None, target: Target) -> RegistrationChange:
    """What the forwarder's target needs, by its kind: what connect may create, and what it may switch on."""
    if instance is None:
        return _plan_missing(target)
    missing = [key for key in KINDS[target.kind].switches if instance.get(key) is not True]
    if not missing:
        return _plan_existing(instance, target)
    resource, name = target_resource(target)
    text = " and ".join(missing) + " switched on"
    return RegistrationChange("update", resource, name, text, dict.fromkeys(missing, True))


def _plan_existing(instance: Mapping[str, Any], target: Target) -> RegistrationChange:
    row = KINDS[target.kind]
    resource, name = target_resource(target)
    state = judge_target(target, instance, arrays=False)
    if state.fitness is Fitness.UNFIT:
        return RegistrationChange("refuse", resource, name, state.reason)
    if not row.created_as:
        return RegistrationChange("none", resource, name, state.reason or "exists")
    properties = row.definition(name).get("properties")
    if properties is not None:
        return _plan_properties(instance, name, properties)
    return RegistrationChange("none", resource, name, _UP_TO_DATE)


def _plan_missing(target: Target) -> RegistrationChange:
    row = KINDS[target.kind]
    resource, name = target_resource(target)
    if not row.created_as:
        text = "does not exist; create it in Vantiq first (the toolkit cannot know its logic)"
        return RegistrationChange("refuse", resource, name, text)
    detail = row.created_as
    if row.escapes_topic:
        detail += _kafka_topic(name)
    return RegistrationChange("create", resource, name, detail, row.definition(name))


def plan_activation(
    instance: Mapping[str, Any] | None, source: RegistrationChange, secret: RegistrationChange | None
) -> RegistrationChange:
    """Whether the source has to be started, or stopped and started, which is when it reads its secret."""
    if instance is None or instance.get("active") is not True:
        return RegistrationChange("activate", "sources", source.name, "activate")
    reason = _restart_reason(instance, source, secret)
    if reason:
        # Activating what is active may do nothing, and an unavailable source no longer tries by itself.
        return RegistrationChange("restart", "sources", source.name, f"restart (deactivate, activate), {reason}")
    return RegistrationChange("none", "sources", source.name, "is active")


def _restart_reason(
    instance: Mapping[str, Any], source: RegistrationChange, secret: RegistrationChange | None
) -> str | None:
    if source.step == "update" or _is_written(secret):
        return "so that it reads what has changed"
    if instance.get("isUnavailable") is True:
        return "since Vantiq reports it as unavailable"
    return None


def _is_written(change: RegistrationChange | None) -> bool:
    return change is not None and change.writes


def render_registration(changes: Sequence[RegistrationChange], done: int | None) -> str:
    """The plan as a person reads it, and how it ended.

    Args:
        done: how many changes were carried out, in their order; None where nothing was to be.
    """
    counts = Counter(change.step for change in changes)
    totals = ", ".join(f"{counts[step]} to {step}" for step in _COUNTED)
    ending = _ending(changes, done)
    return "\n".join([*(change.line() for change in changes), f"Plan: {totals}. {ending}"])


def _ending(changes: Sequence[RegistrationChange], done: int | None) -> str:
    if has_refusal(changes):
        return "Nothing was changed: first resolve what is refused."
    if done is None:
        return "Nothing was changed."
    return _progress([change for change in changes if change.writes], done)


def _progress(writes: Sequence[RegistrationChange], done: int) -> str:
    if done == len(writes):
        return "Done."
    stopped = writes[done]
    return (
        f"{done} of {len(writes)} done. Stopped at {stopped.kind} {stopped.name}, see the findings; the changes "
        "after it were not made. Run it again to continue."
    )


def _kafka_topic(name: str) -> str:
    """Which Kafka topic a Vantiq topic stands for, where its name does not show it."""
    part = name.rpartition("/")[2]
    kafka_topic = kafka_name(part)
    if kafka_topic == part:
        return ""
    return f", for Kafka's {kafka_topic}"


def _plan_properties(instance: Mapping[str, Any], name: str, properties: Mapping[str, Any]) -> RegistrationChange:
    """A type that exists: if an earlier version created it, it gets what it lacks; a user's own is left unchanged."""
    known = _known_properties(instance)
    if not _lacks_value_text(known):
        return RegistrationChange("none", "types", name, _UP_TO_DATE)
    if known.keys() != properties.keys() - ADDED_LATER:
        text = f"exists; values that do not fit its property value are refused, unless it gets {VALUE_TEXT} (String)"
        return RegistrationChange("none", "types", name, text)
    missing = {key: spec for key, spec in properties.items() if key not in known}
    text = f"{', '.join(missing)} added, for values that are not JSON objects and for schemas"
    return RegistrationChange("update", "types", name, text, {"properties": {**known, **missing}})


def _lacks_value_text(properties: Mapping[str, Any]) -> bool:
    return "value" in properties and VALUE_TEXT not in properties


def _known_properties(instance: Mapping[str, Any]) -> Mapping[str, Any]:
    declared = instance.get("properties")
    if isinstance(declared, Mapping):
        return declared
    return {}


def _differences(before: Mapping[str, Any], config: Mapping[str, Any], names: Sequence[str]) -> str:
    return "; ".join(
        f"{name} {shown_value(name, before.get(name))} -> {shown_value(name, config.get(name))}" for name in names
    )
