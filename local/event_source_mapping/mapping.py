"""The properties of an ``AWS::Lambda::EventSourceMapping``, typed and checked."""

import math
from collections.abc import Mapping as Properties
from enum import StrEnum
from typing import Any

import msgspec

from local.event_source_mapping.access import Access, SourceAccess, access_of, access_problems
from local.event_source_mapping.filtering import FilterError, RecordFilters

# Lambda's quota, which AWS may raise to ten.
_MOST_FILTERS = 5
# An on-failure destination caps endless retries at this many, without telling.
_RETRIES_WITH_DESTINATION = 10
FOREVER = -1
# An on-failure destination that is a topic of the same cluster; the topic's name follows.
KAFKA_DESTINATION = "kafka://"
_DEFAULT_WINDOW_SECONDS = 0.5


class MappingError(Exception):
    """The mapping is invalid; the message names every property that is wrong or not supported here."""


class StartingPosition(StrEnum):
    """Where a group without committed offsets begins."""

    TRIM_HORIZON = "TRIM_HORIZON"
    LATEST = "LATEST"
    AT_TIMESTAMP = "AT_TIMESTAMP"


class Pollers(msgspec.Struct, frozen=True, rename="pascal"):
    """The pollers of provisioned mode, with Lambda's defaults."""

    minimum_pollers: int = 1
    maximum_pollers: int = 200
    poller_group_name: str | None = None


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """One event source mapping.

    Shapes: ``batching_window_seconds`` seconds; ``starting_timestamp_ms`` milliseconds since 1970, with AT_TIMESTAMP
    only; ``maximum_retry_attempts`` and ``maximum_record_age_seconds`` are -1 for "no limit".
    """

    function_name: str
    # Of a cluster on MSK; a self-managed one has its brokers instead.
    event_source_arn: str = ""
    bootstrap_servers: tuple[str, ...] = ()
    topics: tuple[str, ...]
    consumer_group_id: str
    starting_position: StartingPosition
    starting_timestamp_ms: int | None = None
    batch_size: int = 100
    batching_window_seconds: float = 0.5
    provisioned: bool = False
    pollers: Pollers | None = None
    report_batch_item_failures: bool = False
    bisect_batch_on_function_error: bool = False
    maximum_retry_attempts: int = FOREVER
    maximum_record_age_seconds: int = FOREVER
    on_failure_arn: str | None = None
    access: Access = Access()
    filters: tuple[str, ...] = ()

    @property
    def retries(self) -> float:
        """How often a batch is tried again before it counts as failed for good.

        On demand there is no such limit, except the one that a destination brings with it.
        """
        if self.provisioned and self.maximum_retry_attempts != FOREVER:
            return self.maximum_retry_attempts
        if self.on_failure_arn:
            return _RETRIES_WITH_DESTINATION
        return math.inf

    @property
    def record_age_seconds(self) -> float:
        """How old a record may be and still be sent, in seconds."""
        if self.provisioned and self.maximum_record_age_seconds != FOREVER:
            return self.maximum_record_age_seconds
        return math.inf


class _OnFailure(msgspec.Struct, rename="pascal"):
    destination: str


class _Destination(msgspec.Struct, rename="pascal"):
    on_failure: _OnFailure | None = None

    @property
    def arn(self) -> str | None:
        """Of the on-failure destination."""
        if self.on_failure is None:
            return None
        return self.on_failure.destination


class _Filter(msgspec.Struct, rename="pascal"):
    pattern: str = ""


class _FilterCriteria(msgspec.Struct, rename="pascal"):
    filters: list[_Filter] = []


class _Endpoints(msgspec.Struct, rename="pascal"):
    kafka_bootstrap_servers: list[str] = []


class _SelfManagedSource(msgspec.Struct, rename="pascal"):
    endpoints: _Endpoints


class _ConsumerGroup(msgspec.Struct, rename="pascal"):
    consumer_group_id: str | None = None


class _Properties(msgspec.Struct, rename="pascal", forbid_unknown_fields=True, kw_only=True):
    """The properties as CloudFormation names them, with the bounds that Lambda documents."""

    function_name: str
    event_source_arn: str = ""
    self_managed_event_source: _SelfManagedSource | None = None
    topics: list[str]
    starting_position: StartingPosition
    starting_position_timestamp: float | None = None
    batch_size: int = 100
    maximum_batching_window_in_seconds: int | None = None
    amazon_managed_kafka_event_source_config: _ConsumerGroup = msgspec.field(default_factory=_ConsumerGroup)
    self_managed_kafka_event_source_config: _ConsumerGroup = msgspec.field(default_factory=_ConsumerGroup)
    source_access_configurations: list[SourceAccess] = []
    function_response_types: list[str] = []
    provisioned_poller_config: Pollers | None = None
    maximum_retry_attempts: int = FOREVER
    maximum_record_age_in_seconds: int = FOREVER
    bisect_batch_on_function_error: bool = False
    destination_config: _Destination | None = None  # null is the same as left out
    # Lambda's API knows whether it still is.
    enabled: bool = True
    # Without meaning for the playing of a mapping.
    metrics_config: dict[str, Any] | None = None
    logging_config: dict[str, Any] | None = None
    kms_key_arn: str | None = None
    tags: list[Any] | None = None
    filter_criteria: _FilterCriteria | None = None  # null is the same as left out

    @property
    def brokers(self) -> tuple[str, ...]:
        """Of a self-managed cluster."""
        source = self.self_managed_event_source
        return tuple(source.endpoints.kafka_bootstrap_servers) if source else ()

    @property
    def group(self) -> str | None:
        """The consumer group, which each kind of cluster has in a place of its own."""
        config = self.self_managed_kafka_event_source_config
        if self.event_source_arn:
            config = self.amazon_managed_kafka_event_source_config
        return config.consumer_group_id

    @property
    def on_failure_arn(self) -> str | None:
        """Where records go that are not tried again; None for nowhere."""
        if self.destination_config is None:
            return None
        return self.destination_config.arn

    @property
    def patterns(self) -> tuple[str, ...]:
        """Of its filters."""
        return tuple(filter_.pattern for filter_ in self.filter_criteria.filters) if self.filter_criteria else ()

    @property
    def starting_timestamp_ms(self) -> int | None:
        """In milliseconds since 1970."""
        if self.starting_position_timestamp is None:
            return None
        return round(self.starting_position_timestamp * 1000)

    @property
    def batching_window_seconds(self) -> float:
        """Lambda's default is half a second."""
        if self.maximum_batching_window_in_seconds is None:
            return _DEFAULT_WINDOW_SECONDS
        return self.maximum_batching_window_in_seconds


def mapping_of(properties: Properties[str, Any]) -> Mapping:
    """Read a mapping from resolved resource properties (no intrinsic functions left).

    Raises:
        MappingError: names every property that is wrong or not supported here.
    """
    # CloudFormation hands numbers and booleans on as text.
    try:
        declared = msgspec.convert(properties, _Properties, strict=False)
    except msgspec.ValidationError as error:
        raise MappingError(f"the event source mapping's properties: {error}") from error
    problems = _problems(declared)
    if problems:
        raise MappingError("the event source mapping's properties: " + "; ".join(problems))
    return Mapping(
        function_name=declared.function_name,
        event_source_arn=declared.event_source_arn,
        bootstrap_servers=declared.brokers,
        topics=tuple(declared.topics),
        consumer_group_id=declared.group or "",
        starting_position=declared.starting_position,
        starting_timestamp_ms=declared.starting_timestamp_ms,
        batch_size=declared.batch_size,
        batching_window_seconds=declared.batching_window_seconds,
        provisioned=declared.provisioned_poller_config is not None,
        pollers=declared.provisioned_poller_config,
        report_batch_item_failures="ReportBatchItemFailures" in declared.function_response_types,
        bisect_batch_on_function_error=declared.bisect_batch_on_function_error,
        maximum_retry_attempts=declared.maximum_retry_attempts,
        maximum_record_age_seconds=declared.maximum_record_age_in_seconds,
        on_failure_arn=declared.on_failure_arn,
        access=access_of(declared.source_access_configurations),
        filters=declared.patterns,
    )


def _problems(declared: _Properties) -> list[str]:
    on_msk = bool(declared.event_source_arn)
    at_timestamp = declared.starting_position is StartingPosition.AT_TIMESTAMP
    checks = [
        (not declared.topics, "Topics is empty"),
        (on_msk == bool(declared.brokers), "one of EventSourceArn and KafkaBootstrapServers must be there"),
        (not declared.group, "ConsumerGroupId is missing; Lambda would generate one that the toolkit does not know"),
        (not 1 <= declared.batch_size <= 10_000, "BatchSize must be 1 to 10000"),
        (
            not 0 <= (declared.maximum_batching_window_in_seconds or 0) <= 300,
            "MaximumBatchingWindowInSeconds must be 0 to 300",
        ),
        (not -1 <= declared.maximum_retry_attempts <= 10_000, "MaximumRetryAttempts must be -1 to 10000"),
        (
            declared.maximum_record_age_in_seconds != FOREVER
            and not 60 <= declared.maximum_record_age_in_seconds <= 604_800,
            "MaximumRecordAgeInSeconds must be -1 or 60 to 604800",
        ),
        (
            at_timestamp != (declared.starting_position_timestamp is not None),
            "StartingPositionTimestamp must be set with the starting position AT_TIMESTAMP, and only then",
        ),
        *((True, problem) for problem in access_problems(declared.source_access_configurations, on_msk=on_msk)),
        *_filter_checks(declared.patterns),
        *_destination_checks(declared),
    ]
    return [text for wrong, text in checks if wrong]


def _filter_checks(patterns: tuple[str, ...]) -> list[tuple[bool, str]]:
    checks = [(len(patterns) > _MOST_FILTERS, f"FilterCriteria has more than {_MOST_FILTERS} filters")]
    try:
        RecordFilters(patterns)
    except FilterError as error:
        checks.append((True, f"FilterCriteria: {error}"))
    return checks


def _destination_checks(declared: _Properties) -> list[tuple[bool, str]]:
    destination = declared.on_failure_arn or "arn:"
    topic = destination.removeprefix(KAFKA_DESTINATION)
    if topic == destination:
        is_known = destination.startswith("arn:")
        return [(not is_known, "the on-failure destination must be an ARN of S3, SQS or SNS, or kafka://TOPIC")]
    return [
        (not topic, "the on-failure destination kafka:// names no topic"),
        (topic in declared.topics, f"the on-failure destination {topic} is the topic that the mapping reads"),
        (
            declared.provisioned_poller_config is None,
            "a kafka:// destination needs provisioned mode (ProvisionedPollerConfig)",
        ),
    ]
