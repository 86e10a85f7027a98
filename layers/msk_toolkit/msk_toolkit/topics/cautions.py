"""What a declaration allows but its owner may regret, above all when MSK patches the brokers one after another."""

from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.observed import Observed, ObservedTopic


def cautions(topic: DeclaredTopic, found: ObservedTopic | None, observed: Observed) -> list[str]:
    """A sentence for each."""
    words = [*_moved_keys(topic, found), *_shorter_retention(topic, found)]
    return words if observed.kind != "standard" else [*words, *_availability(topic, found, observed.brokers)]


def _moved_keys(topic: DeclaredTopic, found: ObservedTopic | None) -> list[str]:
    if found is None or topic.partitions <= found.partitions:
        return []
    return [
        f"partitions {found.partitions} -> {topic.partitions} move keys: new records of a key may go to another "
        "partition than its old ones, so their order is lost across the change"
    ]


def _shorter_retention(topic: DeclaredTopic, found: ObservedTopic | None) -> list[str]:
    words = []
    for key in ("retention.ms", "retention.bytes"):
        before = _limit(found.config[key].value) if found and key in found.config else None
        after = _limit(topic.config.get(key, ""))
        if before is not None and after is not None and after < before:
            words.append(f"a smaller {key}: records beyond it are deleted for good")
    return words


def _limit(text: str) -> float | None:
    if text == "-1":
        return float("inf")
    return float(text) if text.isdigit() else None


def _availability(topic: DeclaredTopic, found: ObservedTopic | None, brokers: int) -> list[str]:
    replicas = topic.replication_factor
    if found is None and replicas > brokers:
        return [
            f"replication factor {replicas} is above the {brokers} live brokers: the cluster refuses it, or with KRaft "
            "creates it with no replica in sync on those that are away"
        ]
    if replicas == 1:
        return ["replication factor 1: offline while MSK patches its broker (5 to 15 minutes), lost with its disk"]
    in_sync = _in_sync(topic, found)
    if in_sync is not None and in_sync >= replicas:
        return [
            f"min.insync.replicas {in_sync} with replication factor {replicas}: while MSK patches one of its brokers, "
            "every write with acks=all fails"
        ]
    return []


def _in_sync(topic: DeclaredTopic, found: ObservedTopic | None) -> int | None:
    text = topic.config.get("min.insync.replicas")
    if text is None and found and "min.insync.replicas" in found.config:
        text = found.config["min.insync.replicas"].value
    return int(text) if text and text.isdigit() else None
