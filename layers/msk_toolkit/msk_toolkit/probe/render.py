"""The brokers and their stages as a table for a person."""

from collections.abc import Sequence

from msk_toolkit.network.stages import StageResult, StageStatus
from msk_toolkit.probe.folding import Row, rows
from msk_toolkit.probe.lag import GroupLag
from msk_toolkit.probe.results import BrokerReport, Verdict, skipped_notes, stages_run
from msk_toolkit.stage import Stage

_MARKS: dict[StageStatus, str] = {"ok": "", "warn": "warn ", "failed": "FAIL "}


def render_probe(
    verdict: Verdict, reports: Sequence[BrokerReport], stages: Sequence[Stage], groups: Sequence[GroupLag] = ()
) -> str:
    """The verdict, a line for each broker with a column for each stage (milliseconds, FAIL, warn or -), why stages of
    brokers without a fault were skipped, and a line for the lag of each group.

    Of more than nine brokers those that are alike share a line, with the slowest's times.
    """
    lines = [f"{verdict.status.upper()}: {verdict.summary}", *_explanation(verdict), "", *_table(reports, stages)]
    lines += [f"- {note}" for note in skipped_notes(reports)]
    if groups:
        lines += ["", *map(_lag, groups)]
    return "\n".join(lines)


def _explanation(verdict: Verdict) -> list[str]:
    lines = []
    if verdict.remedy:
        lines.append(f"-> {verdict.remedy}")
    lines += [f"   {finding}" for finding in verdict.findings]
    lines += [f"!  {warning}" for warning in verdict.warnings]
    if verdict.runbook:
        lines.append(f"   see {verdict.runbook}")
    return lines


def _table(reports: Sequence[BrokerReport], stages: Sequence[Stage]) -> list[str]:
    columns = stages_run(reports, stages)
    shown = rows(reports)
    names = _names(shown)
    lines = [[names[0], *columns]]
    for name, row in zip(names[1:], shown, strict=True):
        lines.append([name, *_cells(row, columns)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [_aligned(line, widths) for line in lines]


def _names(shown: Sequence[Row]) -> list[str]:
    """The first two columns as one: a row of several brokers has no address, and is as wide as both."""
    numbers = ["broker", *("" if row.is_folded else _number(row.first) for row in shown)]
    width = max(map(len, numbers))
    names = [f"{'broker':<{width}}  address"]
    for number, row in zip(numbers[1:], shown, strict=True):
        names.append(row.name if row.is_folded else f"{number:<{width}}  {row.first.address}")
    return names


def _cells(row: Row, columns: Sequence[Stage]) -> list[str]:
    results = {result.stage: result for result in row.results}
    at_most = "<= " if row.is_folded else ""
    return [_cell(results.get(stage), at_most) for stage in columns]


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cell(result: StageResult | None, at_most: str) -> str:
    if result is None or result.status == "skipped":
        return "-"
    return f"{_MARKS[result.status]}{at_most}{result.milliseconds:.0f} ms"


def _lag(lag: GroupLag) -> str:
    if lag.records is None:
        return f"group {lag.group}: lag unknown: {lag.detail}"
    line = f"group {lag.group}: {lag.records} records behind"
    if lag.seconds is not None and lag.records:
        line += f", the oldest {lag.seconds:.0f} s old"
    return f"{line}; {lag.detail}" if lag.detail else line


def _number(report: BrokerReport) -> str:
    if report.is_alias:
        return "alias"
    return "?" if report.broker is None else str(report.broker)
