"""Settings of the connect function; for plan, register and check it reads those of Vantiq as well."""

from typing import Annotated

from msgspec import Meta

from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.forwarder import PayloadForm, TargetCheckMode, Tombstones
from msk_toolkit.settings.metrics import DetailedMetrics
from msk_toolkit.settings.names import split_names


class ConnectSettings(ClusterSettings, kw_only=True, frozen=True):
    """The cluster to describe, and the targets of the forwarder to create or check in Vantiq."""

    vantiq_target: Annotated[
        str, Meta(description="The forwarder's target, such as topic:/msk/{topic}; register creates it in Vantiq.")
    ] = ""
    vantiq_routes: Annotated[
        str, Meta(description="The forwarder's targets of individual Kafka topics or glob patterns, as a JSON object.")
    ] = ""
    forward_topics: Annotated[
        str, Meta(description="Kafka topics that the stack forwards, comma separated; used by targets_only and check.")
    ] = ""
    forward_group_prefix: Annotated[
        str, Meta(description="Prefix of the forwarder's consumer groups; the topic's name follows.")
    ] = ""
    heartbeat_topic: Annotated[
        str, Meta(description="Topic of the heartbeats, if they are forwarded to Vantiq; otherwise empty.")
    ] = ""
    given_up_topic: Annotated[
        str, Meta(description="Topic to which the mappings' pollers write what they give up; empty for none.")
    ] = ""
    heartbeat_target: Annotated[
        str, Meta(description="Target of the heartbeats in Vantiq; used by targets_only and check.")
    ] = ""
    max_batch_records: Annotated[
        int,
        Meta(description="As for the forwarder; above 1, check requires autoUnwind of the target.", ge=0, le=10_000),
    ] = 0
    target_check: Annotated[
        TargetCheckMode, Meta(description="As for the forwarder; only with require does check count unfit targets.")
    ] = "require"
    tombstones: Annotated[
        Tombstones, Meta(description="As for the forwarder; with delete, check looks at the types' natural keys.")
    ] = "forward"
    payload: Annotated[PayloadForm, Meta(description="As for the forwarder.")] = "envelope"
    detailed_metrics: DetailedMetrics = False

    def groups(self) -> dict[str, str]:
        """The consumer groups of the stack's mappings, by topic."""
        topics = split_names(f"{self.forward_topics},{self.heartbeat_topic}")
        return {topic: f"{self.forward_group_prefix}{topic}" for topic in topics}
