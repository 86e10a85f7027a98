"""Settings of the two probes."""

from typing import Annotated

from msgspec import Meta

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.metrics import DetailedMetrics

TopicName = Annotated[
    str,
    Meta(
        description="Topic of the heartbeat records; it must exist, with a partition led by each broker.",
        pattern=r"^[a-zA-Z0-9._-]{1,249}$",
    ),
]


class ProbeSettings(ClusterSettings, kw_only=True, frozen=True):
    """What both probes go by."""

    probe_topic: TopicName = "msk-toolkit-heartbeat"
    certificate_warn_days: Annotated[
        float, Meta(description="A broker's certificate that expires within so many days is a warning.", ge=0, le=365)
    ] = 14
    detailed_metrics: DetailedMetrics = False


class ProducerProbeSettings(ProbeSettings, kw_only=True, frozen=True):
    """Which topic the producer probe writes to, and where else it may write when it is asked to."""

    test_record_topics: Annotated[
        str,
        Meta(
            description="Forwarded topics, comma separated, into which a marked record may be written on request "
            "(`mskv verify --write`); empty allows none."
        ),
    ] = ""

    def writable_topics(self) -> list[str]:
        """Topics that may get a marked record."""
        return _words(self.test_record_topics)


class ConsumerProbeSettings(ProbeSettings, kw_only=True, frozen=True):
    """Which topic the consumer probe reads, as which group, and whose lag it tells."""

    consumer_group: Annotated[
        str, Meta(description="Consumer group of the probe; it belongs to the probe alone.", min_length=1)
    ] = "msk-toolkit-consumer-probe"
    max_records: Annotated[
        int,
        Meta(description="Most records that one run reads; the rest is the next run's.", ge=1, le=100_000),
    ] = 1000
    lag_groups: Annotated[str, Meta(description="Consumer groups whose lag is reported, comma separated.")] = ""
    forward_topics: Annotated[
        str, Meta(description="Forwarded topics, comma separated; the lag of the group of each is reported.")
    ] = ""
    forward_group_prefix: Annotated[
        str, Meta(description="What the names of the forwarder's groups begin with; the topic's name follows.")
    ] = ""

    def forwarders_group(self, topic: str) -> str:
        """The forwarder's consumer group of a topic.

        Raises:
            ConfigurationError: the topic is not forwarded.
        """
        topics = _words(self.forward_topics)
        if topic not in topics:
            raise ConfigurationError("event", [f"topic: {topic} is not forwarded; these are: {', '.join(topics)}"])
        return f"{self.forward_group_prefix}{topic}"

    def watched_groups(self) -> list[str]:
        """The groups whose lag is reported, each once."""
        forwarders = [f"{self.forward_group_prefix}{topic}" for topic in _words(self.forward_topics)]
        return list(dict.fromkeys([*_words(self.lag_groups), *forwarders]))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
