"""Connect: describe the cluster, write client files and Vantiq's Kafka source, register it; invoked by hand.

A schedule has it check the forwarder's targets.
"""

import os
from typing import Any

import msgspec
from msk_toolkit.aws.clients import client
from msk_toolkit.connect.check import report_targets
from msk_toolkit.connect.registrar import check_targets, registrar
from msk_toolkit.connect.run import AskKafka, parse_connect_request, run_connect
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.vantiq import VantiqSettings
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

logger = toolkit_logger("connect")
metrics = toolkit_metrics("connect")

RESERVE_SECONDS = 3


def handler(event: Any, context: Any) -> dict[str, Any]:
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)
    request = parse_connect_request(event)
    settings = load(ConnectSettings, os.environ)
    if request.action == "check":
        checked = check_targets(settings, load(VantiqSettings, os.environ), client, deadline)
        report_targets(checked, settings, logger, metrics)
        return msgspec.to_builtins(checked)  # type: ignore[no-any-return]  # a struct becomes a dict
    in_vantiq = None
    ask_kafka: AskKafka | None = None
    if request.action != "describe":
        # It brings kafka-python along, which a description has no use for.
        from msk_toolkit.connect.kafka_topics import topic_findings

        ask_kafka = topic_findings
        vantiq = load(VantiqSettings, os.environ)
        in_vantiq = registrar(vantiq, client, deadline, write=request.action == "register")
    response = run_connect(request, settings, client, in_vantiq, deadline, ask_kafka)
    # The response alone may hold the password; of it only the findings are logged, which never do.
    findings = [str(finding) for finding in response.findings]
    logger.info("connect", extra={"action": request.action, "findings": findings})
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict
