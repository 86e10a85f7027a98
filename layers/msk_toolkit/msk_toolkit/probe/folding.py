"""Many brokers in few rows: those that are alike share one, so that a table of sixty shows what fails at a glance."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from msk_toolkit.network.stages import StageResult, StageStatus
from msk_toolkit.probe.results import BrokerReport, common_detail, several
from msk_toolkit.stage import Stage

# So many brokers have a row each. MSK's smallest clusters have three.
MOST_ROWS = 9
# Fewer that are alike keep rows of their own, with their addresses.
_FEWEST_ALIKE = 3
_NOTED: tuple[StageStatus, ...] = ("warn", "failed")
_WORDS: dict[StageStatus, str] = {"failed": "fail", "warn": "warn"}

# The stages that fail or warn, each with its cause; empty for a broker without a fault.
_Faults = tuple[tuple[Stage, StageStatus, str], ...]


class Row(NamedTuple):
    """A broker, or several that fail or warn at the same stages for the same causes, or at none."""

    reports: Sequence[BrokerReport]

    @property
    def first(self) -> BrokerReport:
        """The row's only broker, or the first of several."""
        return self.reports[0]

    @property
    def is_folded(self) -> bool:
        """Whether the row stands for several brokers."""
        return len(self.reports) > 1

    @property
    def healthy(self) -> bool:
        """Whether no stage fails or warns."""
        return not _faults(self.first)

    @property
    def name(self) -> str:
        """``broker 2 (host:port)``, ``57 brokers healthy`` or ``20 brokers (4-23) fail``."""
        if not self.is_folded:
            return self.first.name
        if self.healthy:
            return f"{len(self.reports)} brokers healthy"
        word = _WORDS["failed" if self.first.failure else "warn"]
        return f"{several([report.dimension for report in self.reports])} {word}"

    @property
    def results(self) -> list[StageResult]:
        """What happened at each stage; of several brokers with the slowest's time."""
        if not self.is_folded:
            return self.first.stages
        stages: set[Stage] = set()
        for report in self.reports:
            stages.update(result.stage for result in report.stages)
        return [self._slowest(stage) for stage in sorted(stages, key=_position)]

    def _slowest(self, stage: Stage) -> StageResult:
        ends: list[tuple[BrokerReport, StageResult]] = []
        for report in self.reports:
            ends += [(report, result) for result in report.stages if result.stage is stage]
        # A stage that is skipped at some brokers, such as the commit, is shown as it ended at the others.
        run = [(report, result) for report, result in ends if result.status != "skipped"] or ends
        slowest = max(result.milliseconds for _, result in run)
        detail = None if run[0][1].detail is None else common_detail(run)
        return msgspec.structs.replace(run[0][1], milliseconds=slowest, detail=detail)


def rows(reports: Sequence[BrokerReport]) -> list[Row]:
    """A row for each broker; of more than nine, one row for those that are alike, the healthy ones last."""
    if len(reports) <= MOST_ROWS:
        return [Row([report]) for report in reports]
    alike: dict[tuple[bool, _Faults], list[BrokerReport]] = {}
    for report in reports:
        alike.setdefault((report.is_alias, _faults(report)), []).append(report)
    folded: list[Row] = []
    for (is_alias, _), same in alike.items():
        if is_alias or len(same) < _FEWEST_ALIKE:
            folded += [Row([report]) for report in same]
        else:
            folded.append(Row(same))
    # Sorted by nothing else: the order of the brokers stays.
    return sorted(folded, key=lambda row: row.is_folded and row.healthy)


def _faults(report: BrokerReport) -> _Faults:
    return tuple((result.stage, result.status, str(result.cause)) for result in noted(report.stages))


def noted(results: Iterable[StageResult]) -> list[StageResult]:
    """Those that fail or warn."""
    return [result for result in results if result.status in _NOTED]


def _position(stage: Stage) -> int:
    return stage.position
