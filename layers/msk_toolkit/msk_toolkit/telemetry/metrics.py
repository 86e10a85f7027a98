"""The metric catalogue: every name that the functions publish, its unit, what it counts, and when it is published."""

from collections.abc import Iterable
from enum import Enum, StrEnum, auto
from typing import Self

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from msk_toolkit.stage import PROBE_STAGES, Stage
from msk_toolkit.telemetry.names import function_name

NAMESPACE = "MskVantiqToolkit"


class Published(Enum):
    """When a metric is published; CloudWatch bills it for each hour that has a value, by name and dimensions."""

    # In each run, zero included: an alarm needs the zero, or takes the absence for silence.
    ALWAYS = auto()
    # Where it is not zero: absence means that all is well, and the alarms take it so.
    ABNORMAL = auto()
    # Only with DETAILED_METRICS; without it the number is in the log line alone.
    DETAILED = auto()


_ALWAYS, _ABNORMAL = Published.ALWAYS, Published.ABNORMAL


class Metric(StrEnum):
    """A metric's name, with its unit and when it is published."""

    unit: MetricUnit
    published: Published

    def __new__(cls, name: str, unit: MetricUnit, published: Published = Published.DETAILED) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.unit = unit
        member.published = published
        return member

    # Forwarder, for each invocation.
    # Records in the event.
    RECORDS_RECEIVED = "RecordsReceived", MetricUnit.Count
    # Records that Vantiq acknowledged.
    RECORDS_DELIVERED = "RecordsDelivered", MetricUnit.Count
    # Records written to the dead-letter bucket; `LettersWaiting` is what the alarm watches.
    RECORDS_DEAD_LETTERED = "RecordsDeadLettered", MetricUnit.Count
    # Records not done, left to the event source mapping to redeliver. A zero ends the alarm's three periods in a row.
    RECORDS_REPORTED_BACK = "RecordsReportedBack", MetricUnit.Count, _ALWAYS
    # Records that this warm environment had done before, in an earlier attempt of the batch; not sent again.
    RECORDS_KNOWN = "RecordsKnown", MetricUnit.Count
    # Tombstones that were not sent, with TOMBSTONES=drop.
    TOMBSTONES_DROPPED = "TombstonesDropped", MetricUnit.Count, _ABNORMAL
    # Tombstones whose row in Vantiq was deleted, or was not there, with TOMBSTONES=delete.
    TOMBSTONES_DELETED = "TombstonesDeleted", MetricUnit.Count, _ABNORMAL
    # Requests sent again within the invocation.
    POSTS_RETRIED = "PostsRetried", MetricUnit.Count
    # Time that lanes waited because of RECORDS_PER_SECOND or because Vantiq asked them to, summed over the lanes.
    THROTTLED_SECONDS = "ThrottledSeconds", MetricUnit.Seconds
    # Age of the oldest record of the event when it arrived.
    LAG_AT_ARRIVAL = "LagAtArrival", MetricUnit.Milliseconds
    # From a request's start to its response's end; at most 100 evenly chosen ones per invocation.
    VANTIQ_LATENCY = "VantiqLatency", MetricUnit.Milliseconds
    # 1 when Vantiq or the credential is failing for every record: its maximum drives an alarm.
    VANTIQ_OUTAGE = "VantiqOutage", MetricUnit.Count, _ABNORMAL

    # From the writing of a heartbeat to Vantiq's acknowledgement, for each one that it accepted; only where they are
    # forwarded. Its maximum and its absence each drive an alarm.
    HEARTBEAT_LATENCY = "HeartbeatLatency", MetricUnit.Milliseconds, _ALWAYS

    # Status, for each scheduled look at the path.
    # Forwarded topics that are not read, because their mapping is off, missing or failing, or whose lag only grows
    # although nothing reports a fault: its minimum drives an alarm, and so does its absence.
    TOPICS_STOPPED = "TopicsStopped", MetricUnit.Count, _ALWAYS
    # Forwarded topics that may lose waiting records to their retention before they are delivered: an alarm.
    TOPICS_EXPIRING = "TopicsExpiring", MetricUnit.Count, _ABNORMAL
    # Dead letters that wait, published in the forwarder's name, which adds those that it has just stored: an alarm.
    LETTERS_WAITING = "LettersWaiting", MetricUnit.Count, _ABNORMAL

    # Connect, for each check of the forwarder's targets.
    # Targets that would not keep their records, where TARGET_CHECK=require holds those in Kafka: an alarm.
    TARGETS_UNFIT = "TargetsUnfit", MetricUnit.Count, _ABNORMAL

    # Rotation, for each step.
    # Sources of Vantiq that did not get the new password, or could not be looked for: an alarm.
    SOURCES_NOT_RENEWED = "SourcesNotRenewed", MetricUnit.Count, _ABNORMAL
    # Until the last broker accepted a login.
    ROTATION_SECONDS = "RotationSeconds", MetricUnit.Seconds

    # Redrive, for each invocation.
    # Dead letters that Vantiq accepted; they are below replayed/ now.
    LETTERS_REPLAYED = "LettersReplayed", MetricUnit.Count, _ALWAYS
    # Dead letters that Vantiq refused once more; they stay.
    LETTERS_REFUSED_AGAIN = "LettersRefusedAgain", MetricUnit.Count, _ALWAYS
    # Records that the mapping discarded, imported as dead letters.
    LETTERS_ADOPTED = "LettersAdopted", MetricUnit.Count, _ALWAYS
    # 1 when an import could not read what the mappings gave up to GIVEN_UP_TOPIC, else 0; only where that is set. Its
    # minimum and its absence drive an alarm.
    GIVEN_UP_UNREAD = "GivenUpUnread", MetricUnit.Count, _ALWAYS

    # Probes, for each run.
    # Brokers that fail by themselves, of every class below together: its maximum drives an alarm, its absence another.
    FAULTS = "Faults", MetricUnit.Count, _ALWAYS
    # 1 when every broker passes every stage, else 0.
    BROKERS_HEALTHY = "BrokersHealthy", MetricUnit.Count
    # Brokers of which a stage failed.
    BROKERS_FAILING = "BrokersFailing", MetricUnit.Count
    # Brokers that lead a partition of the probe topic, and so were written through.
    BROKERS_LED = "BrokersLed", MetricUnit.Count
    # Brokers that fail by themselves, by the class of their fault; a partition without a leader counts as one. While
    # MSK works on the cluster itself (MAINTENANCE and the like), a degraded cluster counts 0 for network and broker.
    NETWORK_FAULTS = "NetworkFaults", MetricUnit.Count, _ABNORMAL
    TLS_FAULTS = "TlsFaults", MetricUnit.Count, _ABNORMAL
    LOGIN_FAULTS = "LoginFaults", MetricUnit.Count, _ABNORMAL
    PERMISSION_FAULTS = "PermissionFaults", MetricUnit.Count, _ABNORMAL
    BROKER_FAULTS = "BrokerFaults", MetricUnit.Count, _ABNORMAL
    # Acknowledged records that could not be read back, and heartbeats missing from the sequence.
    RECORDS_LOST = "RecordsLost", MetricUnit.Count, _ABNORMAL
    # Heartbeats that are there although their write had failed.
    HEARTBEATS_DUPLICATED = "HeartbeatsDuplicated", MetricUnit.Count
    # Brokers whose certificate expires within CERTIFICATE_WARN_DAYS: an alarm.
    CERTIFICATES_EXPIRING = "CertificatesExpiring", MetricUnit.Count, _ABNORMAL
    # Days until the first of the brokers' certificates expires.
    CERTIFICATE_DAYS = "CertificateDays", MetricUnit.NoUnit
    # Stages and their numbers are rows of msk_toolkit.stage, and so their metrics need no line here.

    # For each broker (dimension Broker): how long each stage took, and the number of the first one that failed, 0 where
    # none did.
    locals().update({f"{stage.name}_LATENCY": (stage.metric, MetricUnit.Milliseconds) for stage in PROBE_STAGES})
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
    # 1 when CloudFormation was sent success although topics differ from what the stack declares, because the stack is
    # new, rolls back or may be doing so, else 0: its maximum drives an alarm.
    TOPICS_NOT_RESTORED = "TopicsNotRestored", MetricUnit.Count, _ALWAYS
    # Topics, for each drift check.
    # Declared topics that differ from their declaration, in any of the six respects below: an alarm.
    TOPICS_DRIFTED = "TopicsDrifted", MetricUnit.Count, _ALWAYS
    # Declared topics that do not exist.
    TOPICS_MISSING = "TopicsMissing", MetricUnit.Count, _ABNORMAL
    # Those with another number of partitions.
    TOPICS_PARTITIONS_DRIFTED = "TopicsPartitionsDrifted", MetricUnit.Count, _ABNORMAL
    # Those with another replication factor.
    TOPICS_REPLICATION_DRIFTED = "TopicsReplicationDrifted", MetricUnit.Count, _ABNORMAL
    # Those of which a declared key has another value.
    TOPICS_CONFIG_DRIFTED = "TopicsConfigDrifted", MetricUnit.Count, _ABNORMAL
    # Those that the stack forwards, with a retention that is not declared and shorter than the cluster's default: Kafka
    # may delete records that wait.
    TOPICS_RETENTION_CUT = "TopicsRetentionCut", MetricUnit.Count, _ABNORMAL
    # Those that the function's user may not see: whether they drift is unknown.
    TOPICS_UNREADABLE = "TopicsUnreadable", MetricUnit.Count, _ABNORMAL
    # Those with a key set that is not declared; reported, no alarm.
    TOPICS_CONFIG_UNDECLARED = "TopicsConfigUndeclared", MetricUnit.Count
    # Topics of the cluster that are not declared; reported, no alarm.
    TOPICS_UNDECLARED = "TopicsUndeclared", MetricUnit.Count


def latency_of(stage: Stage) -> Metric:
    """The metric of how long a probe's stage took."""
    return Metric[f"{stage.name}_LATENCY"]


def publish_metrics(
    metrics: Metrics | EphemeralMetrics, values: Iterable[tuple[Metric, float]], *, detailed: bool
) -> None:
    """Publish the values that are due, as one line of the log; no line where none is due.

    Args:
        values: a metric may come several times: each is a value of its own.
        detailed: all of them, whatever the catalogue says.
    """
    due = [(metric, value) for metric, value in values if detailed or _is_due(metric, value)]
    for metric, value in due:
        metrics.add_metric(metric.value, metric.unit, value)
    if due:
        metrics.flush_metrics()


def _is_due(metric: Metric, value: float) -> bool:
    if metric.published is Published.ABNORMAL:
        return value != 0
    return metric.published is Published.ALWAYS


def dimension_metrics(service: str, dimension: str, value: str) -> EphemeralMetrics:
    """Metrics beside a function's own, with one more dimension."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=function_name(service))
    metrics.add_dimension(dimension, value)
    return metrics


def toolkit_metrics(service: str) -> Metrics:
    """Powertools metrics in the toolkit's namespace, written to the log in EMF: no network, no permission."""
    return Metrics(namespace=NAMESPACE, service=function_name(service))


def collected_metrics(function: str) -> Metrics:
    """Metrics published in the name of another function: an alarm watches one name."""
    return Metrics(namespace=NAMESPACE, service=function)
