"""What a mapping keeps for as long as it exists, so that a change of it is refused before anything is changed.

Otherwise CloudFormation would make a second mapping beside the first, which Lambda rejects, or report success although
the mapping kept its group: ``ConsumerGroupId`` is not among the properties that it replaces a mapping for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_START = ("StartingPosition", "StartingPositionTimestamp")
_PREFIX = "ConsumerGroupPrefix"


def fixed_properties_problems(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each change that a mapping which stays can't follow.

    Args:
        before, after: the properties of the stack's ``AppliedTopics``. What an earlier version did not have is not
            compared.
    """
    topics = _in_both(before, after, "ForwardTopics")
    if topics and any(_differs(before, after, name) for name in _START):
        yield (
            f"StartingPosition and StartingPositionTimestamp can't change while {_some(topics)} stays in "
            "ForwardTopics: they are for new mappings. Set them back, and use mskv mapping reset to read from elsewhere"
        )
    if topics and _is_outside_msk(before, after) and _differs(before, after, "BootstrapServers"):
        yield (
            f"BootstrapServers can't change while {_some(topics)} keeps its mapping: outside MSK Lambda can't change a "
            "mapping's brokers. Set it back, or do it in steps, as docs/deploying.md says"
        )
    if _keeps_heartbeats(before, after):
        topics = [*topics, str(after["ProbeTopic"])]
    if topics and _differs(before, after, _PREFIX):
        yield (
            f"{_PREFIX} can't change while {_some(topics)} keeps its mapping: Lambda can't change a mapping's group. "
            "Set it back, or do it in steps, as docs/deploying.md says"
        )


def _is_outside_msk(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return bool(before.get("ClusterName")) and bool(after.get("ClusterName"))


def _in_both(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> list[str]:
    earlier = before.get(name) or []
    return [str(value) for value in after.get(name) or [] if value in earlier]


def _keeps_heartbeats(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    forwarded = bool(before.get("HeartbeatTarget")) and bool(after.get("HeartbeatTarget"))
    return forwarded and bool(after.get("ProbeTopic")) and before.get("ProbeTopic") == after["ProbeTopic"]


def _differs(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
    return name in before and name in after and before[name] != after[name]


def _some(topics: list[str]) -> str:
    others = len(topics) - 1
    return f"{topics[0]} (and {others} more)" if others else topics[0]
