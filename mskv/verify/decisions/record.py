"""What became of a marked record: acknowledged, set aside, replayed, cleaned up."""

from typing import Literal

import msgspec

from mskv.answers import Followed, RedriveAnswer, Written
from mskv.facts import Invocation, Stack, Unavailable
from mskv.verify.check import Area, Check, failed, not_tried, ok, unavailable

Kind = Literal["record", "refusal"]
_REDEPLOY = "deploy with TestRecords=true, and take it back afterwards"


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
        """Where it stands in Kafka."""
        return f"{self.written.topic}-{self.written.partition}, offset {self.written.offset}"


def obstacle(stack: Stack, area: Kind, topic: str) -> Check | None:
    """Why no record is written at all; None where one may be."""
    forwarded = stack.listed("ForwardTopics")
    if topic not in forwarded:
        text = f"{topic} is not one of ForwardTopics ({', '.join(forwarded)})"
        return failed(area, topic, text, "name a topic that this stack forwards")
    if stack.parameters.get("TestRecords") != "true":
        text = f"TestRecords is false, so the stack lets nobody write into the topics that it forwards: {_REDEPLOY}"
        return not_tried(area, topic, text)
    if area == "refusal" and stack.parameters.get("OnRefusal") == "block":
        return not_tried(area, topic, "OnRefusal is block: a refused record would hold back all those behind it")
    return None


def not_written(area: Area, topic: str, invocation: Invocation | None) -> Check:
    """The record could not be written; where its acknowledgement is late it may stand there all the same."""
    cause = invocation.text if invocation else "the stack has no ProducerProbeFunction that could be invoked"
    return failed(area, topic, f"the record could not be written: {cause}", "see probes, listener and topics above")


def record_check(stack: Stack, fate: Fate) -> Check:
    """Whether Vantiq acknowledged a record that it should take."""
    topic = fate.written.topic
    missing = _not_done("record", fate)
    if missing:
        return missing
    if isinstance(fate.letters, Unavailable):
        return unavailable("record", topic, fate.letters)
    if fate.letters:
        text = f"Vantiq refused the record at {fate.place}: it was set aside as {fate.letters[0]}"
        target = stack.parameters.get("VantiqTarget", "")
        remedy = f"does {target} take such values? The redrive's inspect shows what Vantiq said"
        return failed("record", topic, text, remedy)
    return ok("record", topic, f"Vantiq acknowledged {fate.written.id} ({fate.place}) within {fate.seconds:.0f} s")


def refusal_check(stack: Stack, fate: Fate, reason: str) -> Check:
    """Whether a record that Vantiq refuses was set aside.

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
        text = f"{target} refuses no value that verify can write: it took the text at {fate.place} as well"
        return not_tried("refusal", topic, text)
    return ok("refusal", topic, f"Vantiq refused {fate.place} ({reason}); it was set aside as {fate.letters[0]}")


def replay_check(topic: str, letter: str, answer: RedriveAnswer | Check) -> Check:
    """Whether the redrive sent the letter again; a second refusal is as good an answer as a delivery."""
    name = f"{topic}, replay"
    if isinstance(answer, Check):
        return answer
    if answer.done.delivered:
        return ok("refusal", name, "the redrive sent it again, and Vantiq took it")
    if answer.done.refused:
        return ok("refusal", name, "the redrive sent it again, and Vantiq refused it again: the letter stays")
    text = f"the redrive did not send {letter}: {answer.stopped or 'it saw no such letter'}"
    return failed("refusal", name, text, "look into the redrive's log")


def cleanup_check(topic: str, name: str, deleted: str | Unavailable | None) -> Check:
    """What became of the letter in the end.

    Args:
        name: where it lies.
        deleted: None where the user did not say that it is to be.
    """
    if deleted is None:
        return not_tried("refusal", f"{topic}, letter", f"{name} stays: --delete-letter was not given")
    if isinstance(deleted, Unavailable):
        return unavailable("refusal", f"{topic}, letter", deleted)
    return ok("refusal", f"{topic}, letter", f"{name} is deleted")


def _not_done(area: Kind, fate: Fate) -> Check | None:
    followed = fate.followed
    if followed is not None and followed.done:
        return None
    where = f"{fate.place} is not done after {fate.seconds:.0f} s"
    if followed is None:
        return failed(
            area, fate.written.topic, f"{where} as far as can be seen: {fate.why}", "see functions and probes"
        )
    stands = followed.detail or f"it has committed {followed.committed}"
    remedy = (
        "see mappings and vantiq above, then the forwarder's log; where many records wait before it, run verify again "
        "with a longer --wait"
    )
    return failed(area, fate.written.topic, f"{where}: group {followed.group}, {stands}", remedy)
