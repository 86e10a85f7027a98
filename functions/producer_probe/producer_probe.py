"""Producer probe: write a record through each broker and read it back; answer with a verdict.

When it is asked to, it writes a marked record into a forwarded topic instead.
"""

import os
from typing import Any

import msgspec
from msk_toolkit.aws.clients import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.probe.context import ControlPlane, explain, with_verdict
from msk_toolkit.probe.marked_record import WriteRecord, requested, write_record
from msk_toolkit.probe.producer import run_producer_probe
from msk_toolkit.probe.telemetry import Publisher
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.probes import ProducerProbeSettings
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

SERVICE = "producer-probe"
logger = toolkit_logger(SERVICE)
metrics = toolkit_metrics(SERVICE)

RESERVE_SECONDS = 3
EXAMPLE = '{"action": "write_record", "topic": "orders", "id": "0a1b2c3d"}'


def handler(event: Any, context: Any) -> dict[str, Any]:
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)
    settings = load(ProducerProbeSettings, os.environ)
    request = requested(event, WriteRecord, EXAMPLE)
    access = cluster_access(settings, client, deadline)
    if request:
        stage_seconds = settings.stage_timeout_seconds
        allowed = settings.writable_topics()
        written = write_record(access, request, allowed, deadline=deadline, stage_seconds=stage_seconds)
        logger.info("marked record written", extra={"record": msgspec.to_builtins(written)})
        return msgspec.to_builtins(written)  # type: ignore[no-any-return]  # a struct becomes a dict
    control_plane = ControlPlane(settings, client, deadline)
    response = run_producer_probe(
        *(access, settings.probe_topic),
        deadline=deadline,
        stage_seconds=settings.stage_timeout_seconds,
        warn_days=settings.certificate_warn_days,
        expected_brokers=control_plane.expected_brokers,
    )
    explained = explain(response.verdict, response.brokers, settings, client, deadline, control_plane)
    response = with_verdict(response, explained)
    Publisher(metrics, logger, SERVICE, detailed=settings.detailed_metrics).producer(response)
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict
