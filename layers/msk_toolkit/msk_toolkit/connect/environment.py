"""The connect function's request carried out with what a Lambda function's environment sets."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.connect.check import report_targets
from msk_toolkit.connect.registrar import check_targets, registrar
from msk_toolkit.connect.request import ConnectRequest, ConnectResponse, parse_connect_request
from msk_toolkit.connect.run import run_connect
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.vantiq import VantiqSettings


class ConnectServices(NamedTuple):
    """What a request is carried out with.

    Args:
        client: makes a boto3 client from a service's name.
        logger: Powertools' logger.
        metrics: Powertools' metrics.
    """

    client: MakeClient
    logger: Any
    metrics: Any


def answer_connect(
    event: Any, environ: Mapping[str, str], services: ConnectServices, deadline: Deadline
) -> dict[str, Any]:
    """The response to an invocation's event, as JSON's types; it and its outcome are logged, without a password.

    Raises:
        ConfigurationError: with every mistake in the event, or in the environment.
    """
    request = parse_connect_request(event)
    settings = load(ConnectSettings, environ)
    if request.action == "check":
        vantiq = load(VantiqSettings, environ)
        checked = check_targets(settings, vantiq, services.client, deadline)
        report_targets(checked, settings, services.logger, services.metrics)
        return msgspec.to_builtins(checked)  # type: ignore[no-any-return]  # a struct becomes a dict
    response = _run(request, settings, environ, services, deadline)
    # The response alone may hold the password; of it only the findings are logged, which never do.
    findings = [str(finding) for finding in response.findings]
    services.logger.info("connect", extra={"action": request.action, "findings": findings})
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict


def _run(
    request: ConnectRequest,
    settings: ConnectSettings,
    environ: Mapping[str, str],
    services: ConnectServices,
    deadline: Deadline,
) -> ConnectResponse:
    client = services.client
    if request.action == "describe":
        return run_connect(request, settings, client, None, deadline)
    # It brings kafka-python along, which a description has no use for.
    from msk_toolkit.connect.kafka_topics import topic_findings

    vantiq = registrar(load(VantiqSettings, environ), client, deadline, write=request.action == "register")
    return run_connect(request, settings, client, vantiq, deadline, topic_findings)
