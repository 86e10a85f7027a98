"""A diagnosis as a table for a person: first what fails, then why, then what else is known."""

from collections.abc import Iterable, Sequence

from msk_toolkit.diagnose.connectivity import ConnectivityOption
from msk_toolkit.diagnose.finding import NetworkFinding
from msk_toolkit.diagnose.report import DiagnoseResponse, ListenerReport, ProbeResult
from msk_toolkit.probe.render import render_probe
from msk_toolkit.stage import CONSUMER_STAGES, PRODUCER_STAGES, Stage

_NOTHING = ["nothing to report"]
_FAILING = {"degraded", "down", "not reached"}


def render_diagnosis(response: DiagnoseResponse) -> str:
    """Every part of the response, with the brokers and stages of the listeners that fail."""
    lines = [f"{response.status.upper()}: {response.summary}"]
    for title, content in _sections(response):
        lines += ["", title, *_indented(content)]
    for listener in response.listeners:
        lines += _stages(listener, "written through", listener.written, PRODUCER_STAGES)
        lines += _stages(listener, "read from", listener.read, CONSUMER_STAGES)
    return "\n".join(lines)


def _sections(response: DiagnoseResponse) -> list[tuple[str, list[str]]]:
    """The parts of the table, each with its title."""
    return [
        ("LISTENERS", _listeners(response.listeners)),
        ("CLUSTER AND SECRET", [str(finding) for finding in response.findings] or _NOTHING),
        ("NETWORK, from the function", _findings(response.network)),
        ("EVENT SOURCE MAPPING, from the cluster's own subnets", _findings(response.mapping)),
        ("CONNECTIVITY of other networks to the cluster's", _connectivity(response.connectivity)),
    ]


def _listeners(listeners: Sequence[ListenerReport]) -> list[str]:
    if not listeners:
        return ["none is known"]
    rows = [["listener", "ports", "", "result", ""], *map(_listener_row, listeners)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_aligned(row, widths) for row in rows]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
    return "  ".join(cells).rstrip()


def _listener_row(listener: ListenerReport) -> list[str]:
    status: str = listener.status
    if status in _FAILING:
        status = status.upper()
    use = "in use" if listener.in_use else ""
    return [f"{listener.network} {listener.protocol}", _ports(listener.ports), use, status, listener.summary]


def _ports(ports: Sequence[int]) -> str:
    if len(ports) > 1:
        return f"{ports[0]}-{ports[-1]}"
    return "".join(map(str, ports))


def _findings(findings: Iterable[NetworkFinding]) -> list[str]:
    lines: list[str] = []
    for finding in findings:
        lines += [f"{_label(finding)}: {finding.text}", f"  -> {finding.remedy}"]
    return lines or _NOTHING


def _label(finding: NetworkFinding) -> str:
    if finding.port:
        return f"{finding.severity} {finding.port} {finding.code}"
    return f"{finding.severity} {finding.code}"


def _connectivity(options: Iterable[ConnectivityOption]) -> list[str]:
    return [f"{option.kind}: {option.state}: {option.detail}" for option in options]


def _stages(listener: ListenerReport, title: str, result: ProbeResult | None, stages: Sequence[Stage]) -> list[str]:
    if result is None or result.verdict.status == "healthy":
        return []
    table = render_probe(result.verdict, result.brokers, stages)
    return ["", f"STAGES of {listener.network} {listener.protocol}, {title}", *_indented(table.splitlines())]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}".rstrip() for line in lines]
