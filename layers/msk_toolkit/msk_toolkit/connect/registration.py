"""What has to change in Vantiq for a source, its secret and the forwarder's target; decided before anything is done."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from msk_toolkit.connect.vantiq_source import shown_value
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.targets import target_resource

Step = Literal["create", "update", "activate", "restart", "none", "refuse"]
_TYPE = "KAFKA"
_SYMBOLS: Mapping[Step, str] = {
    "create": "+",
    "update": "~",
    "activate": "~",
    "restart": "~",
    "none": "=",
    "refuse": "!",
}
_COUNTED: Sequence[Step] = ("create", "update", "activate", "restart", "refuse")


class Change(msgspec.Struct, frozen=True):
    """One resource and what is to happen to it. Neither its text nor its answer holds a secret."""

    step: Step
    kind: str
    name: str
    detail: str
    instance: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Change({self.step} {self.kind} {self.name})"

    __str__ = __repr__

    @property
    def writes(self) -> bool:
        """Whether there is anything to do."""
        return self.step not in ("none", "refuse")

    def line(self) -> str:
        """As a person reads it."""
        return f"{_SYMBOLS[self.step]} {self.kind} {self.name}: {self.detail}"


def plan_secret(found: Mapping[str, Any] | None, name: str, value: str | None, *, renew: bool) -> Change:
    """The secret with the password. What it holds can't be read back, so it is written once, or when asked to."""
    if found is not None and not renew:
        return Change("none", "secrets", name, "exists; what it holds can't be read (renew_secret writes it anew)")
    if value is None:
        return Change("refuse", "secrets", name, "the password is not known, so nothing can be stored")
    instance = {"name": name, "secret": value}
    if found is None:
        return Change("create", "secrets", name, "the password, readable by nobody afterwards", instance)
    return Change("update", "secrets", name, "the password is written anew", instance)


def plan_source(found: Mapping[str, Any] | None, name: str, config: Mapping[str, Any]) -> Change:
    """The source itself."""
    instance = {"name": name, "type": _TYPE, "config": dict(config)}
    if found is None:
        return Change("create", "sources", name, f"a {_TYPE} source", instance)
    if found.get("type") != _TYPE:
        text = f"there is a source of that name with type {found.get('type')}: name another, or remove that one"
        return Change("refuse", "sources", name, text)
    was: Mapping[str, Any] = found.get("config") or {}
    different = sorted(key for key in {*was, *config} if was.get(key) != config.get(key))
    if different:
        return Change("update", "sources", name, _differences(was, config, different), instance)
    return Change("none", "sources", name, "is as it should be")


def plan_target(found: Mapping[str, Any] | None, target: Target) -> Change:
    """What the forwarder's target needs: a topic that keeps what it took, and unwinds arrays; a type with its key."""
    kind, name = target_resource(target)
    if target.kind in {"service", "procedure", "source"}:
        if found is None:
            return Change(
                "refuse", kind, name, "does not exist, and only you know what it is to do: create it in Vantiq"
            )
        return Change("none", kind, name, "exists")
    wanted = _wanted(target)
    if found is None:
        detail = "reliable, with autoUnwind" if target.kind == "topic" else "a type with the records' properties"
        return Change("create", kind, name, detail, wanted)
    missing = [key for key in ("isReliable", "autoUnwind") if target.kind == "topic" and found.get(key) is not True]
    if missing:
        return Change("update", kind, name, " and ".join(missing) + " switched on", dict.fromkeys(missing, True))
    if target.kind == "upsert" and not found.get("naturalKey"):
        return Change("refuse", kind, name, "has no natural key, which an upsert needs: the records' is id")
    return Change("none", kind, name, "is as it should be")


def plan_activation(found: Mapping[str, Any] | None, source: Change, secret: Change | None) -> Change:
    """Whether the source has to be started, or stopped and started, which is when it reads its secret."""
    if found is None or found.get("active") is not True:
        return Change("activate", "sources", source.name, "activate")
    # Activating what is active may do nothing, and one that is unavailable no longer tries by itself.
    restart = "restart (deactivate, activate)"
    if source.step == "update" or (secret is not None and secret.writes):
        return Change("restart", "sources", source.name, f"{restart}, so that it reads what has changed")
    if found.get("isUnavailable") is True:
        return Change("restart", "sources", source.name, f"{restart}, since Vantiq says that it is unavailable")
    return Change("none", "sources", source.name, "is active")


def render(changes: Sequence[Change], done: int | None) -> str:
    """The plan as a person reads it, and how it ended.

    Args:
        done: how many changes were carried out, in their order; None where nothing was to be.
    """
    counted = {step: sum(change.step == step for change in changes) for step in _COUNTED}
    totals = ", ".join(f"{count} to {step}" for step, count in counted.items())
    to_do = [change for change in changes if change.writes]
    if counted["refuse"]:
        ending = "Nothing was changed: what is refused has to be settled first."
    elif done is None:
        ending = "Nothing was changed."
    elif done < len(to_do):
        stopped = to_do[done]
        ending = (
            f"{done} of {len(to_do)} done. Stopped at {stopped.kind} {stopped.name}, see the findings; what follows "
            "was not done. Run it again to go on."
        )
    else:
        ending = "Done."
    return "\n".join([*(change.line() for change in changes), f"Plan: {totals}. {ending}"])


def _wanted(target: Target) -> dict[str, Any]:
    if target.kind == "topic":
        return {"name": target.name, "isReliable": True, "autoUnwind": True}
    # The properties of the forwarder's envelope; a value may be anything that JSON has.
    whole = {key: {"type": "Integer"} for key in ("partition", "offset", "timestamp")}
    texts = ("id", "cluster", "topic", "timestampType", "keyEncoding", "key", "valueEncoding")
    free = {"value": {"type": "Object"}, "headers": {"type": "Object", "multi": True}}
    properties = {key: {"type": "String"} for key in texts} | whole | free
    return {"name": target.name, "properties": properties, "naturalKey": ["id"]}


def _differences(was: Mapping[str, Any], config: Mapping[str, Any], names: Sequence[str]) -> str:
    return "; ".join(
        f"{name} {shown_value(name, was.get(name))} -> {shown_value(name, config.get(name))}" for name in names
    )
