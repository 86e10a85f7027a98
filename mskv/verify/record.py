"""A marked record: written by the stack, followed to Vantiq, and cleaned up; only with consent."""

import uuid
from typing import Any, Literal

import msgspec

from mskv.answers import Followed, RedriveAnswer, Written
from mskv.aws.letters import LETTERS, REPLAYED, cluster_of, delete_letter, find_letters, letter_prefix
from mskv.facts import Function, Invocation, Stack, Unavailable
from mskv.verify.check import Check, understood
from mskv.verify.decisions.record import (
    Fate,
    Kind,
    cleanup_check,
    not_written,
    obstacle,
    record_check,
    refusal_check,
    replay_check,
)
from mskv.verify.tools import Functions, Tools

# In one invocation of the consumer probe, whose timeout is a minute.
_WAIT_SECONDS = 20


class MarkedRecords:
    """Has the stack's functions write, follow and replay.

    Args:
        wait: how long a record is followed, in seconds.
    """

    def __init__(self, stack: Stack, functions: Functions, tools: Tools, wait: float) -> None:
        self._stack = stack
        self._functions = functions
        self._tools = tools
        self._wait = wait
        self._bucket = stack.outputs.get("DeadLetterBucket", "")

    def record(self, topic: str) -> list[Check]:
        """Write a record that Vantiq accepts, and follow it."""
        fate = self._fate("record", topic, "json")
        if isinstance(fate, Check):
            return [fate]
        return [record_check(self._stack, fate)]

    def refusal(self, topic: str, *, delete: bool) -> list[Check]:
        """Write a record that Vantiq may refuse; replay its letter, and delete it where that is said."""
        fate = self._fate("refusal", topic, "text")
        if isinstance(fate, Check):
            return [fate]
        if isinstance(fate.letters, Unavailable) or not fate.letters:
            return [refusal_check(self._stack, fate, "")]
        name = fate.letters[0]
        check = refusal_check(self._stack, fate, self._reason(name))
        if check.state != "ok":
            return [check]
        answer = self._replay(fate)
        replayed = replay_check(topic, name, answer)
        if isinstance(answer, RedriveAnswer) and answer.done.delivered:
            name = REPLAYED + name.removeprefix(LETTERS)
        deleted: str | Unavailable | None = None
        if delete:
            deleted = delete_letter(self._tools.writer, self._bucket, name)
        return [check, replayed, cleanup_check(topic, name, deleted)]

    def _fate(self, area: Kind, topic: str, form: Literal["json", "text"]) -> Fate | Check:
        check = obstacle(self._stack, area, topic)
        if check:
            return check
        self._tools.progress.say(f"writing a marked record into {topic}")
        event = {"action": "write_record", "topic": topic, "id": uuid.uuid4().hex, "form": form}
        began = self._tools.clock()
        invocation = self._invoke("ProducerProbeFunction", event)
        if invocation is None or invocation.outcome != "answered":
            return not_written(area, topic, invocation)
        written = understood(area, topic, invocation, Written)
        if isinstance(written, Check):
            return written
        followed, why = self._follow(written, began)
        prefix = letter_prefix(cluster_of(self._stack.parameters), topic, written.partition, written.offset)
        letters = find_letters(self._tools.client, self._bucket, prefix)
        return Fate(written, followed, letters, self._tools.clock() - began, why)

    def _follow(self, written: Written, began: float) -> tuple[Followed | None, str]:
        """Until the forwarder is done with it, or the time is up; and why nothing was seen."""
        event: dict[str, Any] = {"action": "follow_record", "topic": written.topic, "partition": written.partition}
        event |= {"offset": written.offset, "wait_seconds": min(_WAIT_SECONDS, self._wait)}
        while True:
            self._tools.progress.say(
                f"following it to Vantiq ({self._tools.clock() - began:.0f} of {self._wait:.0f} s)"
            )
            invocation = self._invoke("ConsumerProbeFunction", event)
            if invocation is None:
                return None, "the stack has no ConsumerProbeFunction"
            if invocation.outcome != "answered":
                return None, invocation.text
            try:
                followed = msgspec.convert(invocation.answer, Followed)
            except msgspec.ValidationError as error:
                return None, f"ConsumerProbeFunction's answer has an unexpected form: {error}"
            if followed.done or self._tools.clock() - began >= self._wait:
                return followed, ""

    def _reason(self, letter: str) -> str:
        invocation = self._invoke("RedriveFunction", {"action": "inspect", "name": letter})
        refusal = _refusal(invocation)
        if refusal is None:
            return "its dead letter can't be read"
        return f"{refusal.get('status', '')} {refusal.get('code', '')}".strip() or str(refusal.get("reason", ""))

    def _replay(self, fate: Fate) -> RedriveAnswer | Check:
        """Of the letters behind the record's place the first alone: that is its own."""
        self._tools.progress.say("replaying its dead letter")
        written = fate.written
        cluster = cluster_of(self._stack.parameters)
        event = {
            "action": "replay",
            "dry_run": False,
            "topic": written.topic,
            "partition": written.partition,
            "after": letter_prefix(cluster, written.topic, written.partition, written.offset),
            "limit": 1,
        }
        return understood("refusal", f"{written.topic}, replay", self._invoke("RedriveFunction", event), RedriveAnswer)

    def _invoke(self, name: str, event: dict[str, Any]) -> Invocation | None:
        function = self._functions.get(name)
        if not isinstance(function, Function):
            return None
        return self._tools.invoker.invoke(function, event)


def _refusal(invocation: Invocation | None) -> dict[str, Any] | None:
    """What the redrive shows of a letter's refusal; None where it shows none."""
    if invocation is None or invocation.outcome != "answered" or not isinstance(invocation.answer, dict):
        return None
    letter = invocation.answer.get("letter") or {}
    refusal = letter.get("refusal")
    if not isinstance(refusal, dict):
        return None
    return refusal
