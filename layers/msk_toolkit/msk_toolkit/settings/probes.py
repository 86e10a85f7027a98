"""Settings of the two probes."""

from typing import Annotated

from msgspec import Meta

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.metrics import DetailedMetrics
from msk_toolkit.settings.names import split_names

ProbeTopicName = Annotated[
    str,
    Meta(
        description="Topic of the heartbeats; it must exist, and each broker must lead a partition of it.",
        pattern=r"^[a-zA-Z0-9._-]{1,249}$(?!\n)",
    ),
]


class ProbeSettings(ClusterSettings, kw_only=True, frozen=True):
    """Settings that both probes read."""

    probe_topic: ProbeTopicName = "msk-toolkit-heartbeat"
    certificate_warn_days: Annotated[
        float,
        Meta(description="A broker's certificate that expires within so many days causes a warning.", ge=0, le=365),
    ] = 14
    detailed_metrics: DetailedMetrics = False


class ProducerProbeSettings(ProbeSettings, kw_only=True, frozen=True):
    """The topic that the producer probe writes to, and the topics it may write to on request."""

    test_record_topics: Annotated[
        str,
        Meta(
            description="Forwarded topics, comma separated, to which the probe may write a marked record on request "
            "(`mskv verify --write`); empty allows none."
        ),
    ] = ""

    def writable_topics(self) -> tuple[str, ...]:
        """Topics to which a marked record may be written."""
        return split_names(self.test_record_topics)


class ConsumerProbeSettings(ProbeSettings, kw_only=True, frozen=True):
    """The topic and group of the consumer probe, and the groups whose lag it reports."""

    consumer_group: Annotated[
        str, Meta(description="Consumer group of the probe; nothing else may use it.", min_length=1)
    ] = "msk-toolkit-consumer-probe"
    max_records: Annotated[
        int,
        Meta(description="Maximum number of records read in one run; the next run reads the rest.", ge=1, le=100_000),
    ] = 1000
    lag_groups: Annotated[str, Meta(description="Further consumer groups whose lag is reported, comma separated.")] = ""
    forward_topics: Annotated[
        str, Meta(description="Forwarded topics, comma separated; the lag of each topic's group is reported.")
    ] = ""
    forward_group_prefix: Annotated[
        str, Meta(description="Prefix of the forwarder's consumer groups; the topic's name follows.")
    ] = ""

    def forwarders_group(self, topic: str) -> str:
        """The forwarder's consumer group of a topic.

        Raises:
            ConfigurationError: the topic is not forwarded.
        """
        topics = split_names(self.forward_topics)
        if topic not in topics:
            raise ConfigurationError("event", [f"topic: {topic} is not forwarded; forwarded are {', '.join(topics)}"])
        return f"{self.forward_group_prefix}{topic}"

    def watched_groups(self) -> list[str]:
        """The groups whose lag is reported, without duplicates."""
        forwarders = [f"{self.forward_group_prefix}{topic}" for topic in split_names(self.forward_topics)]
        return list(dict.fromkeys([*split_names(self.lag_groups), *forwarders]))
