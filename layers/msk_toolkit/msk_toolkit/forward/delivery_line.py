"""The forwarder's one log line for an invocation: what became of each partition, and why one is not done."""

from typing import Any

from msk_toolkit.forward.outcome import BatchOutcome, Failure, FailureKind, LaneOutcome
from msk_toolkit.path_causes import PathCause

# A partition each; a batch can hold a thousand.
_MAX_PLACES = 100
_MAX_FAILURES = 20
_OF_THE_TOKEN = frozenset({PathCause.VANTIQ_TOKEN_REFUSED, PathCause.VANTIQ_TOKEN_UNREADABLE})
# Where the failure has no cause, or the kind says more than its cause.
_REMEDIES: dict[FailureKind, str] = {
    "outage": "Check Vantiq and the network path to it.",
    "blocked": "Fix what causes the refusal, or set OnRefusal=dead-letter to dead-letter the record.",
    "retriable": "No action if it clears; otherwise check Vantiq's load and quotas.",
    "late": "Give the function a longer timeout, or the event source mapping smaller batches.",
    "held": "See the other failures.",
}


def delivery_line(outcome: BatchOutcome, token_secret: str = "") -> tuple[str, dict[str, Any]]:
    """The line's message and its fields beside the counts; nothing of a record but topic, partition and offset.

    Args:
        token_secret: the ARN of the secret with Vantiq's token; the ARN may be logged.
    """
    fields: dict[str, Any] = {"places": place_counts(outcome.lanes)}
    if not outcome.failures:
        return "delivered", fields
    worst = outcome.failures[0]
    waiting = f"{len(outcome.to_report)} of {outcome.received} records wait"
    remedy = remedy_of(worst, token_secret)
    fields |= {"unfinished": outcome.unfinished, "failures": _failures(outcome.lanes), "remedy": remedy}
    if worst.cause:
        topic = next(iter(outcome.unfinished), "").rpartition("-")[0]
        fields |= {"cause": worst.cause, "command": worst.cause.command_for(topic)}
    return f"delivery incomplete: {waiting}: {worst.reason} -> {remedy}", fields


def waiting_line(lanes: list[LaneOutcome], token_secret: str = "") -> tuple[str, dict[str, Any]]:
    """The line of an invocation that keeps trying; its report, with the counts, comes when its time is used up."""
    failures = sorted(
        (lane.failure for lane in lanes if lane.failure and lane.failure.kind != "held"),
        key=lambda failure: failure.cause is None,
    )
    if not failures:
        return "delivery waits", {}
    worst = failures[0]
    waiting = sum(len(lane.rest.records) for lane in lanes)
    fields: dict[str, Any] = {"waiting": waiting, "failures": _failures(lanes)}
    if worst.cause:
        fields["cause"] = worst.cause
    remedy = remedy_of(worst, token_secret)
    return f"delivery waits: {waiting} records: {worst.reason} -> {remedy}", fields


def remedy_of(failure: Failure, token_secret: str = "") -> str:
    """The first thing to do; names the secret where the token is the cause."""
    if failure.cause is None or failure.kind == "blocked":
        return _REMEDIES[failure.kind]
    if failure.cause in _OF_THE_TOKEN and token_secret:
        return f"{failure.cause.remedy} It is {token_secret}."
    return failure.cause.remedy


def place_counts(lanes: list[LaneOutcome]) -> dict[str, dict[str, int]]:
    """By partition, the records that were sent or are left, delivered, dead-lettered and dropped; no zeros."""
    places: dict[str, dict[str, int]] = {}
    for lane in lanes:
        if lane.lane.place not in places and len(places) == _MAX_PLACES:
            continue
        counts = places.setdefault(lane.lane.place, {"received": 0})
        counts["received"] += len(lane.lane.records)
        for name, number in (
            ("delivered", lane.delivered),
            ("dead_lettered", lane.dead_lettered),
            ("dropped", lane.dropped),
        ):
            if number:
                counts[name] = counts.get(name, 0) + number
    return places


def _failures(lanes: list[LaneOutcome]) -> list[dict[str, str]]:
    """The failures of partitions that were attempted, each once; the others were only held back by them."""
    distinct: dict[tuple[str, str], dict[str, str]] = {}
    for lane in lanes:
        failure = lane.failure
        if failure is not None and failure.kind != "held":
            line = {"place": lane.lane.place, "kind": failure.kind, "reason": failure.reason}
            if failure.cause:
                line["cause"] = failure.cause
            distinct.setdefault((lane.lane.place, failure.reason), line)
    return list(distinct.values())[:_MAX_FAILURES]
