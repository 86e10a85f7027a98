"""Security groups and network ACLs on the path to a port: what drops the packets, and which rule to add."""

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from msk_toolkit.diagnose.finding import PORTS, Code, NetworkEnd, NetworkFinding, Severity, downgrade, listed
from msk_toolkit.vpc.facts import Acl, AclEntry, Block, Facts, GroupRule, Subnet
from msk_toolkit.vpc.filters import (
    Ends,
    Filtered,
    References,
    described_ranges,
    rules_for_port,
    through_acl,
    through_groups,
)
from msk_toolkit.vpc.rule_matching import AddressRange

# The local ports that Linux uses for outgoing connections, and those that AWS documents for Lambda.
LINUX_PORTS = (32768, 60999)
_DOCUMENTED_PORTS = (1024, 65535)
# A finding names so many of the rules for the port; the rest is counted.
_NAMED_RULES = 4


class Flow(NamedTuple):
    """A connection from one end to a port of another, and how severe it is where it is blocked.

    ``references`` says whether a rule at one end may refer to a group at the other; ``version`` is 4 or 6.
    """

    source: NetworkEnd
    target: NetworkEnd
    port: int
    severity: Severity
    references: References = "valid"
    version: int = 4

    def finding(
        self, code: Code, text: str, remedy: str, *, severity: Severity | None = None, every_port: bool = False
    ) -> NetworkFinding:
        """A finding about this connection, of its own severity unless another is given."""
        return NetworkFinding(
            severity=severity or self.severity,
            code=code,
            ports=() if every_port else (self.port,),
            source=self.source.name,
            target=self.target.name,
            text=text,
            remedy=remedy,
        )


class _GroupCheck(NamedTuple):
    """A connection at one end, whose security groups have to allow it to (``egress``) or from the other end."""

    flow: Flow
    own: NetworkEnd
    other: NetworkEnd
    egress: bool

    @property
    def code(self) -> Code:
        """The code of a finding that they do not."""
        if self.egress:
            return "egress-closed"
        return "ingress-closed"

    @property
    def peer(self) -> str:
        """The other end, by its groups where it has some."""
        return listed(self.other.groups) or self.other.name

    @property
    def by_reference(self) -> bool:
        """Whether a rule can refer to a group at the other end."""
        return bool(self.other.groups) and self.flow.references == "valid"


class PacketPath(NamedTuple):
    """Packets of one direction at one subnet: to or from which addresses and ports, and their description.

    ``ports_text`` replaces the ports in a finding.
    """

    subnet: Subnet
    remote: Sequence[Block]
    ports: tuple[int, int]
    egress: bool
    description: str
    ports_text: str = ""


class Dropped(NamedTuple):
    """What a network ACL drops; ``text`` continues after its name, ``whole`` is False where it drops a part only."""

    acl: str
    whole: bool
    text: str
    remedy: str


def security_group_findings(facts: Facts, flow: Flow) -> Iterator[NetworkFinding]:
    """Whether the groups of one end allow the connection out, and those of the other end allow it in."""
    yield from _group_findings(facts, _GroupCheck(flow, flow.source, flow.target, egress=True))
    yield from _group_findings(facts, _GroupCheck(flow, flow.target, flow.source, egress=False))


def acl_findings(facts: Facts, flow: Flow, *, answers: bool = True) -> Iterator[NetworkFinding]:
    """Whether the network ACLs allow the packets and the answers; they filter between subnets only.

    Args:
        answers: whether to check the answers as well, which are the same for every port.
    """
    findings: dict[str, NetworkFinding] = {}
    for source, target in _subnet_pairs(facts, flow):
        for finding in _between(facts, flow, source, target, answers=answers):
            findings.setdefault(finding.text, finding)
    yield from findings.values()


def _subnet_pairs(facts: Facts, flow: Flow) -> list[tuple[Subnet, Subnet]]:
    pairs = product(flow.source.known(facts), flow.target.known(facts))
    return [(source, target) for source, target in pairs if source.id != target.id]


def dropped(facts: Facts, packets: PacketPath) -> Dropped | None:
    """What the network ACL of a subnet drops of these packets; None if nothing."""
    acl = facts.acl(packets.subnet)
    if acl is None or not packets.remote:
        return None
    filtered = through_acl(acl, packets.remote, *packets.ports, egress=packets.egress)
    if filtered.outcome == "open":
        return None
    return _described(acl, packets, filtered)


def _described(acl: Acl, packets: PacketPath, filtered: Filtered) -> Dropped:
    first, entry = filtered.dropped[0]
    direction, preposition = _direction(egress=packets.egress)
    whole = filtered.outcome == "closed"
    ports, peer = packets.ports_text or _port_text(*packets.ports), ", ".join(map(str, packets.remote))
    reason = _reason(first, entry, direction)
    verb = "drops"
    if not whole:
        verb = "drops part of"
        if packets.ports[0] != packets.ports[1]:
            reason += f" ports {first.low} to {first.high}"
    remedy = f"allow {direction} tcp {ports} {preposition} {peer}"
    if entry:
        remedy += f" before rule {entry.number}"
    return Dropped(acl.id, whole, f"{verb} {direction} tcp {ports} {packets.description} ({peer}): {reason}", remedy)


def _reason(first: AddressRange, entry: AclEntry | None, direction: str) -> str:
    if entry:
        return f"rule {entry.number} denies {entry.block}"
    return f"no {direction} rule allows {first.block}"


def _direction(*, egress: bool) -> tuple[str, str]:
    """The direction of a rule, and its preposition."""
    if egress:
        return "outbound", "to"
    return "inbound", "from"


def _port_text(low: int, high: int) -> str:
    if low == high:
        return str(low)
    return f"ports {low} to {high}"


def _group_findings(facts: Facts, check: _GroupCheck) -> Iterator[NetworkFinding]:
    if facts.groups is None:
        return
    yield from _not_visible(facts.groups, check.flow, check.own)
    visible = [group for group in check.own.groups if group in facts.groups]
    if visible:
        yield from _closed_findings(facts, check, visible)


def _closed_findings(facts: Facts, check: _GroupCheck, visible: Sequence[str]) -> Iterator[NetworkFinding]:
    flow, other = check.flow, check.other
    blocks = other.blocks(facts, flow.version)
    if not blocks:
        return
    ends = Ends(blocks, other.groups, flow.references)
    # With those that are not visible: any of them may have the rule.
    filtered = through_groups(facts, check.own.groups, ends, flow.port, egress=check.egress)
    if filtered.outcome != "open":
        text = _closed_text(check, visible, filtered) + _rules_text(facts, check, visible)
        yield _closed_finding(check, filtered, text)


def _closed_finding(check: _GroupCheck, filtered: Filtered, text: str) -> NetworkFinding:
    flow, code = check.flow, check.code
    _, preposition = _direction(egress=check.egress)
    peer = _addresses(filtered)
    if check.by_reference:
        peer = check.other.groups[0]
    remedy = f"add one ({code.removesuffix('-closed')}, tcp {PORTS}, {preposition} {peer})"
    if filtered.outcome == "closed":
        return flow.finding(code, text, remedy)
    if filtered.outcome == "unknown":
        remedy = f"check whether a rule that could not be read allows it, or {remedy}"
    return flow.finding(code, text, remedy, severity=downgrade(flow.severity))


def _closed_text(check: _GroupCheck, visible: Sequence[str], filtered: Filtered) -> str:
    direction, preposition = _direction(egress=check.egress)
    rule = f"{direction} rule for {PORTS} {preposition} {check.peer}"
    text = f"{_holder(check.own, visible)} no {rule}"
    # With references between the groups addresses do not matter, unless only some of them are blocked.
    if filtered.outcome == "partly" or not check.by_reference:
        text += f" ({_addresses(filtered)})"
    if filtered.outcome == "unknown":
        text += " that could be read"
    return text


def _holder(end: NetworkEnd, groups: Sequence[str]) -> str:
    """The beginning of a sentence about the security groups of an end, with its verb."""
    if len(groups) > 1:
        return f"security groups {listed(groups)} of {end.name} have"
    return f"security group {groups[0]} of {end.name} has"


def _rules_text(facts: Facts, check: _GroupCheck, visible: Sequence[str]) -> str:
    """The rules for the port, none of which fits."""
    rules = rules_for_port(facts, visible, check.flow.port, egress=check.egress)
    if not rules:
        return ""
    subject = "it has"
    if len(visible) > 1:
        subject = "they have"
    return f"; for that port {subject} {_named(rules)}"


def _addresses(filtered: Filtered) -> str:
    return ", ".join(described_ranges(address_range for address_range, _ in filtered.dropped))


def _named(rules: Sequence[GroupRule]) -> str:
    text = ", ".join(f"{rule.id} ({_counterpart(rule)})" for rule in rules[:_NAMED_RULES])
    more = len(rules) - _NAMED_RULES
    if more > 0:
        text += f" and {more} more"
    return text


def _counterpart(rule: GroupRule) -> str:
    counterpart = str(rule.block or rule.prefix_list or rule.referenced)
    if rule.peering_status not in (None, "active"):
        counterpart += f", peering {rule.peering_status}"
    return counterpart


def _not_visible(visible: Collection[str], flow: Flow, own: NetworkEnd) -> Iterator[NetworkFinding]:
    for group in own.groups:
        if group not in visible:
            text = f"security group {group} of {own.name} is not in this account and Region: its rules are unknown"
            yield flow.finding("not-visible", text, "check it where it is", severity="warning", every_port=True)


def _between(facts: Facts, flow: Flow, source: Subnet, target: Subnet, *, answers: bool) -> Iterator[NetworkFinding]:
    source_blocks, target_blocks = source.blocks_of(flow.version), target.blocks_of(flow.version)
    port = (flow.port, flow.port)
    there, back = f"to {flow.target.name}", f"from {flow.source.name}"
    yield from _acl_finding(facts, flow, PacketPath(source, target_blocks, port, True, there, PORTS))
    yield from _acl_finding(facts, flow, PacketPath(target, source_blocks, port, False, back, PORTS))
    if answers:
        to_source = f"to {flow.source.name} (the answers)"
        yield from _answer_findings(facts, flow, PacketPath(target, source_blocks, LINUX_PORTS, True, to_source))
        from_target = f"from {flow.target.name} (the answers)"
        yield from _answer_findings(facts, flow, PacketPath(source, target_blocks, LINUX_PORTS, False, from_target))


def _answer_findings(facts: Facts, flow: Flow, packets: PacketPath) -> list[NetworkFinding]:
    findings = _acl_finding(facts, flow, packets)
    if findings:
        return findings
    # Linux uses no port beyond its own range today, but AWS documents this wider range.
    return _acl_finding(facts, flow._replace(severity="note"), packets._replace(ports=_DOCUMENTED_PORTS))


def _acl_finding(facts: Facts, flow: Flow, packets: PacketPath) -> list[NetworkFinding]:
    drop = dropped(facts, packets)
    if drop is None:
        return []
    severity = flow.severity if drop.whole else downgrade(flow.severity)
    text = f"network ACL {drop.acl} of {packets.subnet.id} {drop.text}"
    return [flow.finding("acl-closed", text, drop.remedy, severity=severity)]
