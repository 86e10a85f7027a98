"""The brokers by stages as an HTML fragment: for a CloudWatch custom widget, or within a page of its own.

No script: CloudWatch strips it. Whatever a broker said is escaped.
"""

from collections.abc import Sequence
from html import escape
from typing import Literal

from msk_toolkit.network.stages import StageResult, StageStatus
from msk_toolkit.probe.folding import Row, noted, rows
from msk_toolkit.probe.last_run import LastRun, ProbeRun
from msk_toolkit.probe.results import Health, Verdict, skipped_notes, stages_run
from msk_toolkit.stage import PROBE_STAGES, Stage

Theme = Literal["light", "dark", "light dark"]

# Each status has a sign and a word of its own: nobody needs to tell colours apart.
_SIGNS: dict[StageStatus, tuple[str, str]] = {
    "ok": ("✓", "ok"),
    "warn": ("!", "warns"),
    "failed": ("✗", "FAILS"),
    "skipped": ("-", "skipped"),
}
_VERDICT_SIGNS: dict[Health, str] = {"healthy": "✓", "degraded": "!", "down": "✗"}
# A longer one would take more lines than its broker's row has.
_LONGEST_HOST = 24
# Colours of its own for everything, so that nothing depends on the page around it. A border says what a colour says.
_STYLE = """
.probes { font: 14px/1.4 system-ui, sans-serif; color: light-dark(#16191f, #e9ebed);
  background: light-dark(#ffffff, #0f1b2a); padding: .2em .6em; }
.probes table { border-collapse: collapse; table-layout: fixed; width: 100%; margin: .8em 0; }
.probes thead th { font-size: .85em; }
.probes thead th:first-child { width: 20%; }
.probes caption { text-align: left; font-weight: 600; padding-bottom: .4em; }
.probes caption span { display: block; font-weight: 400; }
.probes th, .probes td { border: 1px solid light-dark(#687078, #95a5b5); padding: .2em .3em; text-align: left;
  vertical-align: top; overflow-wrap: break-word; }
.probes td.ok { background: light-dark(#f2fcf3, #0e2e14); }
.probes td.warn { background: light-dark(#fffce9, #3a3000); border-style: dashed; }
.probes td.failed { background: light-dark(#fff0f0, #4a0d0d); font-weight: 700; border-width: 3px; }
.probes td.skipped { color: light-dark(#545b64, #b6bec9); }
.probes td b { font-weight: inherit; white-space: nowrap; }
.probes a { color: inherit; overflow-wrap: anywhere; }
"""


def render_matrix(shown: Sequence[LastRun], *, stale_after_seconds: float, theme: Theme = "light dark") -> str:
    """A table for each probe, below its verdict and its age; below a broker's row, what its failing stages say.

    Of more than nine brokers those that are alike share a row, with the slowest's times.

    Args:
        stale_after_seconds: an older result is shown as stale.
        theme: the dashboard's; without one the reader's own.
    """
    tables = "".join(_probe(last, stale_after_seconds) for last in shown)
    return (
        f"<style>{_STYLE}</style>"
        f'<div class="probes cwdb-no-default-styles" style="color-scheme: {theme}">{tables}</div>'
    )


def age(seconds: float) -> str:
    """A duration in words: ``40 seconds``, ``1 minute``, ``3 hours``, ``2 days``."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return _counted(int(seconds // length), unit)
    return _counted(int(seconds), "second")


def _counted(number: int, unit: str) -> str:
    return f"1 {unit}" if number == 1 else f"{number} {unit}s"


def _probe(shown: LastRun, stale_after_seconds: float) -> str:
    name = escape(shown.probe)
    if shown.run is None:
        return f"<p><b>{name}: ? NO RESULT</b> {escape(shown.why)}</p>"
    notes = [_age_note(shown, stale_after_seconds), *_explanation(shown.run.verdict)]
    notes += [f"- {note}." for note in skipped_notes(shown.run.brokers)]
    lines = "".join(f"<span>{escape(note)}</span>" for note in notes) + _runbook_link(shown.run.verdict)
    return f"<table><caption>{name}: {escape(_headline(shown.run))}{lines}</caption>{_body(shown.run)}</table>"


def _age_note(shown: LastRun, stale_after_seconds: float) -> str:
    if shown.age_seconds > stale_after_seconds:
        return f"! STALE: seen {age(shown.age_seconds)} ago; the probe has reported nothing since. See its log."
    return f"Seen {age(shown.age_seconds)} ago."


def _explanation(verdict: Verdict) -> list[str]:
    notes = []
    if verdict.remedy:
        notes.append(f"What to do: {verdict.remedy}")
    notes += verdict.findings
    notes += [f"! {warning}" for warning in verdict.warnings]
    return notes


def _runbook_link(verdict: Verdict) -> str:
    if not verdict.runbook:
        return ""
    address = escape(verdict.runbook, quote=True)
    return f'<span>See <a href="{address}">{address}</a>.</span>'


def _headline(run: ProbeRun) -> str:
    return f"{_VERDICT_SIGNS[run.verdict.status]} {run.verdict.status.upper()}: {run.verdict.summary}"


def _body(run: ProbeRun) -> str:
    stages = stages_run(run.brokers, PROBE_STAGES)
    heads = "".join(f'<th scope="col">{escape(stage)}</th>' for stage in stages)
    bodies = "".join(_rows(row, stages, run.verdict) for row in rows(run.brokers))
    return f'<thead><tr><th scope="col">broker</th>{heads}</tr></thead>{bodies}'


def _rows(row: Row, stages: Sequence[Stage], verdict: Verdict) -> str:
    """The stages of a broker, or of several that are alike, and below them a row for each stage that fails or warns.

    Where all brokers fail alike, the verdict above says it once.
    """
    shown = [result for result in noted(row.results) if not _is_of_all(result, verdict)]
    title = escape(row.name, quote=True)
    span = f'rowspan="{len(shown) + 1}"'
    head = f'<th scope="rowgroup" {span} title="{title}">{escape(_short_name(row))}</th>'
    notes = "".join(
        f'<tr><td class="{result.status}" colspan="{len(stages)}">{_note(result)}</td></tr>' for result in shown
    )
    return f"<tbody><tr>{head}{_cells(row, stages)}</tr>{notes}</tbody>"


def _is_of_all(result: StageResult, verdict: Verdict) -> bool:
    """Whether the verdict says this of every broker."""
    said = bool(result.detail) and f": {result.detail}" in verdict.summary
    return said and verdict.broker is None and (result.stage, result.cause) == (verdict.stage, verdict.cause)


def _cells(row: Row, stages: Sequence[Stage]) -> str:
    results = {result.stage: result for result in row.results}
    at_most = "≤ " if row.is_folded else ""
    return "".join(_cell(results.get(stage), at_most) for stage in stages)


def _short_name(row: Row) -> str:
    address = row.first.address
    if row.is_folded or not address:
        return row.name
    return row.name.replace(address, _shortened(address))


def _shortened(address: str) -> str:
    """``b-1…:9096``: what follows the first label of a long name is the same for all brokers of a cluster."""
    host, _, port = address.rpartition(":")
    if len(host) <= _LONGEST_HOST:
        return address
    return f"{host.partition('.')[0]}…:{port}"


def _cell(result: StageResult | None, at_most: str) -> str:
    if result is None:
        return '<td class="skipped">- not run</td>'
    sign, word = _SIGNS[result.status]
    title = escape(" | ".join(part for part in (result.cause, result.detail, result.remedy) if part), quote=True)
    time = ""
    if result.status != "skipped":
        time = f" <b>{at_most}{result.milliseconds:.0f} ms</b>"
    return f'<td class="{result.status}" title="{title}"><b>{sign} {word}</b>{time}</td>'


def _note(result: StageResult) -> str:
    sign, word = _SIGNS[result.status]
    note = f"{sign} {result.stage} {word}: {result.cause}"
    if result.detail:
        note += f" - {result.detail}"
    if result.remedy:
        note += f". What to do: {result.remedy}"
    return escape(note)
