"""A diagnosis as a table for a person: first what fails, then why; notes and everything that works only on request."""

from collections.abc import Iterable, Sequence

from msk_toolkit.diagnose.connectivity import ConnectivityOption
from msk_toolkit.diagnose.finding import NetworkFinding
from msk_toolkit.diagnose.report import DiagnoseResponse, ListenerReport, ProbeResult
from msk_toolkit.msk.findings import Finding
from msk_toolkit.probe.render import render_probe
from msk_toolkit.stage import CONSUMER_STAGES, PRODUCER_STAGES, Stage

_NOTHING = ["nothing to report"]
_FAILING = {"degraded", "down", "not reached"}
_Section = tuple[str, list[str]]


def render_diagnosis(response: DiagnoseResponse, *, verbose: bool = False) -> str:
    """The verdict, and below it what fails: of a healthy system one line.

    Args:
        verbose: every part of the response, also where it has nothing to report.
    """
    if verbose:
        return _whole(response)
    sections = [section for section in _sections(_serious(response)) if section[1]]
    if response.status == "healthy" and not sections:
        return f"{_headline(response)}{_hidden(response)}"
    lines = _titled(_headline(response), sections)
    for listener in response.listeners:
        if listener.in_use:
            lines += _failing_stages(listener)
    hidden = _hidden(response)
    if hidden:
        lines += ["", hidden.removeprefix("; ")]
    return "\n".join(lines)


def _whole(response: DiagnoseResponse) -> str:
    sections = [
        ("LISTENERS", _listeners(response.listeners)),
        *((title, content or _NOTHING) for title, content in _sections(response)),
        ("CONNECTIVITY of other networks to the cluster's", _connectivity(response.connectivity)),
    ]
    lines = _titled(_headline(response), sections)
    for listener in response.listeners:
        lines += _stages(listener, "written through", listener.written, PRODUCER_STAGES)
        lines += _stages(listener, "read from", listener.read, CONSUMER_STAGES)
    return "\n".join(lines)


def _headline(response: DiagnoseResponse) -> str:
    return f"{response.status.upper()}: {response.summary}"


def _titled(headline: str, sections: Iterable[_Section]) -> list[str]:
    lines = [headline]
    for title, content in sections:
        lines += ["", title, *_indented(content)]
    return lines


def _serious(response: DiagnoseResponse) -> DiagnoseResponse:
    """The response without its notes."""
    return DiagnoseResponse(
        status=response.status,
        summary=response.summary,
        cluster=response.cluster,
        listeners=response.listeners,
        findings=_without_notes(response.findings),
        network=_without_notes(response.network),
        mapping=_without_notes(response.mapping),
        connectivity=[],
    )


def _without_notes[Kind: (Finding, NetworkFinding)](findings: Iterable[Kind]) -> list[Kind]:
    return [finding for finding in findings if finding.severity != "note"]


def _hidden(response: DiagnoseResponse) -> str:
    """How many notes are left out, and how to see them."""
    findings: list[Finding | NetworkFinding] = [*response.findings, *response.network, *response.mapping]
    notes = sum(finding.severity == "note" for finding in findings)
    if not notes:
        return ""
    return f"; {notes} note{'s' if notes > 1 else ''} with `mskv why -o wide`"


def _sections(response: DiagnoseResponse) -> list[_Section]:
    """The findings, each kind with its title."""
    return [
        ("CLUSTER AND SECRET", [str(finding) for finding in response.findings]),
        ("NETWORK, from the function", _findings(response.network)),
        ("EVENT SOURCE MAPPING, from the cluster's own subnets", _findings(response.mapping)),
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
    return lines


def _label(finding: NetworkFinding) -> str:
    ports = ",".join(map(str, finding.ports))
    return " ".join(part for part in (finding.severity, ports, finding.code) if part)


def _connectivity(options: Iterable[ConnectivityOption]) -> list[str]:
    return [f"{option.kind}: {option.state}: {option.detail}" for option in options]


def _failing_stages(listener: ListenerReport) -> list[str]:
    """The stages of the brokers that fail; of the reading only where its failure differs from that of the writing."""
    written, read = listener.written, listener.read
    lines = _stages(listener, "written through", _failing_brokers(written), PRODUCER_STAGES)
    if written is None or read is None or _failure(written) != _failure(read):
        lines += _stages(listener, "read from", _failing_brokers(read), CONSUMER_STAGES)
    return lines


def _failing_brokers(result: ProbeResult | None) -> ProbeResult | None:
    if result is None:
        return None
    return ProbeResult(result.verdict, [report for report in result.brokers if report.failure])


def _failure(result: ProbeResult) -> tuple[object, ...]:
    verdict = result.verdict
    return verdict.broker, verdict.stage, verdict.cause, verdict.summary


def _stages(listener: ListenerReport, title: str, result: ProbeResult | None, stages: Sequence[Stage]) -> list[str]:
    if result is None or result.verdict.status == "healthy":
        return []
    table = render_probe(result.verdict, result.brokers, stages)
    return ["", f"STAGES of {listener.network} {listener.protocol}, {title}", *_indented(table.splitlines())]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}".rstrip() for line in lines]
