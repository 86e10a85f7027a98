"""What security groups and network ACLs let through: pure decisions over facts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from msk_toolkit.vpc.facts import Acl, AclEntry, Block, Facts, GroupRule
from msk_toolkit.vpc.rule_matching import AddressRange, first_match

FilterOutcome = Literal["open", "partly", "closed", "unknown"]
References = Literal["count", "unknown", "never"]
_TCP = {"tcp", "6", "-1"}


class Ends(NamedTuple):
    """Who stands at the other end: its addresses, and its security groups where a rule can refer to them.

    ``references`` is ``count`` inside a VPC and over an active peering, ``unknown`` over a transit gateway (it has a
    switch for them that is not read), ``never`` else.
    """

    blocks: Sequence[Block]
    groups: Sequence[str] = ()
    references: References = "count"


class Filtered(NamedTuple):
    """How a filter decides: ``shut`` are the pieces that it drops, each with the entry of an ACL that says so."""

    outcome: FilterOutcome
    shut: list[tuple[AddressRange, AclEntry | None]]


def through_groups(facts: Facts, groups: Sequence[str], other: Ends, port: int, *, egress: bool) -> Filtered:
    """Whether security groups let a TCP connection to ``port`` out to, or in from, the other end.

    Security groups are stateful: answers pass. An interface's groups count together; ``unknown`` is the outcome where
    none of the rules that could be read lets it through, and some could not be read.
    """
    rules, blind = _group_rules(facts, groups, egress=egress)
    allowed: list[tuple[AddressRange, GroupRule]] = []
    for rule in rules:
        if rule.protocol not in _TCP or not rule.low <= port <= rule.high:
            continue
        blocks, told = _blocks(facts, rule, other)
        blind = blind or not told
        allowed += [(AddressRange(block, port, port), rule) for block in blocks]
    asked = [AddressRange(block, port, port) for block in other.blocks]
    decided = first_match(asked, allowed)
    # Every rule of a group allows: shut is what none is for.
    shut: list[tuple[AddressRange, AclEntry | None]] = [(piece, None) for piece, rule in decided if rule is None]
    outcome = _outcome(len(decided), len(shut))
    return Filtered("unknown" if outcome != "open" and blind else outcome, shut)


def nearest(facts: Facts, groups: Sequence[str], port: int, *, egress: bool) -> list[GroupRule]:
    """The rules for this port, which let in or out somebody else."""
    rules, _ = _group_rules(facts, groups, egress=egress)
    return [rule for rule in rules if rule.protocol in _TCP and rule.low <= port <= rule.high]


def through_acl(acl: Acl, blocks: Iterable[Block], low: int, high: int, *, egress: bool) -> Filtered:
    """Whether a network ACL lets TCP packets to these ports out to, or in from, the blocks. It knows no connections."""
    entries = sorted((entry for entry in acl.entries if entry.egress == egress), key=lambda entry: entry.number)
    rules = [(AddressRange(entry.block, entry.low, entry.high), entry) for entry in entries if entry.protocol in _TCP]
    decided = first_match([AddressRange(block, low, high) for block in blocks], rules)
    shut = [(piece, entry) for piece, entry in decided if entry is None or not entry.allow]
    return Filtered(_outcome(len(decided), len(shut)), shut)


def _outcome(pieces: int, shut: int) -> FilterOutcome:
    return "open" if not shut else "closed" if shut == pieces else "partly"


def _group_rules(facts: Facts, groups: Sequence[str], *, egress: bool) -> tuple[list[GroupRule], bool]:
    """The rules in one direction, and whether some could not be read."""
    found = [facts.groups.get(one) for one in groups] if facts.groups is not None else [None]
    rules = [rule for group in found if group for rule in group.rules or () if rule.egress == egress]
    return rules, any(group is None or group.rules is None for group in found)


def _blocks(facts: Facts, rule: GroupRule, other: Ends) -> tuple[Iterable[Block], bool]:
    """The addresses that a rule stands for at the other end, and whether that could be told."""
    if rule.block is not None:
        return [rule.block], True
    if rule.prefix_list is not None:
        return facts.prefix_lists.get(rule.prefix_list, ()), rule.prefix_list in facts.prefix_lists
    if rule.referenced not in other.groups or rule.peering_status not in (None, "active"):
        return (), True
    # A group may be one of several at the other end: each of its interfaces has all of them.
    return (other.blocks if other.references == "count" else ()), other.references != "unknown"


def ranges(spans: Iterable[AddressRange]) -> Iterator[str]:
    """Spans in words, each once: a block, and its ports where there are several."""
    seen = dict.fromkeys(spans)
    for span in seen:
        yield str(span.block) if span.low == span.high else f"{span.block} (ports {span.low} to {span.high})"
