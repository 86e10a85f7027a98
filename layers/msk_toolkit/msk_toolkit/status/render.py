"""The state of the path as an HTML fragment: the top row of the dashboard, and of the local console.

No script: CloudWatch strips it. Whatever a peer said is escaped. A sign and a word say what a colour says.
"""

from collections.abc import Sequence
from html import escape

from msk_toolkit.diagnose.finding import Severity
from msk_toolkit.probe.matrix import Theme
from msk_toolkit.status.model import PathHealth, PathStatus, Problem, TopicState, TopicStatus
from msk_toolkit.status.texts import (
    behind_text,
    check_text,
    letters_line,
    letters_text,
    mapping_text,
    rate_text,
    since_text,
    time_text,
)

_HEALTH_SIGNS: dict[PathHealth, str] = {"healthy": "✓", "degraded": "!", "down": "✗", "unknown": "?"}
_STATES: dict[TopicState, tuple[str, str, str]] = {
    "in-step": ("ok", "✓", "in step"),
    "idle": ("ok", "✓", "idle, nothing to read yet"),
    "behind": ("warn", "!", "behind"),
    "failing": ("failed", "✗", "FAILS"),
    "not-polling": ("failed", "✗", "NOT READ"),
    "unknown": ("skipped", "?", "not known"),
}
_SEVERITIES: dict[Severity, tuple[str, str]] = {
    "error": ("failed", "✗"),
    "warning": ("warn", "!"),
    "note": ("skipped", "?"),
}
_COLUMNS = ("topic", "state", "mapping", "in/s", "out/s", "behind", "letters", "last delivered (UTC)")
# The matrix's colours, so that both widgets look alike.
_STYLE = """
.path { font: 14px/1.4 system-ui, sans-serif; color: light-dark(#16191f, #e9ebed);
  background: light-dark(#ffffff, #0f1b2a); padding: .2em .6em; }
.path table { border-collapse: collapse; width: 100%; margin: .6em 0; }
.path thead th { font-size: .85em; }
.path p { margin: .4em 0; }
.path caption { text-align: left; font-weight: 600; padding-bottom: .4em; }
.path th, .path td { border: 1px solid light-dark(#687078, #95a5b5); padding: .2em .3em; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
.path .topics { overflow-x: auto; }
.path .topics th, .path .topics td { overflow-wrap: normal; white-space: nowrap; }
.path td.ok { background: light-dark(#f2fcf3, #0e2e14); }
.path td.warn { background: light-dark(#fffce9, #3a3000); border-style: dashed; }
.path td.failed { background: light-dark(#fff0f0, #4a0d0d); font-weight: 700; border-width: 3px; }
.path td.skipped { color: light-dark(#545b64, #b6bec9); }
.path td span { display: block; font-weight: 400; }
.path td b { font-weight: inherit; white-space: nowrap; }
.path p b { font-weight: 600; }
.path a { color: light-dark(#0550ae, #7cc0ff); }
.path code { font: 13px/1.4 ui-monospace, monospace; }
"""


def render_path(status: PathStatus, theme: Theme = "light dark") -> str:
    """The topics by state, then the other parts, then every problem with what to do.

    Args:
        theme: the dashboard's; without one the reader's own.
    """
    return (
        f"<style>{_STYLE}</style>"
        f'<div class="path cwdb-no-default-styles" style="color-scheme: {theme}">'
        f"{_topics(status)}{_parts(status)}{_problems(status.problems)}</div>"
    )


def _topics(status: PathStatus) -> str:
    headline = f"{_HEALTH_SIGNS[status.health]} {status.health.upper()}: {status.summary}"
    heads = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
    rows = "".join(map(_topic, status.topics))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<p><b>{escape(headline)}</b></p><div class="topics">{table}</div>'


def _topic(topic: TopicStatus) -> str:
    shade, sign, word = _STATES[topic.state]
    name = f"{topic.topic} (heartbeats)" if topic.is_heartbeat else topic.topic
    cells = (
        f'<td class="{shade}"><b>{sign} {word}</b></td>',
        _cell(mapping_text(topic.mapping), topic.mapping.why),
        _cell(rate_text(topic.in_per_second), topic.rates_why),
        _cell(rate_text(topic.out_per_second), topic.rates_why),
        _cell(behind_text(topic), topic.behind_why),
        _cell(letters_text(topic)),
        _cell(time_text(topic.last_delivery), topic.last_delivery_why),
    )
    return f'<tr><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>'


def _cell(text: str, why: str = "") -> str:
    title = f' title="{escape(why, quote=True)}"' if why else ""
    return f"<td{title}>{escape(text)}</td>"


def _parts(status: PathStatus) -> str:
    rows = (
        ("brokers", status.brokers.summary),
        ("dead letters", letters_line(status.letters)),
        ("declared topics", check_text(status.declared)),
        ("targets in Vantiq", check_text(status.targets)),
        ("alarms on", _alarms(status)),
        *(("not read", text) for text in status.unread),
    )
    body = "".join(f'<tr><th scope="row">{name}</th><td>{escape(text)}</td></tr>' for name, text in rows)
    return f"<table><tbody>{body}</tbody></table>"


def _alarms(status: PathStatus) -> str:
    alarms = status.alarms
    if alarms.total is None:
        return f"not known: {alarms.why}"
    if not alarms.on:
        return f"none of {alarms.total}"
    return ", ".join(f"{alarm.name} since {time_text(alarm.since)} UTC" for alarm in alarms.on)


def _problems(problems: Sequence[Problem]) -> str:
    if not problems:
        return ""
    return f"<table><caption>What to do</caption><tbody>{''.join(map(_problem, problems))}</tbody></table>"


def _problem(problem: Problem) -> str:
    shade, sign = _SEVERITIES[problem.severity]
    since = since_text(problem)
    sentence = f"{sign} {problem.sentence}" + (f" ({since})" if since else "")
    lines = [_line(problem.detail)] if problem.detail else []
    if problem.remedy:
        lines.append(_line(f"What to do: {problem.remedy}"))
    if problem.command:
        lines.append(f"<span><code>{escape(problem.command)}</code></span>")
    lines.append(_owner(problem))
    return f'<tr><td class="{shade}">{escape(sentence)}{"".join(lines)}</td></tr>'


def _owner(problem: Problem) -> str:
    parts = [f"Owner: {escape(problem.owner)}"] if problem.owner else []
    if problem.runbook:
        parts.append(f'Runbook: <a href="{escape(problem.runbook, quote=True)}">{escape(problem.cause)}</a>')
    return f"<span>{'. '.join(parts)}</span>" if parts else ""


def _line(text: str) -> str:
    return f"<span>{escape(text)}</span>"
