"""Security groups and network ACLs on the way to a port: what drops the packets, and which rule to add."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msk_toolkit.diagnose.finding import NetworkEnd, NetworkFinding, Severity, downgrade, listed
from msk_toolkit.vpc.facts import Block, Facts, GroupRule, Subnet
from msk_toolkit.vpc.filters import Ends, Filtered, References, nearest, ranges, through_acl, through_groups

# Where Linux takes the port of an outgoing connection from, and what AWS documents for Lambda.
LINUX_PORTS = (32768, 60999)
_DOCUMENTED_PORTS = (1024, 65535)
# Rules that a finding names as the nearest; the rest is counted.
_NAMED = 4


class Flow(NamedTuple):
    """From whom to whom, on which port, and how grave it is where it is closed.

    ``references`` says whether a rule at one end may refer to a group at the other; ``version`` is 4 or 6.
    """

    source: NetworkEnd
    target: NetworkEnd
    port: int
    severity: Severity
    references: References = "count"
    version: int = 4


def security_group_findings(facts: Facts, way: Flow) -> Iterator[NetworkFinding]:
    """Whether the groups of one end let the connection out, and those of the other end let it in."""
    for egress in (True, False):
        own, other = (way.source, way.target) if egress else (way.target, way.source)
        yield from _not_visible(facts, way, own)
        blocks = other.blocks(facts, way.version)
        if not blocks or facts.groups is None:
            continue
        visible = [group for group in own.groups if group in facts.groups]
        ends = Ends(blocks, other.groups, way.references)
        # With those that are not visible: any of them may have the rule.
        filtered = through_groups(facts, own.groups, ends, way.port, egress=egress)
        if visible and filtered.outcome != "open":
            yield _closed_groups(facts, way, own, other, visible, filtered, egress=egress)


def acl_findings(facts: Facts, way: Flow, *, answers: bool = True) -> Iterator[NetworkFinding]:
    """Whether the network ACLs let the packets there and the answers back; they stand between subnets only.

    Args:
        answers: whether to look at the way back as well, which is the same for every port.
    """
    seen: set[str] = set()
    for ours in way.source.known(facts):
        for theirs in way.target.known(facts):
            if ours.id == theirs.id:
                continue
            for finding in _between(facts, way, ours, theirs, answers):
                if finding.text not in seen:
                    seen.add(finding.text)
                    yield finding


class Dropped(NamedTuple):
    """What a network ACL drops, in words that go on after its name; ``whole`` is False for a part of it."""

    acl: str
    whole: bool
    text: str
    remedy: str


def dropped(
    facts: Facts, subnet: Subnet, remote: Sequence[Block], ports: tuple[int, int], *, egress: bool, what: str
) -> Dropped | None:
    """What the network ACL before a subnet drops of the packets to (or from) these addresses; None if nothing."""
    acl = facts.acl(subnet)
    if acl is None or not remote:
        return None
    filtered = through_acl(acl, remote, *ports, egress=egress)
    if filtered.outcome == "open":
        return None
    span, entry = filtered.shut[0]
    low, high = ports
    wanted = str(low) if low == high else f"ports {low} to {high}"
    whole = filtered.outcome == "closed"
    direction = "outbound" if egress else "inbound"
    by = f"rule {entry.number} denies {entry.block}" if entry else f"no {direction} rule allows {span.block}"
    if not whole and low != high:
        by += f" ports {span.low} to {span.high}"
    peer = ", ".join(map(str, remote))
    before = f" before rule {entry.number}" if entry else ""
    return Dropped(
        acl.id,
        whole,
        text=f"{'drops' if whole else 'drops part of'} {direction} tcp {wanted} {what} ({peer}): {by}",
        remedy=f"allow {direction} tcp {wanted} {'to' if egress else 'from'} {peer}{before}",
    )


def _closed_groups(
    facts: Facts,
    way: Flow,
    own: NetworkEnd,
    other: NetworkEnd,
    visible: Sequence[str],
    filtered: Filtered,
    *,
    egress: bool,
) -> NetworkFinding:
    several = len(visible) > 1
    direction, to_or_from = ("outbound", "to") if egress else ("inbound", "from")
    unknown, partly = filtered.outcome == "unknown", filtered.outcome == "partly"
    verb = "have" if several else "has"
    missing = f"{verb} no {direction} rule for {way.port} {to_or_from} {listed(other.groups) or other.name}"
    addresses = ", ".join(dict.fromkeys(ranges([span for span, _ in filtered.shut])))
    # With references between the groups addresses are of no interest, unless only some of them are shut.
    missing += f" ({addresses})" if partly or way.references != "count" or not other.groups else ""
    if unknown:
        missing += " that could be read"
    text = f"security group{'s' if several else ''} {listed(tuple(visible))} of {own.name} {missing}"
    if near := nearest(facts, visible, way.port, egress=egress):
        text += f"; for that port {'they have' if several else 'it has'} {_named(near)}"
    wanted = _wanted(other, addresses, way)
    remedy = f"add one ({'egress' if egress else 'ingress'}, tcp {way.port}, {to_or_from} {wanted})"
    return NetworkFinding(
        severity=downgrade(way.severity) if unknown or partly else way.severity,
        code="egress-closed" if egress else "ingress-closed",
        port=way.port,
        source=way.source.name,
        target=way.target.name,
        text=text,
        remedy=remedy if not unknown else f"look whether a rule that could not be read lets it through, or {remedy}",
    )


def _wanted(other: NetworkEnd, addresses: str, way: Flow) -> str:
    return other.groups[0] if other.groups and way.references == "count" else addresses


def _named(rules: Sequence[GroupRule]) -> str:
    words = [f"{rule.id} ({_counterpart(rule)})" for rule in rules[:_NAMED]]
    rest = len(rules) - _NAMED
    return ", ".join(words) + (f" and {rest} more" if rest > 0 else "")


def _counterpart(rule: GroupRule) -> str:
    stale = f", peering {rule.peering_status}" if rule.peering_status not in (None, "active") else ""
    return f"{rule.block or rule.prefix_list or rule.referenced}{stale}"


def _not_visible(facts: Facts, way: Flow, own: NetworkEnd) -> Iterator[NetworkFinding]:
    for group in own.groups:
        found = (facts.groups or {}).get(group)
        if facts.groups is not None and found is None:
            yield NetworkFinding(
                severity="warning",
                code="not-visible",
                port=None,
                source=way.source.name,
                target=way.target.name,
                text=f"security group {group} of {own.name} is not in this account and Region: its rules are unknown",
                remedy="look at it where it is",
            )


def _between(facts: Facts, way: Flow, ours: Subnet, theirs: Subnet, answers: bool) -> Iterator[NetworkFinding]:
    here, there = _family(ours, way.version), _family(theirs, way.version)
    for subnet, remote, egress, name in (
        (ours, there, True, f"to {way.target.name}"),
        (theirs, here, False, f"from {way.source.name}"),
    ):
        yield from _entry(facts, way, subnet, remote, (way.port, way.port), egress=egress, what=name)
    if not answers:
        return
    for subnet, remote, egress, name in (
        (theirs, here, True, f"to {way.source.name} (the answers)"),
        (ours, there, False, f"from {way.target.name} (the answers)"),
    ):
        found = list(_entry(facts, way, subnet, remote, LINUX_PORTS, egress=egress, what=name))
        # Beyond Linux' own range it matters to nobody today, but AWS promises no less than this one.
        gentle = way._replace(severity="note")
        yield from found or _entry(facts, gentle, subnet, remote, _DOCUMENTED_PORTS, egress=egress, what=name)


def _entry(
    facts: Facts, way: Flow, subnet: Subnet, remote: list[Block], ports: tuple[int, int], *, egress: bool, what: str
) -> Iterator[NetworkFinding]:
    found = dropped(facts, subnet, remote, ports, egress=egress, what=what)
    if found:
        yield NetworkFinding(
            severity=way.severity if found.whole else downgrade(way.severity),
            code="acl-closed",
            port=way.port,
            source=way.source.name,
            target=way.target.name,
            text=f"network ACL {found.acl} of {subnet.id} {found.text}",
            remedy=found.remedy,
        )


def _family(subnet: Subnet, version: int) -> list[Block]:
    return [block for block in subnet.blocks if block.version == version]
