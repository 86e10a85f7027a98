"""A finding about the network: what is wrong, where, and what to do."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from msk_toolkit.vpc.facts import Block, Facts, RouteTable, Subnet

Severity = Literal["error", "warning", "note"]
Code = Literal[
    "egress-closed",
    "ingress-closed",
    "acl-closed",
    "no-route",
    "blackhole",
    "wrong-route",
    "peering-not-active",
    "attachment-not-available",
    "vpn-down",
    "no-address",
    "dns-off",
    "service-unreachable",
    "no-internet-route",
    "not-visible",
    "not-read",
    "mapping-failing",
    "mapping-off",
    "mapping-changing",
    "mapping-mode",
    "poller-listener",
    "poller-group",
    "record-filter",
    "role-denied",
]
# The port of every AWS service.
HTTPS = 443
# Stands for the ports in a finding's text and remedy until those that are alike have become one: see ``grouped``.
PORTS = "{ports}"
# Stands for the services in the fault of a path, until those with the same faults have become one finding.
SERVICES = "{services}"
# What is added to a finding that the function has just disproved.
DISPROVED = " (but the connection succeeded just now: the function runs elsewhere, or a rule is not visible)"
# What blocks first: names, the way out, the way in, then what is called over it, then what Lambda makes of all that.
_PATH: tuple[Code, ...] = (
    "dns-off",
    "no-address",
    "egress-closed",
    "acl-closed",
    "no-route",
    "blackhole",
    "wrong-route",
    "peering-not-active",
    "attachment-not-available",
    "vpn-down",
    "ingress-closed",
    "service-unreachable",
    "role-denied",
    "mapping-off",
    "mapping-mode",
    "mapping-failing",
    "mapping-changing",
    "poller-group",
    "poller-listener",
    "record-filter",
    "no-internet-route",
    "not-visible",
    "not-read",
)
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


class NetworkFinding(msgspec.Struct, frozen=True, kw_only=True, rename={"source": "from", "target": "to"}):
    """A finding about the connection ``from`` one end ``to`` another.

    An ``error`` keeps the listener in use, or the mapping, from working; a ``warning`` affects something else, or only
    a part; a ``note`` is information. ``ports`` is empty where it is about every port.
    """

    severity: Severity
    code: Code
    ports: tuple[int, ...] = ()
    source: str
    target: str
    text: str
    remedy: str

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, in one line."""
        if not self.remedy:
            return self.text
        return f"{self.text}: {self.remedy}"


class NetworkEnd(NamedTuple):
    """One end of a connection: its name, and the subnets and security groups of its network interfaces."""

    name: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]

    def known(self, facts: Facts) -> list[Subnet]:
        """Its subnets, as far as they could be read."""
        return facts.known_subnets(self.subnets)

    def route_tables(self, facts: Facts) -> Iterator[tuple[Subnet, RouteTable]]:
        """Its subnets whose route table could be read, with that."""
        for subnet in self.known(facts):
            table = facts.route_table(subnet)
            if table is not None:
                yield subnet, table

    def blocks(self, facts: Facts, version: int = 4) -> list[Block]:
        """The addresses of its subnets in one family."""
        blocks: list[Block] = []
        for subnet in self.known(facts):
            blocks += subnet.blocks_of(version)
        return blocks


FUNCTION = "the function"
BROKERS = "the brokers"
POLLERS = "the mapping's pollers"


def grouped(findings: Iterable[NetworkFinding]) -> list[NetworkFinding]:
    """Findings that differ in their port only as one, and in the order of :func:`ordered`."""
    ports: dict[NetworkFinding, set[int]] = {}
    for finding in findings:
        ports.setdefault(msgspec.structs.replace(finding, ports=()), set()).update(finding.ports)
    return ordered(_with_ports(finding, sorted(numbers)) for finding, numbers in ports.items())


def _with_ports(finding: NetworkFinding, ports: Sequence[int]) -> NetworkFinding:
    text = listed([str(port) for port in ports])
    return msgspec.structs.replace(
        finding,
        ports=tuple(ports),
        text=finding.text.replace(PORTS, text),
        remedy=finding.remedy.replace(PORTS, text),
    )


def ordered(findings: Iterable[NetworkFinding]) -> list[NetworkFinding]:
    """Errors first, and among them what blocks first; each finding once."""
    return sorted(dict.fromkeys(findings), key=_order)


def _order(finding: NetworkFinding) -> tuple[int, int]:
    return _SEVERITIES.index(finding.severity), _PATH.index(finding.code)


def downgrade(severity: Severity) -> Severity:
    """One step less severe."""
    return "warning" if severity == "error" else "note"


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
