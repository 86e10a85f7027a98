"""What a probe answers: each broker's stages, and the verdict over all of them."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.survey import BrokerCheck

Health = Literal["healthy", "degraded", "down"]


class BrokerReport(msgspec.Struct, frozen=True, rename="camel"):
    """One broker: its id where known, its address, the stages in their order."""

    broker: int | None
    address: str
    stages: list[StageResult]

    @property
    def name(self) -> str:
        """How a person calls it: ``broker 2 (host:port)``."""
        return f"broker {self.broker} ({self.address})" if self.broker is not None else f"broker {self.address}"

    @property
    def failure(self) -> StageResult | None:
        """The first stage that failed."""
        return next((stage for stage in self.stages if stage.status == "failed"), None)


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """The whole in one sentence, and the one failure to look at first."""

    status: Health
    summary: str
    broker: int | None = None
    address: str | None = None
    stage: str | None = None
    cause: str | None = None
    remedy: str | None = None


def broker_reports(checks: Sequence[BrokerCheck], stages: Sequence[str]) -> list[BrokerReport]:
    """Reports in the order of broker ids; stages behind a failed one are noted as skipped."""
    ids = {address: broker for check in checks if check.metadata for broker, address in check.metadata.brokers.items()}
    reports = []
    for check in checks:
        if check.log.failed:
            for stage in stages:
                check.log.skip(stage, "an earlier stage failed")
        elif check.metadata and check.broker is None:
            check.log.caution("metadata", "not-in-metadata", "the broker does not list its own address")
        broker = check.broker if check.broker is not None else ids.get(check.address, check.address.number)
        results = sorted(
            (result for result in check.log.results if result.stage in stages),
            key=lambda result: stages.index(result.stage),
        )
        reports.append(BrokerReport(broker, str(check.address), results))
    return sorted(reports, key=lambda report: (report.broker is None, report.broker or 0, report.address))
