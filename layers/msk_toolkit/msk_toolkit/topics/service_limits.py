"""What MSK Express and MSK Serverless fix, so that the plan reports it before the cluster does, or silently doesn't.

Express creates a topic with replication factor 3 whatever was requested. Source: the MSK developer guide, "Topic-level
configurations on Express brokers" and "Configuration properties for MSK Serverless clusters".
"""

from collections.abc import Iterator, Mapping, Sequence

from msk_toolkit.settings.cluster import ClusterKind
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.observed import ObservedTopic
from msk_toolkit.topics.refusal import Refusal
from msk_toolkit.topics.units import same, to_whole

_REPLICATION_FACTOR = 3
_COMMON = frozenset(
    {
        "cleanup.policy",
        "compression.type",
        "max.message.bytes",
        "message.timestamp.type",
        "retention.bytes",
        "retention.ms",
    }
)
_ALLOWED: Mapping[ClusterKind, frozenset[str]] = {
    "express": _COMMON
    | {
        "delete.retention.ms",
        "max.compaction.lag.ms",
        "message.timestamp.after.max.ms",
        "message.timestamp.before.max.ms",
        "min.compaction.lag.ms",
    },
    "serverless": _COMMON | {"message.timestamp.difference.max.ms"},
}
_FIXED: Mapping[ClusterKind, Mapping[str, str]] = {
    "express": {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"},
    "serverless": {},
}
_NAMES: Mapping[ClusterKind, str] = {"express": "Express brokers", "serverless": "MSK Serverless"}
_LONGEST_SERVERLESS_MESSAGE = 8 * 1024 * 1024


def is_fixed(key: str, value: str, kind: ClusterKind) -> bool:
    """Whether the offering has this very value for every topic, so that it must not be set."""
    fixed = _FIXED.get(kind, {}).get(key)
    return fixed is not None and same(value, fixed)


def violations(
    topic: DeclaredTopic, existing: ObservedTopic | None, changed: Sequence[str], kind: ClusterKind
) -> list[Refusal]:
    """What the offering does not allow; ``changed`` are the keys that the plan would set."""
    if kind == "standard":
        return []
    refusals = []
    if topic.replication_factor != _REPLICATION_FACTOR:
        refusals.append(
            Refusal(
                "not-offered",
                f"replication factor {topic.replication_factor}: fixed at {_REPLICATION_FACTOR} by {_NAMES[kind]}",
                f"declare {_REPLICATION_FACTOR}",
            )
        )
    refusals += _not_settable(changed, kind)
    if kind == "serverless":
        refusals += _serverless(topic, existing, changed)
    return refusals


def _not_settable(keys: Sequence[str], kind: ClusterKind) -> Iterator[Refusal]:
    for key in keys:
        if key not in _ALLOWED[kind]:
            yield Refusal("not-offered", f"{key}: can't be set with {_NAMES[kind]}", _alternative(key, kind))


def _alternative(key: str, kind: ClusterKind) -> str:
    fixed = _FIXED[kind].get(key)
    if fixed:
        return f"declare {fixed}, or omit it"
    return "omit it"


def _serverless(topic: DeclaredTopic, existing: ObservedTopic | None, changed: Sequence[str]) -> Iterator[Refusal]:
    if existing and "cleanup.policy" in changed:
        yield Refusal(
            "not-offered",
            "cleanup.policy: MSK Serverless sets it only when a topic is created",
            "leave it as it is, or create a topic under a new name",
        )
    longest = to_whole(topic.config.get("max.message.bytes"))
    if longest is not None and longest > _LONGEST_SERVERLESS_MESSAGE:
        yield Refusal("not-offered", "max.message.bytes: MSK Serverless accepts up to 8MiB", "declare 8MiB or less")
