"""What security groups and network ACLs let through: pure decisions over facts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from msk_toolkit.vpc.facts import Acl, AclEntry, Block, Facts, GroupRule
from msk_toolkit.vpc.rule_matching import AddressRange, first_match

FilterOutcome = Literal["open", "partly", "closed", "unknown"]
References = Literal["valid", "unknown", "invalid"]
_TCP = {"tcp", "6", "-1"}


class Ends(NamedTuple):
    """The other end of a connection: its addresses, and its security groups where a rule can refer to them.

    ``references`` is ``valid`` inside a VPC and over an active peering, ``unknown`` over a transit gateway (whose
    setting for them is not read), otherwise ``invalid``.
    """

    blocks: Sequence[Block]
    groups: Sequence[str] = ()
    references: References = "valid"


class Filtered(NamedTuple):
    """How a filter decides: ``dropped`` are the ranges that it drops, each with the entry of an ACL that denies it."""

    outcome: FilterOutcome
    dropped: list[tuple[AddressRange, AclEntry | None]]


def through_groups(facts: Facts, groups: Sequence[str], other: Ends, port: int, *, egress: bool) -> Filtered:
    """Whether security groups allow a TCP connection to ``port`` to, or from, the other end.

    Security groups are stateful: answers pass. The rules of all groups of an interface apply together; the outcome is
    ``unknown`` where no rule that could be read allows the connection and some could not be read.
    """
    rules, incomplete = _group_rules(facts, groups, egress=egress)
    allowed: list[tuple[AddressRange, GroupRule]] = []
    for rule in rules:
        if not _is_for(rule, port):
            continue
        blocks, known = _blocks(facts, rule, other)
        incomplete = incomplete or not known
        allowed += [(AddressRange(block, port, port), rule) for block in blocks]
    asked = [AddressRange(block, port, port) for block in other.blocks]
    decided = first_match(asked, allowed)
    # Every rule of a security group allows: what no rule matches is dropped.
    dropped: list[tuple[AddressRange, AclEntry | None]] = [(part, None) for part, rule in decided if rule is None]
    outcome = _outcome(len(decided), len(dropped))
    if outcome != "open" and incomplete:
        outcome = "unknown"
    return Filtered(outcome, dropped)


def rules_for_port(facts: Facts, groups: Sequence[str], port: int, *, egress: bool) -> list[GroupRule]:
    """The rules of the groups for this port, whatever addresses they allow."""
    rules, _ = _group_rules(facts, groups, egress=egress)
    return [rule for rule in rules if _is_for(rule, port)]


def through_acl(acl: Acl, blocks: Iterable[Block], low: int, high: int, *, egress: bool) -> Filtered:
    """Whether a network ACL allows TCP packets to these ports to, or from, the blocks. ACLs are stateless."""
    entries = sorted((entry for entry in acl.entries if entry.egress == egress), key=lambda entry: entry.number)
    rules = [(AddressRange(entry.block, entry.low, entry.high), entry) for entry in entries if entry.protocol in _TCP]
    decided = first_match([AddressRange(block, low, high) for block in blocks], rules)
    dropped = [(part, entry) for part, entry in decided if entry is None or not entry.allow]
    return Filtered(_outcome(len(decided), len(dropped)), dropped)


def described_ranges(address_ranges: Iterable[AddressRange]) -> Iterator[str]:
    """Each range once, as text: a block, and its ports where there are several."""
    for address_range in dict.fromkeys(address_ranges):
        if address_range.low == address_range.high:
            yield str(address_range.block)
        else:
            yield f"{address_range.block} (ports {address_range.low} to {address_range.high})"


def _is_for(rule: GroupRule, port: int) -> bool:
    return rule.protocol in _TCP and rule.low <= port <= rule.high


def _outcome(parts: int, dropped: int) -> FilterOutcome:
    if not dropped:
        return "open"
    if dropped == parts:
        return "closed"
    return "partly"


def _group_rules(facts: Facts, groups: Sequence[str], *, egress: bool) -> tuple[list[GroupRule], bool]:
    """The rules in one direction, and whether some could not be read."""
    if facts.groups is None:
        return [], True
    rules: list[GroupRule] = []
    incomplete = False
    for name in groups:
        group = facts.groups.get(name)
        if group is None or group.rules is None:
            incomplete = True
        else:
            rules += [rule for rule in group.rules if rule.egress == egress]
    return rules, incomplete


def _blocks(facts: Facts, rule: GroupRule, other: Ends) -> tuple[Iterable[Block], bool]:
    """The addresses of the other end that a rule matches, and whether they are known."""
    if rule.block is not None:
        return [rule.block], True
    if rule.prefix_list is not None:
        return facts.prefix_lists.get(rule.prefix_list, ()), rule.prefix_list in facts.prefix_lists
    if rule.referenced not in other.groups or rule.peering_status not in (None, "active"):
        return (), True
    if other.references == "valid":
        # A group may be one of several at the other end: each of its interfaces has all of them.
        return other.blocks, True
    return (), other.references == "invalid"
