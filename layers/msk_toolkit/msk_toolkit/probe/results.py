"""A probe's results: each broker's stages, and the verdict over all of them. Light: it imports nothing of Kafka."""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from msk_toolkit.causes import Cause
from msk_toolkit.network.stages import StageResult
from msk_toolkit.stage import Stage

# The messages of the log lines of one broker, and of one group, by which they are looked for.
BROKER_LINE, GROUP_LINE = "broker", "consumer group"

# More brokers are named by their numbers alone.
MOST_WITH_ADDRESS = 3
# Of sixty brokers no more can be apart from each other.
_MOST_RANGES = 30

Health = Literal["healthy", "degraded", "down"]
# What became of a record that was written through a broker; see write_through.py.
ReadBack = Literal["ok", "lost", "ambiguous-delivered", "failed", "unknown", "moved"]


class BrokerReport(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One broker: its id where known, its address, the stages in their order.

    ``known_from`` says whether the bootstrap list, the brokers' metadata or both name the address, or whether it is an
    ``alias``: a bootstrap address behind which a broker answers that the cluster lists under another one, ``alias_of``
    where both lead to one place; ``read_back`` what became of the record written through the broker;
    ``certificate_days`` how long its certificate is good for.
    """

    broker: int | None
    address: str
    stages: list[StageResult]
    known_from: Literal["both", "bootstrap", "metadata", "replicas", "alias"] = "both"
    certificate_days: float | None = None
    read_back: ReadBack | None = None
    alias_of: int | None = None

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
    def days_left(self) -> float:
        """``certificate_days``, and more than any where the broker's certificate was not seen."""
        return math.inf if self.certificate_days is None else self.certificate_days

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
    return f"{stage} skipped at {several(brokers)}: {reason}"


def several(brokers: Sequence[str]) -> str:
    """``broker 2``, ``brokers 1 and 2``, or of more than three ``57 brokers (1-20, 24-60)``.

    Args:
        brokers: their names in logs and metrics, see :attr:`BrokerReport.dimension`.
    """
    if len(brokers) == 1:
        return f"broker {brokers[0]}"
    if len(brokers) <= MOST_WITH_ADDRESS:
        return f"brokers {' and '.join(brokers)}"
    return f"{len(brokers)} brokers ({', '.join(_ranges(brokers))})"


def common_detail(failing: Sequence[tuple[BrokerReport, StageResult]]) -> str:
    """What brokers say that fail or warn at one stage for one cause; of different details that of the broker whose
    certificate expires first."""
    report, result = min(failing, key=lambda pair: pair[0].days_left)
    if all(other.detail == result.detail for _, other in failing):
        return str(result.detail)
    return f"{result.detail} (broker {report.dimension}; similar at the others)"


def _ranges(brokers: Sequence[str]) -> list[str]:
    """``1-20``, ``24``: consecutive numbers as one; then what is not a number."""
    runs: list[tuple[int, int]] = []
    for number in sorted(int(broker) for broker in brokers if broker.isdecimal()):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    texts += [broker for broker in brokers if not broker.isdecimal()]
    if len(texts) > _MOST_RANGES:
        texts = [*texts[:_MOST_RANGES], "..."]
    return texts


def _skipped(report: BrokerReport) -> list[StageResult]:
    if report.failure is not None:
        return []  # its failure says why
    return [result for result in report.stages if result.status == "skipped"]
