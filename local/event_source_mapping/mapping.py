"""The properties of an ``AWS::Lambda::EventSourceMapping``, typed and checked."""

import math
from collections.abc import Mapping as Properties
from enum import StrEnum
from typing import Any

import msgspec

# An on-failure destination caps endless retries at this many, without telling.
_RETRIES_WITH_DESTINATION = 10
FOREVER = -1


class MappingError(Exception):
    """The mapping can't be played; the message names every property that is wrong or not supported here."""


class StartingPosition(StrEnum):
    """Where a group without committed offsets begins."""

    TRIM_HORIZON = "TRIM_HORIZON"
    LATEST = "LATEST"
    AT_TIMESTAMP = "AT_TIMESTAMP"


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """One event source mapping.

    Shapes: ``batching_window_seconds`` seconds; ``starting_timestamp_ms`` milliseconds since 1970, with AT_TIMESTAMP
    only; ``maximum_retry_attempts`` and ``maximum_record_age_seconds`` are -1 for "no limit".
    """

    function_name: str
    event_source_arn: str
    topics: tuple[str, ...]
    consumer_group_id: str
    starting_position: StartingPosition
    starting_timestamp_ms: int | None = None
    batch_size: int = 100
    batching_window_seconds: float = 0.5
    provisioned: bool = False
    report_batch_item_failures: bool = False
    bisect_batch_on_function_error: bool = False
    maximum_retry_attempts: int = FOREVER
    maximum_record_age_seconds: int = FOREVER
    on_failure_arn: str | None = None
    scram_secret_arn: str | None = None

    @property
    def retries(self) -> float:
        """How often a batch is tried again before it counts as failed for good.

        On demand there is no such limit, except the one that a destination brings with it.
        """
        limit = self.maximum_retry_attempts if self.provisioned else FOREVER
        if limit != FOREVER:
            return limit
        return _RETRIES_WITH_DESTINATION if self.on_failure_arn else math.inf

    @property
    def record_age_seconds(self) -> float:
        """How old a record may be and still be sent, in seconds."""
        limited = self.provisioned and self.maximum_record_age_seconds != FOREVER
        return self.maximum_record_age_seconds if limited else math.inf


class _SourceAccess(msgspec.Struct, rename="pascal"):
    type: str
    uri: str = msgspec.field(name="URI")


class _OnFailure(msgspec.Struct, rename="pascal"):
    destination: str


class _Destination(msgspec.Struct, rename="pascal"):
    on_failure: _OnFailure | None = None


class _ConsumerGroup(msgspec.Struct, rename="pascal"):
    consumer_group_id: str | None = None


class _Properties(msgspec.Struct, rename="pascal", forbid_unknown_fields=True, kw_only=True):
    """The properties as CloudFormation names them, with the bounds that Lambda documents."""

    function_name: str
    event_source_arn: str
    topics: list[str]
    starting_position: StartingPosition
    starting_position_timestamp: float | None = None
    batch_size: int = 100
    maximum_batching_window_in_seconds: int | None = None
    amazon_managed_kafka_event_source_config: _ConsumerGroup = msgspec.field(default_factory=_ConsumerGroup)
    source_access_configurations: list[_SourceAccess] = []
    function_response_types: list[str] = []
    provisioned_poller_config: dict[str, Any] | None = None
    maximum_retry_attempts: int = FOREVER
    maximum_record_age_in_seconds: int = FOREVER
    bisect_batch_on_function_error: bool = False
    destination_config: _Destination | None = None
    enabled: bool = True
    # Without meaning for the playing of a mapping.
    metrics_config: dict[str, Any] | None = None
    logging_config: dict[str, Any] | None = None
    kms_key_arn: str | None = None
    tags: list[Any] | None = None
    # Read, so that they are refused by name.
    filter_criteria: dict[str, Any] | None = None


def mapping_of(properties: Properties[str, Any]) -> Mapping:
    """Read a mapping from resolved resource properties (no intrinsic functions left).

    Raises ``MappingError`` naming every property that is wrong, or that this poller doesn't play.
    """
    # CloudFormation hands numbers and booleans on as text.
    try:
        given = msgspec.convert(properties, _Properties, strict=False)
    except msgspec.ValidationError as error:
        raise MappingError(f"the event source mapping's properties: {error}") from error
    if problems := _problems(given):
        raise MappingError("the event source mapping's properties: " + "; ".join(problems))
    timestamp, window = given.starting_position_timestamp, given.maximum_batching_window_in_seconds
    destination = given.destination_config.on_failure if given.destination_config else None
    return Mapping(
        function_name=given.function_name,
        event_source_arn=given.event_source_arn,
        topics=tuple(given.topics),
        consumer_group_id=given.amazon_managed_kafka_event_source_config.consumer_group_id or "",
        starting_position=given.starting_position,
        starting_timestamp_ms=None if timestamp is None else round(timestamp * 1000),
        batch_size=given.batch_size,
        batching_window_seconds=0.5 if window is None else window,
        provisioned=given.provisioned_poller_config is not None,
        report_batch_item_failures="ReportBatchItemFailures" in given.function_response_types,
        bisect_batch_on_function_error=given.bisect_batch_on_function_error,
        maximum_retry_attempts=given.maximum_retry_attempts,
        maximum_record_age_seconds=given.maximum_record_age_in_seconds,
        on_failure_arn=destination.destination if destination else None,
        scram_secret_arn=next((access.uri for access in given.source_access_configurations), None),
    )


def _problems(given: _Properties) -> list[str]:
    group = given.amazon_managed_kafka_event_source_config.consumer_group_id
    destination = given.destination_config.on_failure if given.destination_config else None
    unknown = {access.type for access in given.source_access_configurations} - {"SASL_SCRAM_512_AUTH"}
    at_timestamp = given.starting_position is StartingPosition.AT_TIMESTAMP
    checks = [
        (not given.topics, "Topics is empty"),
        (not group, "ConsumerGroupId is missing; Lambda would make one up, and then nobody could find it"),
        (not given.enabled, "Enabled is false: there is nothing to play"),
        (not 1 <= given.batch_size <= 10_000, "BatchSize must be 1 to 10000"),
        (not 0 <= (given.maximum_batching_window_in_seconds or 0) <= 300, "the batching window must be 0 to 300 s"),
        (not -1 <= given.maximum_retry_attempts <= 10_000, "MaximumRetryAttempts must be -1 to 10000"),
        (
            given.maximum_record_age_in_seconds != FOREVER and not 60 <= given.maximum_record_age_in_seconds <= 604_800,
            "MaximumRecordAgeInSeconds must be -1 or 60 to 604800",
        ),
        (
            at_timestamp != (given.starting_position_timestamp is not None),
            "StartingPositionTimestamp and the starting position AT_TIMESTAMP belong together",
        ),
        (bool(unknown), f"{', '.join(sorted(unknown))}: the local brokers know SASL_SCRAM_512_AUTH or none"),
        (given.filter_criteria is not None, "FilterCriteria is not played here"),
        (
            destination is not None and not destination.destination.startswith("arn:"),
            "an on-failure destination must be an ARN of S3, SQS or SNS here (kafka:// is not played)",
        ),
    ]
    return [text for wrong, text in checks if wrong]
