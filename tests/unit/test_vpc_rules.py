"""What rules let through: found piece by piece, and held to an evaluator that asks for each packet."""

from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msk_toolkit.diagnose.network import BrokerPort, network_findings
from msk_toolkit.vpc.facts import Acl, AclEntry, Block, Facts, GroupRule, Route, SecurityGroup
from msk_toolkit.vpc.filters import Ends, FilterOutcome, through_acl, through_groups
from msk_toolkit.vpc.routing import routed
from msk_toolkit.vpc.rule_matching import AddressRange, first_match, overlap

from tests.fakes.networks import BROKERS_SIDE, FUNCTION_SIDE, open_facts, route, subnet, table

# A small world, so that blocks meet often: 64 addresses, 16 ports.
WORLD = ip_network("10.0.0.0/26")
PORTS = 16


@st.composite
def blocks(draw: st.DrawFn) -> IPv4Network:
    length = draw(st.integers(24, 32))
    return IPv4Network((draw(st.sampled_from(range(int(WORLD[0]), int(WORLD[-1]) + 1))), length), strict=False)


def port_ranges() -> st.SearchStrategy[tuple[int, int]]:
    """Often all ports, so that the other parts of a rule decide as often as its ports do."""
    ports = st.integers(0, PORTS - 1)
    pairs = st.tuples(ports, ports).map(lambda pair: (min(pair), max(pair)))
    return st.just((0, PORTS - 1)) | pairs


@st.composite
def group_rules(draw: st.DrawFn) -> GroupRule:
    low, high = draw(port_ranges())
    kind = draw(st.sampled_from(["block", "group", "list", "group"]))
    return GroupRule(
        id="sgr",
        group=draw(st.sampled_from(["sg-b", "sg-b", "sg-f"])),
        egress=draw(st.booleans()),
        protocol=draw(st.sampled_from(["tcp", "-1", "6", "udp"])),
        low=low,
        high=high,
        block=draw(blocks()) if kind == "block" else None,
        referenced=draw(st.sampled_from(["sg-f", "sg-b", "sg-x"])) if kind == "group" else None,
        peering_status=draw(st.sampled_from([None, "active", "deleted"])) if kind == "group" else None,
        prefix_list=draw(st.sampled_from(["pl-1", "pl-2"])) if kind == "list" else None,
    )


@st.composite
def acl_entries(draw: st.DrawFn) -> AclEntry:
    low, high = draw(port_ranges())
    values = draw(st.integers(1, 99)), draw(st.booleans()), draw(st.booleans())
    return AclEntry(*values, draw(st.sampled_from(["6", "-1", "17"])), low, high, draw(blocks()))


LISTS: dict[str, tuple[Block, ...]] = {"pl-1": (ip_network("10.0.0.0/28"), ip_network("10.0.0.32/30")), "pl-2": ()}


class Packet(NamedTuple):
    """One packet: the address at the other end, and the port."""

    address: IPv4Address
    port: int


def packets(block: IPv4Network, ports: range) -> list[Packet]:
    return [Packet(address, port) for address in block for port in ports]


def group_passes(rules: list[GroupRule], packet: Packet, peer: str, egress: bool) -> bool:
    """As EC2 documents it: any one rule that fits lets the packet pass."""
    for one in rules:
        right_way = one.egress is egress and one.protocol != "udp"
        if not right_way or packet.port < one.low or packet.port > one.high:
            continue
        if one.block is not None and packet.address in one.block:
            return True
        if one.prefix_list is not None and any(packet.address in block for block in LISTS[one.prefix_list]):
            return True
        if one.referenced == peer and one.peering_status != "deleted":
            return True
    return False


def acl_passes(entries: list[AclEntry], packet: Packet, egress: bool) -> bool:
    """As EC2 documents it: the lowest number that fits decides, and nothing passes without one."""
    best: AclEntry | None = None
    for one in entries:
        fits = one.egress is egress and one.protocol != "17" and one.low <= packet.port <= one.high
        if fits and packet.address in one.block and (best is None or one.number < best.number):
            best = one
    return best is not None and best.allow


def outcome_of(passed: list[bool]) -> FilterOutcome:
    return "open" if all(passed) else "partly" if any(passed) else "closed"


def facts_with(rules: list[GroupRule]) -> Facts:
    groups = {
        name: SecurityGroup(name, "vpc-1", tuple(one for one in rules if one.group == name))
        for name in ("sg-f", "sg-b")
    }
    return open_facts(groups=groups, prefix_lists=LISTS)


@settings(max_examples=200, deadline=None)
@given(st.lists(group_rules(), max_size=8), blocks(), st.integers(0, PORTS - 1), st.booleans())
def test_groups_are_judged_as_packet_for_packet(
    rules: list[GroupRule], there: IPv4Network, port: int, egress: bool
) -> None:
    found = through_groups(facts_with(rules), ["sg-b"], Ends([there], ["sg-f"]), port, egress=egress)
    mine = [one for one in rules if one.group == "sg-b"]
    assert found.outcome == outcome_of(
        [group_passes(mine, one, "sg-f", egress) for one in packets(there, range(port, port + 1))]
    )
    shut = {address for span, _ in found.dropped for address in span.block}
    assert shut == {
        one.address for one in packets(there, range(port, port + 1)) if not group_passes(mine, one, "sg-f", egress)
    }


@settings(max_examples=200, deadline=None)
@given(st.lists(acl_entries(), max_size=8, unique_by=lambda one: one.number), blocks(), port_ranges(), st.booleans())
def test_acls_are_judged_as_packet_for_packet(
    entries: list[AclEntry], there: IPv4Network, ports: tuple[int, int], egress: bool
) -> None:
    found = through_acl(Acl("acl-1", ("subnet-b",), tuple(entries)), [there], *ports, egress=egress)
    asked = packets(there, range(ports[0], ports[1] + 1))
    assert found.outcome == outcome_of([acl_passes(entries, one, egress) for one in asked])
    shut = {
        (address, port)
        for span, _ in found.dropped
        for address in span.block
        for port in range(span.low, span.high + 1)
    }
    assert shut == {(one.address, one.port) for one in asked if not acl_passes(entries, one, egress)}


@settings(max_examples=200, deadline=None)
@given(st.lists(group_rules(), max_size=8), blocks(), blocks(), st.integers(0, PORTS - 1))
def test_a_closed_finding_stands_exactly_where_nothing_passes(
    rules: list[GroupRule], ours: IPv4Network, theirs: IPv4Network, port: int
) -> None:
    subnets = {"subnet-f": subnet("subnet-f", "vpc-1", str(ours)), "subnet-b": subnet("subnet-b", "vpc-1", str(theirs))}
    facts = open_facts(groups=facts_with(rules).groups, prefix_lists=LISTS, subnets=subnets)
    found = network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, [BrokerPort(port, "vpc", True)], ())
    said = {(one.code, one.severity) for one in found if one.code in {"egress-closed", "ingress-closed"}}
    for code, own, peer, there, egress in (
        ("egress-closed", "sg-f", "sg-b", theirs, True),
        ("ingress-closed", "sg-b", "sg-f", ours, False),
    ):
        mine = [one for one in rules if one.group == own]
        truth = outcome_of([group_passes(mine, one, peer, egress) for one in packets(there, range(port, port + 1))])
        assert ((code, "error") in said) == (truth == "closed")
        assert ((code, "warning") in said) == (truth == "partly")


@st.composite
def routes(draw: st.DrawFn) -> Route:
    return route(
        draw(st.sampled_from(["peering", "transit", "nat"])),
        draw(st.sampled_from(["a", "b", "c"])),
        str(draw(blocks())),
        propagated=draw(st.booleans()),
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(routes(), max_size=6), blocks())
def test_each_address_goes_where_the_longest_prefix_sends_it(found: list[Route], there: IPv4Network) -> None:
    taken = {
        address: hop
        for block, hop in routed(Facts(), table("rtb-1", "vpc-1", (), *found), [there])
        for address in block
    }
    assert taken.keys() == set(there)
    for address in there:
        fitting = [one for one in found if one.block is not None and address in one.block]
        longest = max((one.block.prefixlen for one in fitting if one.block), default=None)
        best = [one for one in fitting if one.block and one.block.prefixlen == longest]
        static = [one for one in best if not one.propagated] or best
        assert taken[address] in static if static else taken[address] is None


def test_pieces_cover_what_was_asked_once_and_families_never_meet() -> None:
    asked = AddressRange(ip_network("10.0.0.0/24"), 10, 20)
    pieces = first_match(
        [asked],
        [(AddressRange(ip_network("10.0.0.64/26"), 15, 30), "a"), (AddressRange(ip_network("0.0.0.0/0"), 20, 20), "b")],
    )
    counted = [
        (address, port) for span, _ in pieces for address in span.block for port in range(span.low, span.high + 1)
    ]
    assert len(counted) == len(set(counted)) == 256 * 11
    decided = {rule for span, rule in pieces if ip_address("10.0.0.70") in span.block and span.low <= 15 <= span.high}
    assert decided == {"a"}
    assert overlap(asked, AddressRange(ip_network("::/0"))) is None
