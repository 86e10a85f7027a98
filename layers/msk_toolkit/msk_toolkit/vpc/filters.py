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


class _Match(NamedTuple):
    """The addresses of the other end that a rule of a security group matches, and whether they are known."""

    rule: GroupRule
    blocks: Sequence[Block]
    known: bool = True


def through_groups(facts: Facts, groups: Sequence[str], other: Ends, port: int, *, egress: bool) -> Filtered:
    """Whether security groups allow a TCP connection to ``port`` to, or from, the other end.

    Security groups are stateful: answers pass. The rules of all groups of an interface apply together; the outcome is
    ``unknown`` where no rule that could be read allows the connection and some could not be read.
    """
    rules, complete = _group_rules(facts, groups, port, egress=egress)
    matches = [_match(facts, rule, other) for rule in rules]
    complete = complete and all(match.known for match in matches)
    decided = first_match(_ranges(other.blocks, port), _allowed(matches, port))
    dropped = _unmatched(decided)
    return Filtered(_group_outcome(len(decided), len(dropped), complete=complete), dropped)


def _unmatched(decided: Iterable[tuple[AddressRange, GroupRule | None]]) -> list[tuple[AddressRange, AclEntry | None]]:
    # Every rule of a security group allows: what no rule matches is dropped.
    return [(part, None) for part, rule in decided if rule is None]


def _group_outcome(parts: int, dropped: int, *, complete: bool) -> FilterOutcome:
    if dropped and not complete:
        return "unknown"
    return _outcome(parts, dropped)


def _ranges(blocks: Iterable[Block], port: int) -> list[AddressRange]:
    return [AddressRange(block, port, port) for block in blocks]


def _allowed(matches: Iterable[_Match], port: int) -> list[tuple[AddressRange, GroupRule]]:
    """What the rules allow on the port, each range with its rule."""
    allowed: list[tuple[AddressRange, GroupRule]] = []
    for match in matches:
        allowed += [(allowed_range, match.rule) for allowed_range in _ranges(match.blocks, port)]
    return allowed


def rules_for_port(facts: Facts, groups: Sequence[str], port: int, *, egress: bool) -> list[GroupRule]:
    """The rules of the groups for this port, whatever addresses they allow."""
    rules, _ = _group_rules(facts, groups, port, egress=egress)
    return rules


def through_acl(acl: Acl, blocks: Iterable[Block], low: int, high: int, *, egress: bool) -> Filtered:
    """Whether a network ACL allows TCP packets to these ports to, or from, the blocks. ACLs are stateless."""
    decided = first_match([AddressRange(block, low, high) for block in blocks], _acl_rules(acl, egress=egress))
    dropped = [(part, entry) for part, entry in decided if entry is None or not entry.allow]
    return Filtered(_outcome(len(decided), len(dropped)), dropped)


def _acl_rules(acl: Acl, *, egress: bool) -> list[tuple[AddressRange, AclEntry]]:
    """The entries of one direction that apply to TCP, in the order in which they apply."""
    entries = [entry for entry in acl.entries if entry.egress == egress and entry.protocol in _TCP]
    entries.sort(key=lambda entry: entry.number)
    return [(AddressRange(entry.block, entry.low, entry.high), entry) for entry in entries]


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


def _group_rules(facts: Facts, groups: Sequence[str], port: int, *, egress: bool) -> tuple[list[GroupRule], bool]:
    """The rules for a port in one direction, and whether every rule could be read."""
    rules, complete = _all_rules(facts, groups)
    return [rule for rule in rules if rule.egress == egress and _is_for(rule, port)], complete


def _all_rules(facts: Facts, groups: Sequence[str]) -> tuple[list[GroupRule], bool]:
    rules: list[GroupRule] = []
    complete = facts.groups is not None
    for name in groups:
        rules_of_group = _rules_of(facts, name)
        complete = complete and rules_of_group is not None
        rules += rules_of_group or ()
    return rules, complete


def _rules_of(facts: Facts, name: str) -> Sequence[GroupRule] | None:
    group = (facts.groups or {}).get(name)
    if group is None:
        return None
    return group.rules


def _match(facts: Facts, rule: GroupRule, other: Ends) -> _Match:
    if rule.block is not None:
        return _Match(rule, [rule.block])
    if rule.prefix_list is not None:
        blocks = facts.prefix_lists.get(rule.prefix_list)
        return _Match(rule, blocks or (), known=blocks is not None)
    return _match_by_reference(rule, other)


def _match_by_reference(rule: GroupRule, other: Ends) -> _Match:
    if rule.referenced not in other.groups or rule.peering_status not in (None, "active"):
        return _Match(rule, ())
    if other.references == "valid":
        # A group may be one of several at the other end: each of its interfaces has all of them.
        return _Match(rule, other.blocks)
    return _Match(rule, (), known=other.references == "invalid")
