"""The metric catalogue: every name that the functions publish, its unit, and what it counts."""

from enum import StrEnum
from typing import Self

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from msk_toolkit.telemetry.names import function_name

NAMESPACE = "MskVantiqToolkit"


class Metric(StrEnum):
    """A metric's name, with its unit."""

    unit: MetricUnit

    def __new__(cls, name: str, unit: MetricUnit) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.unit = unit
        return member

    # Forwarder, for each invocation.
    # Records in the event.
    RECORDS_RECEIVED = "RecordsReceived", MetricUnit.Count
    # Records that Vantiq acknowledged.
    RECORDS_DELIVERED = "RecordsDelivered", MetricUnit.Count
    # Records written to the dead-letter bucket. Any is worth an alarm.
    RECORDS_DEAD_LETTERED = "RecordsDeadLettered", MetricUnit.Count
    # Records not done, left to the event source mapping to bring again.
    RECORDS_REPORTED_BACK = "RecordsReportedBack", MetricUnit.Count
    # Records that this warm environment had done before, in the batch's last try; not sent again.
    RECORDS_KNOWN = "RecordsKnown", MetricUnit.Count
    # Requests sent again within the invocation.
    POSTS_RETRIED = "PostsRetried", MetricUnit.Count
    # Time that lanes waited because of RECORDS_PER_SECOND or because Vantiq asked for less, summed over the lanes.
    THROTTLED_SECONDS = "ThrottledSeconds", MetricUnit.Seconds
    # Age of the oldest record of the event when it arrived.
    LAG_AT_ARRIVAL = "LagAtArrival", MetricUnit.Milliseconds
    # From a request's start to its answer's end; at most 100 evenly chosen ones an invocation.
    VANTIQ_LATENCY = "VantiqLatency", MetricUnit.Milliseconds
    # 1 when Vantiq or the credential is out of order as a whole, else 0: its maximum drives an alarm.
    VANTIQ_OUTAGE = "VantiqOutage", MetricUnit.Count

    # From the writing of a heartbeat to Vantiq's acknowledgement, for each one that Vantiq took; only where they are
    # forwarded. Its maximum and its absence each drive an alarm.
    HEARTBEAT_LATENCY = "HeartbeatLatency", MetricUnit.Milliseconds

    # Redrive, for each invocation.
    # Letters that Vantiq took; they are below replayed/ now.
    LETTERS_REPLAYED = "LettersReplayed", MetricUnit.Count
    # Letters that Vantiq refused once more; they stay.
    LETTERS_REFUSED_AGAIN = "LettersRefusedAgain", MetricUnit.Count
    # Records that the mapping gave up, made into letters.
    LETTERS_ADOPTED = "LettersAdopted", MetricUnit.Count

    # Probes, for each run.
    # 1 when every broker passes every stage, else 0: its absence drives an alarm.
    BROKERS_HEALTHY = "BrokersHealthy", MetricUnit.Count
    # Brokers of which a stage failed.
    BROKERS_FAILING = "BrokersFailing", MetricUnit.Count
    # Brokers that lead a partition of the probe topic, and so were written through.
    BROKERS_LED = "BrokersLed", MetricUnit.Count
    # Brokers that fail by themselves, by whose business that is; a partition without a leader counts as a broker. While
    # MSK works on the cluster itself (MAINTENANCE and the like), a degraded cluster counts 0 for network and broker.
    # Each drives an alarm.
    NETWORK_FAULTS = "NetworkFaults", MetricUnit.Count
    TLS_FAULTS = "TlsFaults", MetricUnit.Count
    LOGIN_FAULTS = "LoginFaults", MetricUnit.Count
    PERMISSION_FAULTS = "PermissionFaults", MetricUnit.Count
    BROKER_FAULTS = "BrokerFaults", MetricUnit.Count
    # Acknowledged records that could not be read back, and heartbeats missing from the sequence.
    RECORDS_LOST = "RecordsLost", MetricUnit.Count
    # Heartbeats that stand although their write had failed.
    HEARTBEATS_DUPLICATED = "HeartbeatsDuplicated", MetricUnit.Count
    # Days until the first of the brokers' certificates expires.
    CERTIFICATE_DAYS = "CertificateDays", MetricUnit.NoUnit
    # For each broker (dimension Broker): how long each stage took, and the number of the first one that failed, from
    # 1 for dns to 9 for commit; 0 where none did.
    DNS_LATENCY = "DnsLatency", MetricUnit.Milliseconds
    TCP_LATENCY = "TcpLatency", MetricUnit.Milliseconds
    TLS_LATENCY = "TlsLatency", MetricUnit.Milliseconds
    SASL_LATENCY = "SaslLatency", MetricUnit.Milliseconds
    METADATA_LATENCY = "MetadataLatency", MetricUnit.Milliseconds
    ACL_LATENCY = "AclLatency", MetricUnit.Milliseconds
    PRODUCE_LATENCY = "ProduceLatency", MetricUnit.Milliseconds
    FETCH_LATENCY = "FetchLatency", MetricUnit.Milliseconds
    COMMIT_LATENCY = "CommitLatency", MetricUnit.Milliseconds
    FAILED_STAGE = "FailedStage", MetricUnit.NoUnit
    # For each watched group (dimension Group): what it has not committed, and the age of the oldest of that.
    GROUP_LAG = "GroupLag", MetricUnit.Count
    GROUP_LAG_SECONDS = "GroupLagSeconds", MetricUnit.Seconds
    # Age of the newest heartbeat that the consumer probe read.
    HEARTBEAT_AGE = "HeartbeatAge", MetricUnit.Milliseconds
    # Heartbeats behind the consumer probe's commit.
    HEARTBEAT_LAG = "HeartbeatLag", MetricUnit.Count

    # Topics, for each run.
    # Declared topics that the run created.
    TOPICS_CREATED = "TopicsCreated", MetricUnit.Count
    # Topics, for each request of CloudFormation.
    # 1 when topics were left otherwise than a stack declares them and the stack was told success, because it is new,
    # rolls back or may be doing so, else 0: its maximum drives an alarm.
    TOPICS_NOT_RESTORED = "TopicsNotRestored", MetricUnit.Count
    # Topics, for each drift check.
    # Declared topics that stand otherwise than declared, in any of the five ways below: its maximum drives an alarm.
    TOPICS_DRIFTED = "TopicsDrifted", MetricUnit.Count
    # Declared topics that do not exist.
    TOPICS_MISSING = "TopicsMissing", MetricUnit.Count
    # Those with another number of partitions.
    TOPICS_PARTITIONS_DRIFTED = "TopicsPartitionsDrifted", MetricUnit.Count
    # Those with another replication factor.
    TOPICS_REPLICATION_DRIFTED = "TopicsReplicationDrifted", MetricUnit.Count
    # Those of which a declared key has another value.
    TOPICS_CONFIG_DRIFTED = "TopicsConfigDrifted", MetricUnit.Count
    # Those that the function's user may not see: whether they drift is not known.
    TOPICS_UNREADABLE = "TopicsUnreadable", MetricUnit.Count
    # Those with a key set that nobody declared; reported, no alarm.
    TOPICS_CONFIG_UNDECLARED = "TopicsConfigUndeclared", MetricUnit.Count
    # Topics of the cluster that nobody declared; reported, no alarm.
    TOPICS_UNDECLARED = "TopicsUndeclared", MetricUnit.Count


def dimension_metrics(service: str, dimension: str, value: str) -> EphemeralMetrics:
    """Metrics beside a function's own, with one more dimension; flush them to publish."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=function_name(service))
    metrics.add_dimension(dimension, value)
    return metrics


def toolkit_metrics(service: str) -> Metrics:
    """Powertools metrics in the toolkit's namespace, written to the log in EMF: no network, no permission."""
    return Metrics(namespace=NAMESPACE, service=function_name(service))
