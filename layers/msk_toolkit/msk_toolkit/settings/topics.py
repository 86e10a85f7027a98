"""Settings of the topics function."""

from typing import Annotated, Literal

from msgspec import Meta

from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.metrics import DetailedMetrics


class TopicsSettings(ClusterSettings, kw_only=True, frozen=True):
    """Where the declared topics stand, and for which kind of cluster they are."""

    topics_file: Annotated[
        str,
        Meta(description="The declared topics; a relative path starts at the function's folder."),
    ] = "topics.yaml"
    cluster_kind: Annotated[
        Literal["auto", "standard", "express", "serverless"],
        Meta(
            description="Whose rules the plan knows. auto asks MSK for it, unless BOOTSTRAP_SERVERS is set: "
            "then it means standard."
        ),
    ] = "auto"
    forward_topics: Annotated[
        str,
        Meta(description="The forwarded topics, with commas: the plan warns of what would lose their records."),
    ] = ""
    probe_topic: Annotated[
        str, Meta(description="The topic of the probes' records: the plan warns of what would refuse them.")
    ] = ""
    detailed_metrics: DetailedMetrics = False
