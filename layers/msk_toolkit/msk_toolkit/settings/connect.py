"""Settings of the connect function, which reads those of Vantiq as well when it is to plan or register."""

from typing import Annotated

from msgspec import Meta

from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.forwarder import TargetCheckMode
from msk_toolkit.settings.metrics import DetailedMetrics


class ConnectSettings(ClusterSettings, kw_only=True, frozen=True):
    """The cluster to describe."""

    vantiq_target: Annotated[
        str, Meta(description="The forwarder's target, such as topic:/msk/{topic}; register prepares it in Vantiq.")
    ] = ""
    vantiq_routes: Annotated[
        str, Meta(description="The forwarder's other targets by Kafka topic or glob pattern, as a JSON object.")
    ] = ""
    forward_topics: Annotated[
        str, Meta(description="Kafka topics that the stack forwards, comma separated, for targets_only and check.")
    ] = ""
    heartbeat_target: Annotated[
        str, Meta(description="Where in Vantiq the heartbeats go, for targets_only and check.")
    ] = ""
    max_batch_records: Annotated[
        int,
        Meta(description="The forwarder's; check asks for autoUnwind only where arrays are sent.", ge=0, le=10_000),
    ] = 0
    target_check: Annotated[
        TargetCheckMode, Meta(description="The forwarder's; check counts unfit targets only with require.")
    ] = "require"
    detailed_metrics: DetailedMetrics = False
