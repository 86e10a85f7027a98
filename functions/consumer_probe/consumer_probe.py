"""Consumer probe: read the heartbeats in a group, commit, read the commit back; answer with a verdict."""

import os
from typing import Any

import msgspec
from msk_toolkit.aws.clients import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.probe.consumer import probe
from msk_toolkit.probe.telemetry import publish
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.probes import ConsumerProbeSettings
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import Metric, toolkit_metrics

logger = toolkit_logger("consumer-probe")
metrics = toolkit_metrics("consumer-probe")

RESERVE_SECONDS = 3


@metrics.log_metrics
def handler(event: Any, context: Any) -> dict[str, Any]:
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)
    settings = load(ConsumerProbeSettings, os.environ)
    access = cluster_access(settings, client)
    response = probe(
        access,
        settings.probe_topic,
        settings.consumer_group,
        settings.max_records,
        deadline=deadline,
        stage_seconds=settings.stage_timeout_seconds,
    )
    publish(metrics, logger, response.verdict, response.brokers)
    metrics.add_metric(Metric.HEARTBEAT_LAG, Metric.HEARTBEAT_LAG.unit, response.lag)
    if response.newest_age_ms is not None:
        metrics.add_metric(Metric.HEARTBEAT_AGE, Metric.HEARTBEAT_AGE.unit, response.newest_age_ms)
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict
