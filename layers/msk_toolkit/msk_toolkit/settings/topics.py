"""Settings of the topics function."""

from typing import Annotated, Literal

from msgspec import Meta

from msk_toolkit.settings.cluster import ClusterKind, ClusterSettings
from msk_toolkit.settings.metrics import DetailedMetrics


class TopicsSettings(ClusterSettings, kw_only=True, frozen=True):
    """The file of the declared topics, and the MSK offering whose limits apply to them."""

    topics_file: Annotated[
        str,
        Meta(description="File of the declared topics; a relative path starts at the function's folder."),
    ] = "topics.yaml"
    cluster_kind: Annotated[
        Literal["auto", ClusterKind],
        Meta(
            description="MSK offering whose topic limits apply. auto asks MSK, or means standard if BOOTSTRAP_SERVERS "
            "is set."
        ),
    ] = "auto"
    forward_topics: Annotated[
        str,
        Meta(description="Forwarded topics, comma separated; a plan warns of changes that would lose their records."),
    ] = ""
    forward_group_prefix: Annotated[
        str, Meta(description="Prefix of the forwarder's consumer groups; the topic's name follows.")
    ] = ""
    probe_topic: Annotated[
        str, Meta(description="Topic of the heartbeats; a plan warns of changes that would make brokers refuse them.")
    ] = ""
    given_up_topic: Annotated[
        str,
        Meta(description="Topic for what the mappings give up: an apply needs it to exist or to be declared."),
    ] = ""
    detailed_metrics: DetailedMetrics = False
