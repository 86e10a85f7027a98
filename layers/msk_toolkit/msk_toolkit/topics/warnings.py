"""What a declaration allows and its owner may regret, above all when MSK patches the brokers one after another."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from msk_toolkit.kafka.topic_configs import TopicConfig
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.observed import ObservedTopic, ObservedTopics
from msk_toolkit.topics.units import to_limit, to_number, to_person, to_whole

# Lambda accepts 6 MB (6,291,556 bytes measured) an invocation, and a record comes as base64, a third longer, with its
# key, headers and the event around it.
LARGEST_FORWARDED_BYTES = 4_500_000
RETENTION_KEYS = frozenset({"retention.ms", "retention.bytes"})
# Keys whose value true may cost records, and how.
_RISKY_SWITCHES = {
    "unclean.leader.election.enable": "a replica that is behind may become leader, and acknowledged records are lost",
    "remote.log.delete.on.disable": "all records in tiered storage are deleted when it is switched off",
}


class Uses(NamedTuple):
    """What the stack does with topics: those that it forwards, the one of the probes, and the one for what its mappings
    give up."""

    forwarded: Collection[str] = ()
    probe_topic: str = ""
    given_up_topic: str = ""


NO_USES = Uses()


def topic_warnings(
    topic: DeclaredTopic, existing: ObservedTopic | None, observed: ObservedTopics, uses: Uses
) -> list[str]:
    """A sentence for each warning."""
    forwarded = topic.name in uses.forwarded
    after = _After(topic, existing)
    warnings = [
        *_moved_keys(topic, existing),
        *_shorter_retention(topic, existing, forwarded),
        *_cut_retention(topic, existing, forwarded),
        *_cleanup(after, is_probe_topic=topic.name == uses.probe_topic),
        *_message_size(after, forwarded),
        *_segments(topic),
        *_unclean(after),
    ]
    if observed.kind != "standard":
        return warnings
    return [*warnings, *_availability(topic, existing, observed)]


class _After:
    """The configuration after an apply: as declared, otherwise as it is."""

    def __init__(self, topic: DeclaredTopic, existing: ObservedTopic | None) -> None:
        self._topic = topic
        self._current: Mapping[str, TopicConfig] = {}
        if existing is not None:
            self._current = existing.config

    def before(self, key: str) -> str | None:
        """The value in force; None for a new topic."""
        if key not in self._current:
            return None
        return self._current[key].value

    def after(self, key: str) -> str | None:
        """The value after an apply; None where it is not known."""
        if key in self._topic.config:
            return self._topic.config[key]
        if key in self._topic.reset and key in self._current:
            return self._current[key].inherited
        return self.before(key)


def _moved_keys(topic: DeclaredTopic, existing: ObservedTopic | None) -> list[str]:
    if existing is None or topic.partitions <= existing.partitions:
        return []
    return [
        f"partitions {existing.partitions} -> {topic.partitions} move keys: new records of a key may go to another "
        "partition than its old ones, so their order is lost across the change"
    ]


def _shorter_retention(topic: DeclaredTopic, existing: ObservedTopic | None, forwarded: bool) -> Iterator[str]:
    values = _After(topic, existing)
    for key in ("retention.ms", "retention.bytes"):
        after, before = values.after(key), values.before(key)
        if after != before and to_limit(after) < to_limit(before):
            warning = f"a smaller {key}: records beyond it are deleted for good"
            if forwarded:
                warning += "; the topic is forwarded, and records that still wait for Vantiq go with them"
            yield warning


def _cut_retention(topic: DeclaredTopic, existing: ObservedTopic | None, forwarded: bool) -> Iterator[str]:
    if existing is None or not forwarded:
        return
    for key in sorted(RETENTION_KEYS - {*topic.config, *topic.reset}):
        setting = existing.config.get(key)
        if setting is not None and is_cut(setting.value, setting.inherited):
            yield (
                f"{key} {to_person(key, setting.value)} is not declared and below the cluster's default: records that "
                f"wait for Vantiq are deleted after it. Declare it, or remove it from the topic with {key}: null"
            )


def is_cut(value: str | None, inherited: str | None) -> bool:
    """Whether a topic's own retention is below what it would inherit."""
    return to_limit(value) < to_limit(inherited)


def _cleanup(values: _After, *, is_probe_topic: bool) -> Iterator[str]:
    before, after = _policies(values.before("cleanup.policy")), _policies(values.after("cleanup.policy"))
    if before:
        yield from _added_policies(after - before)
    if is_probe_topic and "compact" in after:
        yield "this is the probes' topic: their records have no key, and a compacted topic refuses them"


def _added_policies(policies: Collection[str]) -> Iterator[str]:
    if "delete" in policies:
        yield "cleanup.policy compact -> delete: records older than the retention are deleted, whatever their key"
    if "compact" in policies:
        yield "cleanup.policy -> compact: records without a key are refused, and older ones of the same key are removed"


def _policies(text: str | None) -> set[str]:
    if not text:
        return set()
    return {part.strip() for part in text.split(",")}


def _message_size(values: _After, forwarded: bool) -> Iterator[str]:
    after = to_number(values.after("max.message.bytes"))
    if after < to_number(values.before("max.message.bytes")):
        yield "a smaller max.message.bytes: producers that send larger records are refused from then on"
    if forwarded and after > LARGEST_FORWARDED_BYTES:
        size = to_person("max.message.bytes", str(int(after)))
        yield (
            f"max.message.bytes {size} on a forwarded topic: Lambda accepts 6 MB per invocation, as base64, so that a "
            "record of more than about 4.5 MB never reaches Vantiq and stops its partition"
        )


def _segments(topic: DeclaredTopic) -> Iterator[str]:
    segment, retention = to_number(topic.config.get("segment.ms")), to_limit(topic.config.get("retention.ms"))
    # Compaction alone never looks at retention.ms.
    if segment > retention and "delete" in topic.config.get("cleanup.policy", "delete"):
        rolled, kept = (to_person("segment.ms", str(int(value))) for value in (segment, retention))
        yield (
            f"segment.ms {rolled} is above retention.ms {kept}: records go with their whole segment, so on a quiet "
            "topic they stay longer than retention.ms says"
        )


def _unclean(values: _After) -> Iterator[str]:
    for key, consequence in _RISKY_SWITCHES.items():
        if values.after(key) == "true" and values.before(key) != "true":
            yield f"{key}: {consequence}"


def _availability(topic: DeclaredTopic, existing: ObservedTopic | None, observed: ObservedTopics) -> Iterator[str]:
    replicas, brokers = topic.replication_factor, observed.brokers
    if existing is None and replicas > brokers:
        yield (
            f"replication factor {replicas} is above the {brokers} live brokers: the cluster rejects it, or, with "
            "KRaft, creates it with replicas that are out of sync until their brokers are back"
        )
    elif replicas == 1:
        yield "replication factor 1: offline while MSK patches its broker (5 to 15 minutes), lost with its disk"
    else:
        yield from _in_sync(_After(topic, existing), replicas, observed.default_in_sync)


def _in_sync(values: _After, replicas: int, default: int | None) -> Iterator[str]:
    text = values.after("min.insync.replicas")
    in_sync, origin = to_whole(text), ""
    if text is None:
        in_sync, origin = default, ", the cluster's default,"
    if in_sync is not None and in_sync >= replicas:
        yield (
            f"min.insync.replicas {in_sync}{origin} with replication factor {replicas}: while MSK patches one of its "
            "brokers, every write with acks=all fails"
        )
