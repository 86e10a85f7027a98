"""What happened to a marked record: acknowledged, dead-lettered, redriven, deleted."""

from typing import Literal

import msgspec

from mskv.answers import Followed, RedriveAnswer, Written
from mskv.facts import Invocation, Stack, Unavailable
from mskv.verify.check import Area, Check, failed, not_tried, ok, unavailable

Kind = Literal["record", "refusal"]
_REDEPLOY = "deploy with TestRecords=true, and with false afterwards"


class Fate(msgspec.Struct, frozen=True):
    """A record that was written, and what could be seen of it afterwards.

    Args:
        followed: None where nobody could follow it; ``why`` says why.
        letters: names of its dead letters.
        seconds: from the write to the last look.
    """

    written: Written
    followed: Followed | None
    letters: list[str] | Unavailable
    seconds: float
    why: str = ""

    @property
    def place(self) -> str:
        """Its place in Kafka."""
        return f"{self.written.topic}-{self.written.partition}, offset {self.written.offset}"


def obstacle(stack: Stack, area: Kind, topic: str) -> Check | None:
    """Why no record is written at all; None where one may be."""
    forwarded = stack.listed("ForwardTopics")
    if topic not in forwarded:
        text = f"{topic} is not one of ForwardTopics ({', '.join(forwarded)})"
        return failed(area, topic, text, "use a topic that this stack forwards")
    if stack.parameters.get("TestRecords") != "true":
        text = f"TestRecords is false, so test records can't be written to forwarded topics: {_REDEPLOY}"
        return not_tried(area, topic, text)
    if stack.parameters.get("RecordFilter"):
        text = "RecordFilter is set: a test record that it leaves out would look like a delivered one"
        return not_tried(area, topic, text)
    if area == "refusal" and stack.parameters.get("OnRefusal") == "block":
        return not_tried(area, topic, "OnRefusal is block: a refused record would block all records behind it")
    return None


def not_written(area: Area, topic: str, invocation: Invocation | None) -> Check:
    """The record could not be written; if its acknowledgement was only late, it was written anyway."""
    cause = "the stack has no ProducerProbeFunction that can be invoked"
    if invocation:
        cause = invocation.text
    return failed(area, topic, f"the record could not be written: {cause}", "see probes, listener and topics above")


def record_check(stack: Stack, fate: Fate) -> Check:
    """Whether Vantiq acknowledged a record that it should accept."""
    topic = fate.written.topic
    missing = _not_done("record", fate)
    if missing:
        return missing
    if isinstance(fate.letters, Unavailable):
        return unavailable("record", topic, fate.letters)
    if fate.letters:
        text = f"Vantiq refused the record at {fate.place}; its dead letter is {fate.letters[0]}"
        target = stack.parameters.get("VantiqTarget", "")
        remedy = f"check that {target} accepts such values; the redrive's action inspect shows Vantiq's response"
        return failed("record", topic, text, remedy)
    return ok("record", topic, f"Vantiq acknowledged {fate.written.id} ({fate.place}) within {fate.seconds:.0f} s")


def refusal_check(stack: Stack, fate: Fate, reason: str) -> Check:
    """Whether a record that Vantiq refuses was dead-lettered.

    Args:
        reason: what its letter says.
    """
    topic = fate.written.topic
    missing = _not_done("refusal", fate)
    if missing:
        return missing
    if isinstance(fate.letters, Unavailable):
        return unavailable("refusal", topic, fate.letters)
    if not fate.letters:
        target = stack.parameters.get("VantiqTarget", "")
        text = f"{target} accepts every value that verify can write, also the text at {fate.place}"
        return not_tried("refusal", topic, text)
    return ok("refusal", topic, f"Vantiq refused {fate.place} ({reason}); its dead letter is {fate.letters[0]}")


def replay_check(topic: str, letter: str, answer: RedriveAnswer | Check) -> Check:
    """Whether the redrive sent the letter again; a second refusal is as good an answer as a delivery."""
    name = f"{topic}, replay"
    if isinstance(answer, Check):
        return answer
    if answer.done.delivered:
        return ok("refusal", name, "the redrive sent it again and Vantiq accepted it")
    if answer.done.refused:
        return ok("refusal", name, "the redrive sent it again and Vantiq refused it again; the dead letter is kept")
    text = f"the redrive did not send {letter}: {answer.stopped or 'it did not find it'}"
    return failed("refusal", name, text, "see the redrive's log")


def cleanup_check(topic: str, name: str, deleted: str | Unavailable | None) -> Check:
    """Whether the letter was deleted.

    Args:
        name: of its object.
        deleted: None where the user did not ask for it.
    """
    if deleted is None:
        return not_tried("refusal", f"{topic}, letter", f"{name} is kept: --delete-letter was not used")
    if isinstance(deleted, Unavailable):
        return unavailable("refusal", f"{topic}, letter", deleted)
    return ok("refusal", f"{topic}, letter", f"{name} was deleted")


def _not_done(area: Kind, fate: Fate) -> Check | None:
    followed = fate.followed
    if followed is not None and followed.done:
        return None
    where = f"{fate.place} is not processed after {fate.seconds:.0f} s"
    if followed is None:
        return failed(
            area, fate.written.topic, f"{where}, as far as is visible: {fate.why}", "see functions and probes"
        )
    progress = followed.detail or f"it has committed {followed.committed}"
    remedy = (
        "see mappings and vantiq above, then the forwarder's log; if many records are queued before it, run verify "
        "again with a longer --wait"
    )
    return failed(area, fate.written.topic, f"{where}: group {followed.group}, {progress}", remedy)
