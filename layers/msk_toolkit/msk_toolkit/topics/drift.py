"""How the cluster differs from the declaration, by kind."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from itertools import islice

from msk_toolkit.topics.plan import ConfigChange, Plan, TopicStep
from msk_toolkit.topics.warnings import RETENTION_KEYS, is_cut

_TOPICS_NAMED = 20


class Drift(StrEnum):
    """A kind of difference between a declared topic and its declaration."""

    MISSING = "missing"
    PARTITIONS = "partitions"
    REPLICATION = "replication factor"
    CONFIG = "configuration"
    UNDECLARED_CONFIG = "undeclared configuration"
    RETENTION = "retention cut although records wait here for Vantiq"
    UNREADABLE = "not readable"


def drift_of(step: TopicStep) -> set[Drift]:
    """The kinds of drift that a step shows."""
    if step.is_refused_for("not-readable"):
        return {Drift.UNREADABLE}
    if step.partitions_before is None:
        return {Drift.MISSING}
    kinds = {
        Drift.PARTITIONS: step.partitions != step.partitions_before,
        Drift.REPLICATION: _replication_differs(step),
        Drift.CONFIG: bool(step.config),
        Drift.UNDECLARED_CONFIG: bool(step.undeclared_config),
        Drift.RETENTION: step.is_forwarded and any(map(_cuts_retention, step.undeclared_config)),
    }
    return {kind for kind, differs in kinds.items() if differs}


def _cuts_retention(change: ConfigChange) -> bool:
    """Whether an undeclared value makes Kafka delete records earlier than the cluster's default does."""
    return change.key in RETENTION_KEYS and is_cut(change.before, change.inherited)


def _replication_differs(step: TopicStep) -> bool:
    return step.is_refused_for("replication-factor") or step.replication_factor != step.replication_factor_before


def count_drift(plan: Plan) -> Counter[Drift]:
    """How many topics show each kind."""
    counts: Counter[Drift] = Counter()
    for step in plan.steps:
        counts.update(drift_of(step))
    return counts


def drifted(plan: Plan) -> int:
    """How many topics differ from their declaration; keys that are not declared only count if they cost records."""
    return sum(bool(drift_of(step) - {Drift.UNDECLARED_CONFIG}) for step in plan.steps)


def drift_line(plan: Plan) -> str:
    """The whole check in one line for a person."""
    with_drift = {step.topic: drift for step in plan.steps if (drift := drift_of(step))}
    if not with_drift:
        return f"no drift: all {len(plan.steps)} declared topics match"
    return f"drift in {len(with_drift)} of {len(plan.steps)} declared topics: {_drift_by_topic(with_drift)}"


def _drift_by_topic(drift: Mapping[str, set[Drift]]) -> str:
    # A log line has its limits, and hundreds of names are not read.
    texts = [f"{topic}: {', '.join(sorted(kinds))}" for topic, kinds in islice(drift.items(), _TOPICS_NAMED)]
    if len(drift) > len(texts):
        texts.append(f"and {len(drift) - len(texts)} more")
    return "; ".join(texts)
