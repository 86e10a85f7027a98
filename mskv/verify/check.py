"""One line of the report."""

from typing import Any, Literal

import msgspec

from mskv.facts import Invocation, Unavailable

State = Literal["ok", "failed", "not tried"]
Area = Literal[
    "stack",
    "functions",
    "topics",
    "probes",
    "vantiq",
    "listener",
    "network",
    "mappings",
    "letters",
    "alarms",
    "mail",
    "costs",
    "record",
    "refusal",
]


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was looked at, and what came of it.

    Args:
        text: what is so; for ``failed`` the cause, for ``not tried`` why not.
        remedy: for ``failed``, what to do.
    """

    area: Area
    name: str
    state: State
    text: str
    remedy: str = ""


def ok(area: Area, name: str, text: str) -> Check:
    """The check passed."""
    return Check(area=area, name=name, state="ok", text=text)


def failed(area: Area, name: str, cause: str, remedy: str) -> Check:
    """The check failed: its cause, and what to do."""
    return Check(area=area, name=name, state="failed", text=cause, remedy=remedy)


def not_tried(area: Area, name: str, why: str) -> Check:
    """The check was not made."""
    return Check(area=area, name=name, state="not tried", text=why)


def unavailable(area: Area, name: str, answer: Unavailable) -> Check:
    """A request without an answer: a missing permission, an emulator's limit, or a failure of AWS."""
    if answer.reason == "unknown":
        return not_tried(area, name, f"{answer.call} is not supported here: {answer.text}")
    if answer.reason == "denied":
        text = f"the caller is not allowed to call {answer.call}: {answer.text}"
        return failed(area, name, text, "grant the permission; docs/verify.md has the whole policy")
    return failed(area, name, f"{answer.call} failed: {answer.text}", "run verify again")


def understood[Answer: msgspec.Struct](
    area: Area, name: str, invocation: Invocation | None, form: type[Answer]
) -> Answer | Check:
    """A function's answer in this form, or the check that says why there is none."""
    if invocation is None or invocation.outcome != "answered":
        return not_tried(area, name, "the function gave no answer; see functions")
    try:
        return msgspec.convert(invocation.answer, form)
    except msgspec.ValidationError as error:
        text = f"the function's answer has an unexpected form: {error}"
        return failed(area, name, text, "use mskv in the version of the deployed stack")


def joined(*texts: str) -> str:
    """Some sentences as one: without a full stop in front of the next."""
    return "; ".join(text.rstrip(" .;") for text in texts if text)


def as_json(check: Check) -> dict[str, Any]:
    """All fields, also the empty ones."""
    return {field: getattr(check, field) for field in check.__struct_fields__}
