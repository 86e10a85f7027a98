"""Apache Kafka itself, three brokers, out of the package registries: without Docker, inside the checkout."""

from local.kafka.certificates import CertificateAuthority
from local.kafka.cluster import KafkaCluster, KafkaClusterError
from local.kafka.jars import KafkaUnavailableError
from local.kafka.settings import BROKER_IDS, KafkaOptions, KafkaSettings, Listener

__all__ = [
    "BROKER_IDS",
    "CertificateAuthority",
    "KafkaCluster",
    "KafkaClusterError",
    "KafkaOptions",
    "KafkaSettings",
    "KafkaUnavailableError",
    "Listener",
]
