"""Producer probe: write a record through each broker and read it back; answer with a verdict."""

import os
from typing import Any

import msgspec
from msk_toolkit.aws.clients import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.probe.producer import probe
from msk_toolkit.probe.telemetry import publish
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.probes import ProducerProbeSettings
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import Metric, toolkit_metrics

logger = toolkit_logger("producer-probe")
metrics = toolkit_metrics("producer-probe")

RESERVE_SECONDS = 3


@metrics.log_metrics
def handler(event: Any, context: Any) -> dict[str, Any]:
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)
    settings = load(ProducerProbeSettings, os.environ)
    access = cluster_access(settings, client)
    response = probe(access, settings.probe_topic, deadline=deadline, stage_seconds=settings.stage_timeout_seconds)
    publish(metrics, logger, response.verdict, response.brokers)
    metrics.add_metric(Metric.BROKERS_LED, Metric.BROKERS_LED.unit, response.brokers_led)
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict
