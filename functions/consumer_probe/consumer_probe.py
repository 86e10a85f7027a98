"""Consumer probe: read the heartbeats in a group, commit, read the commit back; answer with a verdict.

When it is asked to, it waits for the forwarder's commit of a marked record instead.
"""

import os
from typing import Any

import msgspec
from msk_toolkit.aws.clients import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.probe.consumer import run_consumer_probe
from msk_toolkit.probe.context import ControlPlane, explain, with_verdict
from msk_toolkit.probe.marked_record import FollowRecord, follow_record, requested
from msk_toolkit.probe.telemetry import Publisher
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.probes import ConsumerProbeSettings
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

SERVICE = "consumer-probe"
logger = toolkit_logger(SERVICE)
metrics = toolkit_metrics(SERVICE)

RESERVE_SECONDS = 3
EXAMPLE = '{"action": "follow_record", "topic": "orders", "partition": 0, "offset": 42}'


def handler(event: Any, context: Any) -> dict[str, Any]:
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)
    settings = load(ConsumerProbeSettings, os.environ)
    request = requested(event, FollowRecord, EXAMPLE)
    access = cluster_access(settings, client, deadline)
    if request:
        group, stage_seconds = settings.forwarders_group(request.topic), settings.stage_timeout_seconds
        followed = follow_record(access, request, group, deadline=deadline, stage_seconds=stage_seconds)
        return msgspec.to_builtins(followed)  # type: ignore[no-any-return]  # a struct becomes a dict
    control_plane = ControlPlane(settings, client, deadline)
    response = run_consumer_probe(
        access,
        settings.probe_topic,
        settings.consumer_group,
        settings.max_records,
        deadline=deadline,
        stage_seconds=settings.stage_timeout_seconds,
        warn_days=settings.certificate_warn_days,
        expected_brokers=control_plane.expected_brokers,
        lag_of=settings.watched_groups(),
    )
    explained = explain(response.verdict, response.brokers, settings, client, deadline, control_plane)
    response = with_verdict(response, explained)
    Publisher(metrics, logger, SERVICE, detailed=settings.detailed_metrics).consumer(response)
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict
