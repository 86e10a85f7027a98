"""The brokers and their stages as a table for a person."""

from collections.abc import Sequence

from msk_toolkit.probe.lag import GroupLag
from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.stage import Stage


def render_probe(
    verdict: Verdict, reports: Sequence[BrokerReport], stages: Sequence[Stage], groups: Sequence[GroupLag] = ()
) -> str:
    """The verdict, a line for each broker with a column for each stage (milliseconds, FAIL, warn or -), and a line for
    the lag of each group."""
    shown = [stage for stage in stages if any(result.stage == stage for one in reports for result in one.stages)]
    rows = [["broker", "address", *shown]]
    for report in reports:
        by_stage = {result.stage: result for result in report.stages}
        cells = []
        for stage in shown:
            result = by_stage.get(stage)
            if result is None or result.status == "skipped":
                cells.append("-")
            else:
                mark = {"ok": "", "warn": "warn ", "failed": "FAIL "}[result.status]
                cells.append(f"{mark}{result.milliseconds:.0f} ms")
        rows.append([_number(report), report.address, *cells])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    head = f"{verdict.status.upper()}: {verdict.summary}"
    told = [f"-> {verdict.remedy}"] if verdict.remedy else []
    told += [f"   {finding}" for finding in verdict.findings] + [f"!  {warning}" for warning in verdict.warnings]
    if verdict.runbook:
        told.append(f"   see {verdict.runbook}")
    lags = ["", *map(_lag, groups)] if groups else []
    return "\n".join([head, *told, "", *lines, *lags])


def _lag(lag: GroupLag) -> str:
    if lag.records is None:
        return f"group {lag.group}: lag unknown: {lag.detail}"
    behind = f"group {lag.group}: {lag.records} records behind"
    if lag.seconds is not None and lag.records:
        behind += f", the oldest {lag.seconds:.0f} s old"
    return f"{behind}; {lag.detail}" if lag.detail else behind


def _number(report: BrokerReport) -> str:
    if report.is_alias:
        return "alias"
    return "?" if report.broker is None else str(report.broker)
