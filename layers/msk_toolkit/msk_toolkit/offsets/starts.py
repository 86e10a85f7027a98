"""Where the mappings start that a deployment is about to create.

A group that has committed offsets goes on at them, whatever the mapping's starting position is: Lambda ignores it then.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.brokers import Brokers
from msk_toolkit.kafka.group import all_committed_offsets
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.offsets.observe import at_coordinator
from msk_toolkit.offsets.run import group_of
from msk_toolkit.settings.topics import TopicsSettings

# Beside the topics a deployment waits for this; a group takes milliseconds.
_LONGEST_SECONDS = 15.0
_NONE_NEW = "no new mapping"


def new_topics(event: Mapping[str, Any]) -> list[str]:
    """The topics whose mappings CloudFormation creates after this request.

    Args:
        event: its request for the stack's ``AppliedTopics``, of any kind but a deletion.
    """
    before, after = _properties(event, "OldResourceProperties"), _properties(event, "ResourceProperties")
    mapped = set(_mapped(before))
    return [topic for topic in _mapped(after) if topic not in mapped]


def _properties(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given = event.get(name)
    return given if isinstance(given, dict) else {}


def _mapped(properties: Mapping[str, Any]) -> list[str]:
    topics = [str(topic) for topic in properties.get("ForwardTopics") or []]
    if properties.get("HeartbeatTarget") and properties.get("ProbeTopic"):
        topics.append(str(properties["ProbeTopic"]))
    return topics


def look_up_starts(
    event: Mapping[str, Any], settings: TopicsSettings, client: MakeClient, deadline: Deadline
) -> tuple[str, list[str]]:
    """Where the new mappings start, as a sentence, and those of their groups that go on; never fails a deployment."""
    topics = new_topics(event)
    if not topics:
        return _NONE_NEW, []
    try:
        groups = {topic: group_of(topic, settings) for topic in topics}
        access = cluster_access(settings, client, deadline)
        committed = groups_with_offsets(
            groups, access, deadline.at_most(_LONGEST_SECONDS), settings.stage_timeout_seconds
        )
    except ToolkitError as error:
        return f"not looked up, so committed offsets may win over StartingPosition: {error}", []
    position = str(_properties(event, "ResourceProperties").get("StartingPosition", ""))
    return starts_text([groups[topic] for topic in committed], len(topics), position), committed


def groups_with_offsets(
    groups: Mapping[str, str], access: Access, deadline: Deadline, stage_seconds: float
) -> list[str]:
    """The topics whose group has committed an offset in the topic.

    Args:
        groups: by topic.

    Raises:
        NoBrokerError, StageError: a broker did not answer, or refused.
    """
    with Brokers(access, deadline, stage_seconds) as brokers:
        return [topic for topic, group in groups.items() if _has_offsets(brokers, group, topic, deadline)]


def _has_offsets(brokers: Brokers, group: str, topic: str, deadline: Deadline) -> bool:
    return at_coordinator(
        brokers, group, deadline, lambda coordinator: topic in all_committed_offsets(coordinator, group, deadline)
    )


def starts_text(going_on: Sequence[str], mappings: int, position: str) -> str:
    """A sentence on where so many new mappings start, of which these groups go on at their committed offsets."""
    others = mappings - len(going_on)
    start = f"start at {position or 'the starting position'}"
    if not going_on:
        return f"{others} new mappings {start}: their groups have no committed offsets"
    text = (
        f"committed offsets win over StartingPosition: these groups go on at theirs: {', '.join(going_on)} (to read "
        "from elsewhere: mskv mapping reset)"
    )
    return f"{text}; {others} other new mappings {start}" if others else text
