"""Settings of the connect function; for plan, register and check it reads those of Vantiq as well."""

from typing import Annotated

from msgspec import Meta

from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.forwarder import TargetCheckMode
from msk_toolkit.settings.metrics import DetailedMetrics


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
    detailed_metrics: DetailedMetrics = False
