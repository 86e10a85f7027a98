"""One invocation of a probe's function: what its event asks for, carried out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.probe.context import ControlPlane
from msk_toolkit.probe.marked_record import FollowRecord, WriteRecord, follow_record, requested, write_record
from msk_toolkit.probe.options import ConsumerOptions, ProducerOptions
from msk_toolkit.probe.run import run_probe
from msk_toolkit.probe.telemetry import Publisher
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.probes import ConsumerProbeSettings, ProducerProbeSettings

_WRITE_EXAMPLE = '{"action": "write_record", "topic": "orders", "id": "0a1b2c3d"}'
_FOLLOW_EXAMPLE = '{"action": "follow_record", "topic": "orders", "partition": 0, "offset": 42}'


class Services(NamedTuple):
    """What an invocation is carried out with: AWS, its time, and where its result is published."""

    client: MakeClient
    deadline: Deadline
    publisher: Publisher


def handle_producer(event: Any, environment: Mapping[str, str], services: Services) -> dict[str, Any]:
    """Write the marked record that the event asks for; for every other event, run the producer probe.

    Raises:
        ConfigurationError: a setting, or the request in the event, is wrong.
        ToolkitError: the cluster's addresses or the login could not be read, or a marked record not be written. What
            a run sees of the brokers is in its verdict.
    """
    settings = load(ProducerProbeSettings, environment)
    request = requested(event, WriteRecord, _WRITE_EXAMPLE)
    access = cluster_access(settings, services.client, services.deadline)
    if request:
        stage_seconds, topics = settings.stage_timeout_seconds, settings.writable_topics()
        written = write_record(access, request, topics, deadline=services.deadline, stage_seconds=stage_seconds)
        services.publisher.marked_record(written)
        return _as_dict(written)
    options = ProducerOptions(
        topic=settings.probe_topic,
        deadline=services.deadline,
        stage_seconds=settings.stage_timeout_seconds,
        warn_days=settings.certificate_warn_days,
        context=ControlPlane(settings, services.client, services.deadline),
    )
    response = run_probe(access, options)
    services.publisher.producer(response, detailed=settings.detailed_metrics)
    return _as_dict(response)


def handle_consumer(event: Any, environment: Mapping[str, str], services: Services) -> dict[str, Any]:
    """Follow the marked record that the event asks for; for every other event, run the consumer probe.

    Raises:
        ConfigurationError: a setting, or the request in the event, is wrong.
        ToolkitError: the cluster's addresses or the login could not be read, or a marked record not be followed. What
            a run sees of the brokers is in its verdict.
    """
    settings = load(ConsumerProbeSettings, environment)
    request = requested(event, FollowRecord, _FOLLOW_EXAMPLE)
    access = cluster_access(settings, services.client, services.deadline)
    if request:
        stage_seconds, group = settings.stage_timeout_seconds, settings.forwarders_group(request.topic)
        followed = follow_record(access, request, group, deadline=services.deadline, stage_seconds=stage_seconds)
        return _as_dict(followed)
    options = ConsumerOptions(
        topic=settings.probe_topic,
        group=settings.consumer_group,
        max_records=settings.max_records,
        watched_groups=settings.watched_groups(),
        deadline=services.deadline,
        stage_seconds=settings.stage_timeout_seconds,
        warn_days=settings.certificate_warn_days,
        context=ControlPlane(settings, services.client, services.deadline),
    )
    response = run_probe(access, options)
    services.publisher.consumer(response, detailed=settings.detailed_metrics)
    return _as_dict(response)


def _as_dict(response: msgspec.Struct) -> dict[str, Any]:
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict
