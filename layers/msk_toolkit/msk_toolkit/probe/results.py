"""A probe's results: each broker's stages, and the verdict over all of them. Light: it imports nothing of Kafka."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from msk_toolkit.causes import Cause
from msk_toolkit.network.stages import StageResult
from msk_toolkit.stage import Stage

# The messages of the log lines of one broker, and of one group, by which they are looked for.
BROKER_LINE, GROUP_LINE = "broker", "consumer group"

Health = Literal["healthy", "degraded", "down"]
# What became of a record that was written through a broker; see write_through.py.
ReadBack = Literal["ok", "lost", "ambiguous-delivered", "failed", "unknown", "moved"]


class BrokerReport(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One broker: its id where known, its address, the stages in their order.

    ``known_from`` says whether the bootstrap list, the brokers' metadata or both name the address, or whether it is an
    ``alias``: a bootstrap address behind which a broker answers that the cluster lists under another one; ``read_back``
    what became of the record written through the broker; ``certificate_days`` how long its certificate is good for.
    """

    broker: int | None
    address: str
    stages: list[StageResult]
    known_from: Literal["both", "bootstrap", "metadata", "replicas", "alias"] = "both"
    certificate_days: float | None = None
    read_back: ReadBack | None = None

    @property
    def name(self) -> str:
        """The broker's name in a sentence: ``broker 2 (host:port)``."""
        if self.is_alias:
            return f"bootstrap address {self.address}"
        if self.broker is None:
            return f"broker {self.address}" if self.address else "a broker that no broker lists"
        return f"broker {self.broker} ({self.address})" if self.address else f"broker {self.broker}"

    @property
    def dimension(self) -> str:
        """The broker's name in logs and metrics: its id, or its address, or ``unlisted``."""
        return self.address or "unlisted" if self.broker is None else str(self.broker)

    @property
    def is_alias(self) -> bool:
        """Whether this is only another address of brokers that are reported under their own."""
        return self.known_from == "alias"

    @property
    def failure(self) -> StageResult | None:
        """The first stage that failed."""
        return next((stage for stage in self.stages if stage.status == "failed"), None)


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """The state of the cluster in one sentence, and the failure to look at first.

    ``runbook`` is where the documentation says how to confirm and fix it; ``cluster_state`` is MSK's own, and
    ``planned`` whether that explains the failure; ``findings`` are what the AWS APIs show about the cause.
    """

    status: Health
    summary: str
    broker: int | None = None
    address: str | None = None
    stage: Stage | None = None
    cause: Cause | None = None
    remedy: str | None = None
    runbook: str | None = None
    warnings: list[str] = []
    cluster_state: str | None = None
    planned: bool = False
    findings: list[str] = []


def stages_run(reports: Sequence[BrokerReport], stages: Sequence[Stage]) -> list[Stage]:
    """Those of the stages that a broker has a result of: the columns of a table."""
    run: set[Stage] = set()
    for report in reports:
        run.update(result.stage for result in report.stages)
    return [stage for stage in stages if stage in run]


def skipped_notes(reports: Sequence[BrokerReport]) -> list[str]:
    """Why stages of brokers without a failure were skipped: a sentence for each stage and reason."""
    names: dict[tuple[Stage, str], list[str]] = {}
    for report in reports:
        for result in _skipped(report):
            names.setdefault((result.stage, result.detail or "no reason was given"), []).append(report.dimension)
    return [_skipped_note(stage, reason, brokers) for (stage, reason), brokers in names.items()]


def _skipped_note(stage: Stage, reason: str, brokers: Sequence[str]) -> str:
    word = "broker" if len(brokers) == 1 else "brokers"
    return f"{stage} skipped at {word} {' and '.join(brokers)}: {reason}"


def _skipped(report: BrokerReport) -> list[StageResult]:
    if report.failure is not None:
        return []  # its failure says why
    return [result for result in report.stages if result.status == "skipped"]
