"""The brokers and their stages as an HTML fragment: for a CloudWatch custom widget, or a page of its own."""

from collections.abc import Sequence
from html import escape

from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.report import BrokerReport, Verdict

# Each status has a sign and a word of its own: nobody needs to tell colours apart.
_SIGNS = {"ok": ("✓", "ok"), "warn": ("!", "warns"), "failed": ("✗", "FAILS"), "skipped": ("-", "skipped")}
_STYLE = """
.probe { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif; color: light-dark(#16191f, #e9ebed); }
.probe table { border-collapse: collapse; }
.probe caption { text-align: left; font-weight: 600; padding-bottom: .4em; }
.probe th, .probe td { border: 1px solid light-dark(#879196, #7d8998); padding: .2em .6em; text-align: left; }
.probe td.ok { background: light-dark(#f2fcf3, #0e2e14); }
.probe td.warn { background: light-dark(#fffce9, #3a3000); border-style: dashed; }
.probe td.failed { background: light-dark(#fff0f0, #4a0d0d); font-weight: 700; border-width: 3px; }
.probe td.skipped { color: light-dark(#545b64, #b6bec9); }
"""


def matrix(verdict: Verdict, reports: Sequence[BrokerReport], stages: Sequence[str]) -> str:
    """A table of brokers by stages, with the verdict above it; a cell's title tells cause, detail and remedy."""
    shown = [stage for stage in stages if any(result.stage == stage for one in reports for result in one.stages)]
    heads = "".join(f'<th scope="col">{escape(stage)}</th>' for stage in shown)
    rows = "".join(_row(report, shown) for report in reports)
    remedy = f"<p>{escape(verdict.remedy)}</p>" if verdict.remedy else ""
    caption = f"{verdict.status.upper()}: {verdict.summary}"
    return (
        f'<style>{_STYLE}</style><div class="probe"><table><caption>{escape(caption)}{remedy}</caption>'
        f'<thead><tr><th scope="col">broker</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def page(fragments: Sequence[str]) -> str:
    """A whole page around fragments of :func:`matrix`."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f"<title>Probes</title></head><body>{''.join(fragments)}</body></html>"
    )


def _row(report: BrokerReport, shown: Sequence[str]) -> str:
    results = {result.stage: result for result in report.stages}
    cells = "".join(_cell(results.get(stage)) for stage in shown)
    return f'<tr><th scope="row">{escape(report.name)}</th>{cells}</tr>'


def _cell(result: StageResult | None) -> str:
    if result is None:
        return '<td class="skipped">- not run</td>'
    sign, word = _SIGNS[result.status]
    told = [result.cause, result.detail, result.remedy]
    title = escape(" | ".join(part for part in told if part), quote=True)
    time = "" if result.status == "skipped" else f" {result.milliseconds:.0f} ms"
    return f'<td class="{result.status}" title="{title}">{sign} {word}{time}</td>'
