"""The redrive's services out of a Lambda function's environment."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.aws.invocation import invoke_later
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.dead_letters import DeadLetterStore
from msk_toolkit.forward.forwarder import Forwarder, decoding_of
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.forward.target_check import TargetCheck
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.redrive.failures import Range
from msk_toolkit.redrive.request import RedriveRequest
from msk_toolkit.redrive.run import RedriveServices
from msk_toolkit.redrive.scope import Scope, broker_names
from msk_toolkit.redrive.sending import MakeForwarder
from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.names import split_names
from msk_toolkit.settings.redrive import RedriveSettings
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.token import Token


def redrive_services(environ: Mapping[str, str], client: MakeClient) -> RedriveServices:
    """The services that the environment's settings describe; brokers are asked only when an import needs them.

    Args:
        client: makes a boto3 client from a service's name.

    Raises:
        ConfigurationError: with every mistake in the settings.
    """
    settings = load(RedriveSettings, environ)
    forwarding = load(ForwarderSettings, environ)

    def fetch(discarded: Range, deadline: Deadline) -> Any:
        # It imports kafka-python, a large part of a cold start that only a notification without records needs.
        from msk_toolkit.redrive.fetch import fetch_range

        cluster = load(ClusterSettings, environ)
        access = cluster_access(cluster, client, deadline)
        return fetch_range(access, discarded, deadline, cluster.stage_timeout_seconds)

    def spans(topic: str, deadline: Deadline) -> dict[int, tuple[int, int]]:
        from msk_toolkit.redrive.fetch import offset_spans

        cluster = load(ClusterSettings, environ)
        access = cluster_access(cluster, client, deadline)
        return offset_spans(access, topic, deadline, cluster.stage_timeout_seconds)

    return RedriveServices(
        bucket=Bucket(settings.dead_letter_bucket, client("s3")),
        routes=forwarding.targets,
        make=partial(_maker, forwarding, client),
        fetch=fetch,
        spans=spans,
        scope=Scope(
            # The other settings of the cluster are read only where brokers are needed.
            cluster=environ.get("CLUSTER_ARN", ""),
            brokers=_own_brokers(environ),
            function=settings.forwarder_function(),
            topics=frozenset(filter(None, [*split_names(settings.forward_topics), forwarding.heartbeat_topic])),
        ),
        failure_topics=frozenset(split_names(settings.failure_topics)),
        given_up_topic=settings.given_up_topic,
        invoke_again=partial(_invoke_again, client, environ.get("AWS_LAMBDA_FUNCTION_NAME", "")),
        reserve_seconds=settings.handover_seconds,
        record_ids=forwarding.record_ids,
        cluster_name=forwarding.cluster_name,
    )


def _own_brokers(environ: Mapping[str, str]) -> frozenset[str]:
    """The brokers of a cluster outside MSK; none where an ARN says which cluster it is."""
    if environ.get("CLUSTER_ARN"):
        return frozenset()
    return broker_names(environ.get("BOOTSTRAP_SERVERS", ""))


def replaying(settings: ForwarderSettings, records_per_second: float, reserve_seconds: float) -> ForwarderSettings:
    """The forwarder's settings as a replay needs them.

    Offset order costs little at a replay's rate. However many letters are still refused, those behind them are sent: a
    refused letter is in the bucket anyway. What the operator set aside is what a replay is to send.
    """
    return msgspec.structs.replace(
        settings,
        records_per_second=records_per_second,
        reserve_seconds=reserve_seconds,
        ordering="partition",
        max_consecutive_refusals=0,
        set_aside="",
    )


def _maker(
    settings: ForwarderSettings, client: MakeClient, records_per_second: float, reserve_seconds: float
) -> MakeForwarder:
    secrets = client("secretsmanager")
    vantiq = VantiqClient.from_settings(settings, Token(secrets, settings.vantiq_token_secret_arn), secrets)
    limited = replaying(settings, records_per_second, reserve_seconds)
    decoding = decoding_of(limited, client)

    def make(store: DeadLetterStore) -> Forwarder:
        return Forwarder(limited, DeliveryServices(vantiq, store), TargetCheck(limited, vantiq), decoding=decoding)

    return make


def _invoke_again(client: MakeClient, function: str, request: RedriveRequest) -> None:
    invoke_later(client("lambda"), function, msgspec.json.encode(request))
