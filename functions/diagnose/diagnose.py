"""Diagnose: probe every listener, read the network configuration on the path, explain failures; invoked manually."""

import os
from typing import Any

import msgspec
from msk_toolkit.aws.preloaded import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.diagnose.report import parse_diagnose_request
from msk_toolkit.diagnose.run import run_diagnosis
from msk_toolkit.settings.diagnose import DiagnoseSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.telemetry.logs import toolkit_logger

logger = toolkit_logger("diagnose")

RESERVE_SECONDS = 5


def handler(event: Any, context: Any) -> dict[str, Any]:
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)
    request = parse_diagnose_request(event)
    settings = load(DiagnoseSettings, os.environ)
    response = run_diagnosis(request, settings, client, deadline)
    sentences = [finding.sentence for finding in (*response.network, *response.mapping) if finding.severity == "error"]
    findings = [str(finding) for finding in response.findings]
    logger.info(response.summary, extra={"status": response.status, "errors": sentences, "findings": findings})
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict
