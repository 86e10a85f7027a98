"""Lambda's event source mappings, as far as their function must know them."""

from datetime import datetime
from typing import Any

import msgspec

from msk_toolkit.aws.call import all_items, ask_aws

# Also while it is being switched off: what its pollers hold is answered as before.
_SETTLED = frozenset({"Enabled", "Disabling", "Disabled"})
_KAFKA_DESTINATION = "kafka://"


class MappingState(msgspec.Struct, frozen=True):
    """What Lambda says of a mapping: ``state`` such as ``Enabled``, ``result`` such as ``No records processed``.

    ``destination`` is the ARN or URL of its on-failure destination; the pollers' numbers are 0 on demand; ``modified``
    is when it, or its state, was last changed, in seconds since 1970; ``filters`` is the number of its filters.
    """

    id: str
    topics: list[str]
    state: str
    reason: str
    result: str
    provisioned: bool
    consumer_group: str = ""
    minimum_pollers: int = 0
    maximum_pollers: int = 0
    poller_group: str = ""
    destination: str = ""
    modified: float | None = None
    filters: int = 0

    @property
    def group(self) -> str:
        """Its consumer group, which is its UUID where none was given."""
        return self.consumer_group or self.id

    @property
    def destination_topic(self) -> str:
        """The topic of the same cluster that gets what it gives up; empty where its destination is another, or none."""
        topic = self.destination.removeprefix(_KAFKA_DESTINATION)
        return topic if topic != self.destination else ""

    @property
    def name(self) -> str:
        """What messages call it: by its topics, or by its UUID where it has none."""
        return f"the mapping of {', '.join(self.topics) or self.id}"


def mapping_states(lambda_client: Any, function: str, source_arn: str) -> list[MappingState]:
    """The mappings of a source to a function.

    Args:
        source_arn: empty for all of the function's, as those of a self-managed cluster, which has no ARN.

    Raises:
        ToolkitError: denied (it needs ``lambda:ListEventSourceMappings``), or no answer.
    """
    return [_state(mapping) for mapping in _mappings(lambda_client, function, source_arn)]


def _state(mapping: dict[str, Any]) -> MappingState:
    pollers = _part(mapping, "ProvisionedPollerConfig")
    kafka = _part(mapping, "AmazonManagedKafkaEventSourceConfig") or _part(mapping, "SelfManagedKafkaEventSourceConfig")
    on_failure = _part(_part(mapping, "DestinationConfig"), "OnFailure")
    return MappingState(
        id=mapping["UUID"],
        topics=list(mapping.get("Topics", ())),
        state=mapping.get("State", "unknown"),
        reason=mapping.get("StateTransitionReason", ""),
        result=mapping.get("LastProcessingResult", ""),
        provisioned=bool(pollers),
        consumer_group=kafka.get("ConsumerGroupId", ""),
        minimum_pollers=pollers.get("MinimumPollers", 0),
        maximum_pollers=pollers.get("MaximumPollers", 0),
        poller_group=pollers.get("PollerGroupName", ""),
        destination=on_failure.get("Destination", ""),
        modified=_seconds(mapping.get("LastModified")),
        filters=len(_part(mapping, "FilterCriteria").get("Filters") or ()),
    )


def _seconds(time: Any) -> float | None:
    """A time as boto3 has it, a datetime, or as Lambda sends it, in seconds since 1970."""
    if isinstance(time, datetime):
        return time.timestamp()
    return float(time) if isinstance(time, int | float) else None


def _part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of an answer, empty where it is missing or null."""
    return whole.get(name) or {}


def accepts_batch_item_failures(lambda_client: Any, function: str, source_arn: str) -> bool:
    """Whether every mapping of the source to the function is provisioned and accepts batch item failures.

    Without ``source_arn`` every mapping of the function must: nothing else tells those of a self-managed cluster apart.

    False while a mapping is being created or changed, since its pollers may still be the earlier ones, and where there
    is no mapping at all.

    Raises:
        ToolkitError: denied (it needs ``lambda:ListEventSourceMappings``), or no answer.
    """
    mappings = _mappings(lambda_client, function, source_arn)
    return bool(mappings) and all(map(_accepts_batch_item_failures, mappings))


def _accepts_batch_item_failures(mapping: dict[str, Any]) -> bool:
    return (
        bool(mapping.get("ProvisionedPollerConfig"))
        and "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ())
        and mapping.get("State") in _SETTLED
    )


def _mappings(lambda_client: Any, function: str, source_arn: str) -> list[dict[str, Any]]:
    # All pages: a mapping that is overlooked can be the one that does not accept batch item failures.
    arguments = {"FunctionName": function}
    if source_arn:
        arguments["EventSourceArn"] = source_arn
    return ask_aws(
        "lambda:ListEventSourceMappings",
        lambda: all_items(lambda_client, "list_event_source_mappings", "EventSourceMappings", **arguments),
    )
