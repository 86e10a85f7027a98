"""How large a broker's response may be: by what is asked, so that no peer can fill a function's memory.

The figures are what clusters really have, several times over: Amazon MSK allows 4,000 partitions for each broker, which
are 80,000 with three replicas in a cluster of 60; a topic has about 40 configuration keys of 40 bytes.
"""

from typing import Any, NamedTuple

_KB, _MB = 1 << 10, 1 << 20


class Limit(NamedTuple):
    """The most of a response.

    Args:
        size: bytes as they arrive.
        memory: bytes of memory that lists and their elements may take once decoded.
    """

    size: int
    memory: int

    def plus(self, count: int, share: "Limit", most: "Limit") -> "Limit":
        """The limit for ``count`` things that are asked about, never above ``most``."""
        return Limit(
            min(most.size, self.size + count * share.size),
            min(most.memory, self.memory + count * share.memory),
        )


# A login, an error, one topic's partitions, a few topics' results: 10,000 partitions of one topic are 0.5 MB.
SMALL = Limit(_MB, 8 * _MB)
# 3,000 topics with 81,000 partitions are 4 MB and reckoned as 60 MB; a topics function has 512 MB.
CLUSTER = Limit(32 * _MB, 192 * _MB)
# 20,000 groups of a coordinator, or 100,000 positions of a group.
GROUPS = Limit(8 * _MB, 64 * _MB)
_NAMED_TOPIC = Limit(16 * _KB, 128 * _KB)
# Every key and all that would apply without it; 3,000 topics are 6 MB and reckoned as 55 MB without the latter.
_CONFIGURED_TOPIC = Limit(32 * _KB, 128 * _KB)
_CHANGED_TOPIC = Limit(2 * _KB, 2 * _KB)
# A batch is answered whole, however little was asked for (max.message.bytes, 1 MB unless it was raised).
LARGEST_BATCH = 64 * _MB
# Where the topics are that a request names.
_NAMES = ("topics", "resources", "topic_names")


def limit_of(request: Any) -> Limit:
    """The limit of the response to one of kafka-python's requests."""
    api = type(request).__name__.removesuffix("Request")
    match api:
        case "Fetch":
            return Limit(request.max_bytes + LARGEST_BATCH, SMALL.memory)
        case "Metadata":
            return CLUSTER if request.topics is None else SMALL.plus(len(request.topics), _NAMED_TOPIC, CLUSTER)
        case "DescribeConfigs":
            return SMALL.plus(len(request.resources), _CONFIGURED_TOPIC, CLUSTER)
        case "ListGroups" | "OffsetFetch":
            return GROUPS
    return SMALL.plus(_topics_named(request), _CHANGED_TOPIC, CLUSTER)


def _topics_named(request: Any) -> int:
    named = (getattr(request, name, None) for name in _NAMES)
    return max((len(names) for names in named if names is not None), default=0)
