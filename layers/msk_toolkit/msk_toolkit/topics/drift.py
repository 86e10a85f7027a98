"""How the cluster has drifted from the declaration, by kind."""

from collections import Counter
from enum import StrEnum

from msk_toolkit.topics.plan import Plan, TopicStep

_TOPICS_NAMED = 20


class Drift(StrEnum):
    """A way in which a declared topic stands otherwise than declared."""

    MISSING = "missing"
    PARTITIONS = "partitions"
    REPLICATION = "replication factor"
    CONFIG = "configuration"
    UNDECLARED_CONFIG = "undeclared configuration"
    UNREADABLE = "not readable"


def drift_of(step: TopicStep) -> set[Drift]:
    """The kinds of drift that a step shows."""
    if any(refusal.kind == "not-readable" for refusal in step.refusals):
        return {Drift.UNREADABLE}
    if step.partitions_before is None:
        return {Drift.MISSING}
    found = {
        Drift.PARTITIONS: step.partitions != step.partitions_before,
        Drift.REPLICATION: any(refusal.kind == "replication-factor" for refusal in step.refusals)
        or step.replication_factor != step.replication_factor_before,
        Drift.CONFIG: bool(step.config),
        Drift.UNDECLARED_CONFIG: bool(step.undeclared_config),
    }
    return {kind for kind, holds in found.items() if holds}


def count_drift(plan: Plan) -> Counter[Drift]:
    """How many topics show each kind."""
    return Counter(kind for step in plan.steps for kind in drift_of(step))


def drifted(plan: Plan) -> int:
    """How many topics stand otherwise than declared; keys that nobody declared don't count."""
    return sum(bool(drift_of(step) - {Drift.UNDECLARED_CONFIG}) for step in plan.steps)


def drift_line(plan: Plan) -> str:
    """The whole check in one line for a person."""
    kinds = {step.topic: drift_of(step) for step in plan.steps}
    with_drift = {topic: found for topic, found in kinds.items() if found}
    if not with_drift:
        return f"no drift: all {len(kinds)} declared topics match"
    # A log line has its limits, and nobody reads hundreds of names.
    shown = list(with_drift.items())[:_TOPICS_NAMED]
    named = "; ".join(f"{topic}: {', '.join(sorted(found))}" for topic, found in shown)
    rest = f"; and {len(with_drift) - len(shown)} more" if len(with_drift) > len(shown) else ""
    return f"drift in {len(with_drift)} of {len(kinds)} declared topics: {named}{rest}"
