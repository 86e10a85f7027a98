"""Settings of the forwarder."""

import re
from typing import Annotated, Literal

from msgspec import Meta

from msk_toolkit.settings.metrics import DetailedMetrics
from msk_toolkit.settings.schemas import SchemaSettings
from msk_toolkit.settings.targets import (
    Routes,
    Target,
    array_length,
    batch_rule,
    parse_routes,
    parse_target,
    sends_arrays,
    target_examples,
    tombstone_problems,
)
from msk_toolkit.target_kinds import TargetKind

Ordering = Literal["partition", "key", "none"]
PayloadForm = Literal["envelope", "value"]
RecordIdForm = Literal["position", "content"]
PollerMode = Literal["on-demand", "provisioned"]
OnRefusal = Literal["dead-letter", "block"]
TargetCheckMode = Literal["require", "warn", "off"]
Tombstones = Literal["forward", "drop", "delete"]

_RECORD_PLACE = re.compile(r"([a-zA-Z0-9._-]{1,249})/([0-9]{1,10})/([0-9]{1,19})")


class ForwarderSettings(SchemaSettings, kw_only=True, frozen=True):
    """The targets of records, their order, and the treatment of failures."""

    vantiq_target: Annotated[
        str,
        Meta(
            description=f"Destination in Vantiq: {target_examples()}. {{topic}} is replaced by the Kafka topic; in a "
            "topic target its dashes, dots and underscores become Z2D, Z2E and Z5F."
        ),
    ] = ""
    vantiq_routes: Annotated[
        str,
        Meta(
            description="Targets of individual Kafka topics or glob patterns, as a JSON object. An exact name wins, "
            "then the first pattern that matches, then VANTIQ_TARGET."
        ),
    ] = ""
    target_check: Annotated[
        TargetCheckMode,
        Meta(
            description="What to do when a target in Vantiq would not store records (it does not exist, or is not "
            "reliable): require keeps the records in Kafka until it does, warn sends them and logs a warning, off does "
            "not check."
        ),
    ] = "require"
    payload: Annotated[
        PayloadForm,
        Meta(description="envelope: the record with key, headers and position; value: the value only."),
    ] = "envelope"
    cluster_name: Annotated[
        str,
        Meta(
            description="Name of a cluster outside MSK, with which the ids of its records and dead letters begin; "
            "empty for MSK, whose ARN has it.",
            pattern=r"^([a-zA-Z0-9][a-zA-Z0-9._-]{0,63})?$(?!\n)",
        ),
    ] = ""
    record_ids: Annotated[
        RecordIdForm,
        Meta(
            description="Ids of records in Vantiq and in dead letters. position: cluster/topic/partition/offset. "
            "content: followed by a digest of the record, so that a topic that is deleted and created again shares no "
            "id with the old one."
        ),
    ] = "position"
    tombstones: Annotated[
        Tombstones,
        Meta(
            description="What to do with a record without a value: forward it, drop it (it counts as done, unsent), or "
            "delete its row in Vantiq by the type's natural key, which needs type or upsert targets."
        ),
    ] = "forward"
    ordering: Annotated[
        Ordering,
        Meta(description="Ordering guarantee: per partition, per key, or none."),
    ] = "partition"
    max_in_flight: Annotated[int, Meta(description="Maximum number of concurrent requests to Vantiq.", ge=1, le=64)] = 8
    max_batch_records: Annotated[
        int,
        Meta(
            description=f"Maximum number of records in one request, which are sent as an array. {batch_rule()}",
            ge=0,
            le=10_000,
        ),
    ] = 0
    max_post_bytes: Annotated[
        int, Meta(description="Maximum size, in bytes, of a request with several records.", ge=1_000, le=10_000_000)
    ] = 1_000_000
    max_attempts: Annotated[
        int, Meta(description="Maximum number of attempts per request in one invocation.", ge=1, le=100)
    ] = 5
    records_per_second: Annotated[
        float,
        Meta(
            description="Maximum rate, in records per second, of one execution environment; 0 means unlimited. "
            "Reserved concurrency multiplies it.",
            ge=0,
            le=1_000_000,
        ),
    ] = 0.0
    reserve_seconds: Annotated[
        float, Meta(description="Time before the function's timeout at which no new request is started.", gt=0, le=300)
    ] = 5.0
    poller_mode: Annotated[
        PollerMode,
        Meta(description="Mode of the event source mappings, which decides how failures are reported to them."),
    ] = "on-demand"
    dead_letter_bucket: Annotated[
        str,
        Meta(
            description="Bucket for records that Vantiq permanently refuses; if empty, such a record blocks its lane."
        ),
    ] = ""
    on_refusal: Annotated[
        OnRefusal,
        Meta(
            description="What to do with a record that Vantiq permanently refuses: dead-letter it, or block its lane "
            "until Vantiq accepts it."
        ),
    ] = "dead-letter"
    max_consecutive_refusals: Annotated[
        int,
        Meta(
            description="Maximum number of consecutive refusals of one kind by one target that are dead-lettered. One "
            "more counts as an outage: nothing is dead-lettered until the target accepts a record again. 0 means "
            "unlimited.",
            ge=0,
            le=1_000_000,
        ),
    ] = 100
    set_aside: Annotated[
        str,
        Meta(
            description="Records to dead-letter without sending them, as topic/partition/offset, comma separated: for "
            "a record that a firewall in front of Vantiq always rejects. Also if ON_REFUSAL is block."
        ),
    ] = ""
    log_payload_bytes: Annotated[
        int,
        Meta(
            description="Maximum number of bytes of a refused record's value that are logged; 0 logs none.",
            ge=0,
            le=4096,
        ),
    ] = 0
    detailed_metrics: DetailedMetrics = False
    heartbeat_topic: Annotated[
        str,
        Meta(description="Topic of the heartbeats, whose end-to-end latency is measured; empty measures nothing."),
    ] = ""
    heartbeat_target: Annotated[
        str,
        Meta(description="Target of the heartbeats in Vantiq, such as topic:/msk/heartbeat; it precedes every route."),
    ] = ""

    @property
    def targets(self) -> Routes:
        """The parsed ``vantiq_target`` and ``vantiq_routes``, preceded by the route of the heartbeats."""
        routes = parse_routes(self.vantiq_target, self.vantiq_routes)
        if not self.heartbeat_topic:
            return routes
        return routes._replace(routes=((self.heartbeat_topic, parse_target(self.heartbeat_target)), *routes.routes))

    @property
    def target_of_heartbeats(self) -> Target | None:
        """The parsed ``heartbeat_target``; None where no heartbeats are forwarded."""
        return parse_target(self.heartbeat_target) if self.heartbeat_topic else None

    @property
    def records_to_set_aside(self) -> frozenset[tuple[str, int, int]]:
        """Topic, partition and offset of each record in ``set_aside``.

        Raises:
            ValueError: a part of the text has another form.
        """
        return frozenset(_record_place(text) for text in self.set_aside.split(",") if text.strip())

    def array_length(self, kind: TargetKind) -> int:
        """How many records one request to this kind of target may hold."""
        return array_length(kind, self.max_batch_records)

    def sends_arrays(self, kind: TargetKind) -> bool:
        """Whether such a request holds an array, also of one."""
        return sends_arrays(kind, self.max_batch_records)

    def problems(self) -> list[str]:
        """Rules across the fields."""
        return [
            *super().problems(),
            *self._problems_of_routes(),
            *self._problems_of_set_aside(),
            *self._problems_of_tombstones(),
            *self._problems_of_heartbeats(),
        ]

    def _problems_of_routes(self) -> list[str]:
        try:
            parse_routes(self.vantiq_target, self.vantiq_routes)
        except ExceptionGroup as group:
            return [str(problem) for problem in group.exceptions]
        return []

    def _problems_of_tombstones(self) -> list[str]:
        if self.tombstones != "delete":
            return []
        try:
            routes = parse_routes(self.vantiq_target, self.vantiq_routes)
        except ExceptionGroup:
            return []  # reported above
        return [
            *tombstone_problems(routes),
            *(["TOMBSTONES=delete needs an ORDERING, or a row would come back"] if self.ordering == "none" else []),
            *(["TOMBSTONES=delete needs TARGET_CHECK, which reads natural keys"] if self.target_check == "off" else []),
        ]

    def _problems_of_set_aside(self) -> list[str]:
        try:
            records = self.records_to_set_aside
        except ValueError as error:
            return [f"SET_ASIDE {error}"]
        if records and not self.dead_letter_bucket:
            return ["SET_ASIDE needs DEAD_LETTER_BUCKET, where the records are stored"]
        return []

    def _problems_of_heartbeats(self) -> list[str]:
        if not self.heartbeat_topic:
            return []
        try:
            parse_target(self.heartbeat_target)
        except ValueError as error:
            return [f"HEARTBEAT_TARGET {error}"]
        return []


def _record_place(text: str) -> tuple[str, int, int]:
    match = _RECORD_PLACE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"must list records as topic/partition/offset, such as orders/0/42, not {text.strip()[:80]!r}")
    return match[1], int(match[2]), int(match[3])
