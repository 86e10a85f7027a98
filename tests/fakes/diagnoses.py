"""Settings and listener reports of a diagnosis."""

from typing import Any

from msk_toolkit.causes import Cause
from msk_toolkit.diagnose.report import ListenerReport
from msk_toolkit.msk.findings import Finding
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.report import BrokerReport
from msk_toolkit.settings.diagnose import DiagnoseSettings
from msk_toolkit.stage import Stage

ARN = "arn:aws:kafka:ap-southeast-1:123456789012:cluster/demo/1"
ERROR = Finding("error", "secret s", "is wrong")


def settings(**values: Any) -> DiagnoseSettings:
    return DiagnoseSettings(**{"cluster_arn": ARN, "scram_secret_arn": "AmazonMSK_demo", **values})


def report(status: Any, **values: Any) -> ListenerReport:
    summary = values.pop("summary", "said")
    base: dict[str, Any] = {"network": "vpc", "protocol": "scram", "ports": [9096], "in_use": True}
    return ListenerReport(**{**base, **values}, status=status, summary=summary)


def timed_out(broker: int) -> BrokerReport:
    stages = [
        StageResult(Stage.DNS, "ok", 1.2, 5000.0),
        StageResult(
            Stage.TCP,
            "failed",
            5000.1,
            5000.0,
            Cause.CONNECT_TIMEOUT,
            "no answer to the connection attempt",
            "A security group, network ACL or route drops the packets.",
        ),
        *(
            StageResult(name, "skipped", detail="an earlier stage failed")
            for name in (Stage.TLS, Stage.SASL, Stage.METADATA)
        ),
    ]
    return BrokerReport(broker, f"b-{broker}.demo:9096", stages)
