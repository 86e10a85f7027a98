"""The brokers by stages as an HTML fragment: for a CloudWatch custom widget, or within a page of its own.

No script: CloudWatch strips it. Whatever a broker said is escaped.
"""

from collections.abc import Sequence
from html import escape
from typing import Literal

from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.last_run import LastRun, ProbeRun
from msk_toolkit.probe.results import BrokerReport
from msk_toolkit.stage import PROBE_STAGES, Stage

Theme = Literal["light", "dark", "light dark"]

# Each status has a sign and a word of its own: nobody needs to tell colours apart.
_SIGNS = {"ok": ("✓", "ok"), "warn": ("!", "warns"), "failed": ("✗", "FAILS"), "skipped": ("-", "skipped")}
_TOLD = ("warn", "failed")
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
"""


def render_matrix(shown: Sequence[LastRun], *, stale_after_seconds: float, theme: Theme = "light dark") -> str:
    """A table for each probe, below its verdict and its age; below a broker's row, what its failing stages say.

    Args:
        stale_after_seconds: an older result is told as stale.
        theme: the dashboard's; without one the reader's own.
    """
    tables = "".join(_probe(one, stale_after_seconds) for one in shown)
    return (
        f"<style>{_STYLE}</style>"
        f'<div class="probes cwdb-no-default-styles" style="color-scheme: {theme}">{tables}</div>'
    )


def age(seconds: float) -> str:
    """How a person says it: ``40 seconds``, ``1 minute``, ``3 hours``, ``2 days``."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return _counted(int(seconds // length), unit)
    return _counted(int(seconds), "second")


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _probe(shown: LastRun, stale_after_seconds: float) -> str:
    name = escape(shown.probe)
    if shown.run is None:
        return f"<p><b>{name}: ? NO RESULT</b> {escape(shown.why)}</p>"
    verdict = shown.run.verdict
    told = [f"Seen {age(shown.age_seconds)} ago."]
    if shown.age_seconds > stale_after_seconds:
        told[0] = f"! STALE: seen {age(shown.age_seconds)} ago; the probe has told nothing since. Look into its log."
    told += [f"What to do: {verdict.remedy}"] if verdict.remedy else []
    told += [*verdict.findings, *(f"! {warning}" for warning in verdict.warnings)]
    told += [f"See {verdict.runbook}."] if verdict.runbook else []
    lines = "".join(f"<span>{escape(line)}</span>" for line in told)
    return f"<table><caption>{name}: {escape(_headline(shown.run))}{lines}</caption>{_body(shown.run)}</table>"


def _headline(run: ProbeRun) -> str:
    sign = {"healthy": "✓", "degraded": "!", "down": "✗"}[run.verdict.status]
    return f"{sign} {run.verdict.status.upper()}: {run.verdict.summary}"


def _body(run: ProbeRun) -> str:
    stages = [
        stage for stage in PROBE_STAGES if any(result.stage == stage for one in run.brokers for result in one.stages)
    ]
    heads = "".join(f'<th scope="col">{escape(stage)}</th>' for stage in stages)
    rows = "".join(_rows(report, stages) for report in run.brokers)
    return f'<thead><tr><th scope="col">broker</th>{heads}</tr></thead>{rows}'


def _rows(report: BrokerReport, stages: Sequence[Stage]) -> str:
    """A broker's stages in one row, and below it a row for each stage that has something to tell."""
    results = {result.stage: result for result in report.stages}
    cells = "".join(_cell(results.get(stage)) for stage in stages)
    told = [result for result in report.stages if result.status in _TOLD]
    name = report.name.replace(report.address, _shortened(report.address)) if report.address else report.name
    title = escape(report.name, quote=True)
    head = f'<th scope="rowgroup" rowspan="{len(told) + 1}" title="{title}">{escape(name)}</th>'
    notes = "".join(f'<tr><td class="{one.status}" colspan="{len(stages)}">{_note(one)}</td></tr>' for one in told)
    return f"<tbody><tr>{head}{cells}</tr>{notes}</tbody>"


def _shortened(address: str) -> str:
    """``b-1…:9096``: what follows the first label of a long name is the same for all brokers of a cluster."""
    host, _, port = address.rpartition(":")
    return f"{host.partition('.')[0]}…:{port}" if len(host) > _LONGEST_HOST else address


def _cell(result: StageResult | None) -> str:
    if result is None:
        return '<td class="skipped">- not run</td>'
    sign, word = _SIGNS[result.status]
    title = escape(" | ".join(part for part in (result.cause, result.detail, result.remedy) if part), quote=True)
    time = "" if result.status == "skipped" else f" <b>{result.milliseconds:.0f} ms</b>"
    return f'<td class="{result.status}" title="{title}"><b>{sign} {word}</b>{time}</td>'


def _note(result: StageResult) -> str:
    sign, word = _SIGNS[result.status]
    told = f"{sign} {result.stage} {word}: {result.cause}"
    told += f" - {result.detail}" if result.detail else ""
    told += f". What to do: {result.remedy}" if result.remedy else ""
    return escape(told)
