"""An event of the connect function.

1. A check asks Vantiq about the forwarder's targets, and nobody else.
2. A description asks AWS; plan and register ask Kafka and Vantiq as well.
"""

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
    """What the connect function works with; ``logger`` and ``metrics`` are those of Powertools."""

    environ: Mapping[str, str]
    client: MakeClient
    logger: Any
    metrics: Any


def handle_connect_event(event: Any, services: ConnectServices, deadline: Deadline) -> dict[str, Any]:
    """Serve an event; the response alone may hold the password, the log never does.

    Raises:
        ConfigurationError: with every mistake in the event, or in the environment.
    """
    request = parse_connect_request(event)
    settings = load(ConnectSettings, services.environ)
    if request.action == "check":
        vantiq = load(VantiqSettings, services.environ)
        checked = check_targets(settings, vantiq, services.client, deadline)
        report_targets(checked, settings, services.logger, services.metrics)
        return msgspec.to_builtins(checked)  # type: ignore[no-any-return]  # a struct becomes a dict
    response = _run(request, settings, services, deadline)
    # Of the response only the findings are logged, which never hold the password.
    findings = [str(finding) for finding in response.findings]
    services.logger.info("connect", extra={"action": request.action, "findings": findings})
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict


def _run(
    request: ConnectRequest, settings: ConnectSettings, services: ConnectServices, deadline: Deadline
) -> ConnectResponse:
    client = services.client
    if request.action == "describe":
        return run_connect(request, settings, client, None, deadline)
    # It brings kafka-python along, which a description has no use for.
    from msk_toolkit.connect.kafka_topics import topic_findings

    vantiq = registrar(load(VantiqSettings, services.environ), client, deadline, write=request.action == "register")
    return run_connect(request, settings, client, vantiq, deadline, topic_findings)
