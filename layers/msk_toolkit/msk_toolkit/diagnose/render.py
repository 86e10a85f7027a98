"""A diagnosis as a table for a person: what fails first, then why, then what else is known."""

from collections.abc import Iterable, Sequence

from msk_toolkit.diagnose.connectivity import ConnectivityOption
from msk_toolkit.diagnose.finding import NetworkFinding
from msk_toolkit.diagnose.report import ListenerReport
from msk_toolkit.msk.findings import Finding
from msk_toolkit.probe.render import render_probe as broker_table
from msk_toolkit.stage import CONSUMER_STAGES, PRODUCER_STAGES


def render_diagnosis(
    head: str,
    listeners: Sequence[ListenerReport],
    findings: Sequence[Finding],
    network: Sequence[NetworkFinding],
    mapping: Sequence[NetworkFinding],
    ways: Sequence[ConnectivityOption],
) -> str:
    """Every part of the answer, with the brokers and stages of the listeners that fail."""
    sections = [
        ("LISTENERS", _listeners(listeners)),
        ("CLUSTER AND SECRET", [str(finding) for finding in findings] or ["nothing to report"]),
        ("NETWORK, from the function", _findings(network)),
        ("EVENT SOURCE MAPPING, from the cluster's own subnets", _findings(mapping)),
        ("WAYS into the cluster's network", [f"{one.way}: {one.seen}: {one.detail}" for one in ways]),
    ]
    lines = [head]
    for title, content in sections:
        lines += ["", title, *(f"  {line}".rstrip() for line in content)]
    for listener in listeners:
        lines += _stages(listener)
    return "\n".join(lines)


def _listeners(listeners: Sequence[ListenerReport]) -> list[str]:
    if not listeners:
        return ["none is known"]
    rows = [["listener", "ports", "", "result", ""]]
    rows += [
        [
            f"{one.network} {one.protocol}",
            _ports(one.ports),
            "in use" if one.in_use else "",
            one.status.upper() if one.status in {"degraded", "down", "not reached"} else one.status,
            one.summary,
        ]
        for one in listeners
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _ports(ports: Sequence[int]) -> str:
    return f"{ports[0]}-{ports[-1]}" if len(ports) > 1 else "".join(map(str, ports))


def _findings(findings: Iterable[NetworkFinding]) -> list[str]:
    lines = []
    for one in findings:
        port = f" {one.port}" if one.port else ""
        lines += [f"{one.severity}{port} {one.code}: {one.text}", f"  -> {one.remedy}"]
    return lines or ["nothing to report"]


def _stages(listener: ListenerReport) -> list[str]:
    lines = []
    for name, result, stages in (
        ("written through", listener.written, PRODUCER_STAGES),
        ("read from", listener.read, CONSUMER_STAGES),
    ):
        if result and result.verdict.status != "healthy":
            title = f"STAGES of {listener.network} {listener.protocol}, {name}"
            table = broker_table(result.verdict, result.brokers, stages)
            lines += ["", title, *(f"  {line}".rstrip() for line in table.splitlines())]
    return lines
