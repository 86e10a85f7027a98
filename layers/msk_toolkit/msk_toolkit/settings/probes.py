"""Settings of the two probes."""

from typing import Annotated

from msgspec import Meta

from msk_toolkit.settings.cluster import ClusterSettings

TopicName = Annotated[
    str,
    Meta(
        description="Topic of the heartbeat records; it must exist, with a partition led by each broker.",
        pattern=r"^[a-zA-Z0-9._-]{1,249}$",
    ),
]


class ProducerProbeSettings(ClusterSettings, kw_only=True, frozen=True):
    """Which topic the producer probe writes to."""

    probe_topic: TopicName = "msk-toolkit-heartbeat"


class ConsumerProbeSettings(ClusterSettings, kw_only=True, frozen=True):
    """Which topic the consumer probe reads, and as which group."""

    probe_topic: TopicName = "msk-toolkit-heartbeat"
    consumer_group: Annotated[
        str, Meta(description="Consumer group of the probe; it belongs to the probe alone.", min_length=1)
    ] = "msk-toolkit-consumer-probe"
    max_records: Annotated[
        int,
        Meta(description="Most records that one run reads; the rest is the next run's.", ge=1, le=100_000),
    ] = 1000
