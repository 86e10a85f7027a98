"""Settings of the forwarder."""

import re
from typing import Annotated, Literal

from msgspec import Meta

from msk_toolkit.settings.metrics import DetailedMetrics
from msk_toolkit.settings.targets import Routes, TargetKind, array_length, parse_routes, parse_target, sends_arrays
from msk_toolkit.settings.vantiq import VantiqSettings

Ordering = Literal["partition", "key", "none"]
PayloadForm = Literal["envelope", "value"]
PollerMode = Literal["on-demand", "provisioned"]
OnRefusal = Literal["dead-letter", "block"]
TargetCheckMode = Literal["require", "warn", "off"]

_RECORD_PLACE = re.compile(r"([a-zA-Z0-9._-]{1,249})/([0-9]{1,10})/([0-9]{1,19})")


class ForwarderSettings(VantiqSettings, kw_only=True, frozen=True):
    """Where records go, in which order, and what happens to those that can't go there."""

    vantiq_target: Annotated[
        str,
        Meta(
            description="Where records go: topic:/my/topic, service:pkg.Service/Event, type:Name (insert), "
            "upsert:Name, procedure:name or source:name; {topic} in it stands for the Kafka topic's name, in a topic's "
            "with Z2D, Z2E and Z5F for dashes, dots and underscores."
        ),
    ] = ""
    vantiq_routes: Annotated[
        str,
        Meta(description="Other targets by Kafka topic or glob pattern, as a JSON object; the first that fits wins."),
    ] = ""
    target_check: Annotated[
        TargetCheckMode,
        Meta(
            description="What happens when Vantiq says that a target would not keep records (no such topic, or one "
            "that is not reliable): require holds them in Kafka, warn sends them and logs it, off asks nothing."
        ),
    ] = "require"
    payload: Annotated[
        PayloadForm,
        Meta(description="envelope: the record with key, headers and position; value: the bare value."),
    ] = "envelope"
    ordering: Annotated[
        Ordering,
        Meta(description="What stays in order: each partition, each key, or nothing."),
    ] = "partition"
    max_in_flight: Annotated[int, Meta(description="Most requests to Vantiq at the same time.", ge=1, le=64)] = 8
    max_batch_records: Annotated[
        int,
        Meta(
            description="Most records in one request; above 1 they travel as an array, for which a topic, service or "
            "source needs autoUnwind. 0 means 1, or 500 for type and upsert.",
            ge=0,
            le=10_000,
        ),
    ] = 0
    max_post_bytes: Annotated[
        int, Meta(description="Most bytes in one request of several records.", ge=1_000, le=10_000_000)
    ] = 1_000_000
    max_attempts: Annotated[int, Meta(description="Most tries of one request within an invocation.", ge=1, le=100)] = 5
    records_per_second: Annotated[
        float,
        Meta(
            description="Most records a second that one environment sends; 0 sets no limit. Reserved concurrency "
            "multiplies it.",
            ge=0,
            le=1_000_000,
        ),
    ] = 0.0
    reserve_seconds: Annotated[
        float, Meta(description="Time before the function's time-out when no new request starts.", gt=0, le=300)
    ] = 5.0
    poller_mode: Annotated[
        PollerMode,
        Meta(description="The event source mapping's mode, which decides how failures are told to it."),
    ] = "on-demand"
    dead_letter_bucket: Annotated[
        str,
        Meta(description="Bucket for records that Vantiq refuses for good; empty: such a record blocks its lane."),
    ] = ""
    on_refusal: Annotated[
        OnRefusal,
        Meta(description="block: a record that Vantiq refuses for good blocks its lane although there is a bucket."),
    ] = "dead-letter"
    max_consecutive_refusals: Annotated[
        int,
        Meta(
            description="Refusals of one kind by one target, with no delivery between them, that are believed; one "
            "more is an outage, and nothing is set aside until the target takes a record again. 0 believes any number.",
            ge=0,
            le=1_000_000,
        ),
    ] = 100
    set_aside: Annotated[
        str,
        Meta(
            description="Records that go to the dead-letter bucket unsent, as topic/partition/offset, separated by "
            "commas: for one that something in front of Vantiq never lets pass. Also where ON_REFUSAL is block."
        ),
    ] = ""
    log_payload_bytes: Annotated[
        int,
        Meta(
            description="Most bytes of a refused record's value that are written into the log; 0 writes none.",
            ge=0,
            le=4096,
        ),
    ] = 0
    detailed_metrics: DetailedMetrics = False

    heartbeat_topic: Annotated[
        str,
        Meta(description="Topic of the probes' heartbeats, whose way to Vantiq is timed; empty times nothing."),
    ] = ""
    heartbeat_target: Annotated[
        str, Meta(description="Where in Vantiq the heartbeats go, such as topic:/msk/heartbeat; before every route.")
    ] = ""

    @property
    def targets(self) -> Routes:
        """The parsed ``vantiq_target`` and ``vantiq_routes``, and the heartbeats' own before them."""
        routes = parse_routes(self.vantiq_target, self.vantiq_routes)
        if not self.heartbeat_topic:
            return routes
        return routes._replace(routes=((self.heartbeat_topic, parse_target(self.heartbeat_target)), *routes.routes))

    @property
    def records_to_set_aside(self) -> frozenset[tuple[str, int, int]]:
        """Topic, partition and offset of each record in ``set_aside``.

        Raises:
            ValueError: one has another form.
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
        found = super().problems()
        try:
            parse_routes(self.vantiq_target, self.vantiq_routes)
        except ExceptionGroup as group:
            found += [str(problem) for problem in group.exceptions]
        try:
            named = self.records_to_set_aside
        except ValueError as error:
            found.append(f"SET_ASIDE {error}")
        else:
            if named and not self.dead_letter_bucket:
                found.append("SET_ASIDE needs DEAD_LETTER_BUCKET: there is no other place for the records")
        if self.heartbeat_topic:
            try:
                parse_target(self.heartbeat_target)
            except ValueError as error:
                found.append(f"HEARTBEAT_TARGET {error}")
        return found


def _record_place(text: str) -> tuple[str, int, int]:
    match = _RECORD_PLACE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"must name records as topic/partition/offset, such as orders/0/42, not {text.strip()[:80]!r}")
    return match[1], int(match[2]), int(match[3])
