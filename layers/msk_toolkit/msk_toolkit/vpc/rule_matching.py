"""Ranges of addresses and ports, and the first of a list of rules that matches each part of one.

A rule may match only a part of a range, and several rules together all of it. So the range is cut along the rules'
borders, and each part gets the first rule that matches it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

from msk_toolkit.vpc.facts import Block

LAST_PORT = 65535


class AddressRange(NamedTuple):
    """The packets from or to a block of addresses, on the ports ``low`` to ``high``."""

    block: Block
    low: int = 0
    high: int = LAST_PORT


def first_match[Rule](
    ranges: Iterable[AddressRange], rules: Iterable[tuple[AddressRange, Rule]]
) -> list[tuple[AddressRange, Rule | None]]:
    """Each part of the ranges with the first rule that matches it, None where none does."""
    unmatched = list(ranges)
    decided: list[tuple[AddressRange, Rule | None]] = []
    for rule_range, rule in rules:
        matched, unmatched = _cut(unmatched, rule_range)
        decided += [(part, rule) for part in matched]
    return decided + [(part, None) for part in unmatched]


def _cut(ranges: Iterable[AddressRange], by: AddressRange) -> tuple[list[AddressRange], list[AddressRange]]:
    """The parts of ranges that another range has, and those that it does not have."""
    inside: list[AddressRange] = []
    outside: list[AddressRange] = []
    for part in ranges:
        common = overlap(part, by)
        if common is None:
            outside.append(part)
        else:
            inside.append(common)
            outside += _without(part, common)
    return inside, outside


def overlap(first: AddressRange, second: AddressRange) -> AddressRange | None:
    """What two ranges have in common. Of two blocks one contains the other, or they have nothing in common."""
    low, high = max(first.low, second.low), min(first.high, second.high)
    if low > high:
        return None
    if within(first.block, second.block):
        return AddressRange(first.block, low, high)
    if within(second.block, first.block):
        return AddressRange(second.block, low, high)
    return None


def within(inner: Block, outer: Block) -> bool:
    """Whether a block is part of another of the same family."""
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of one family


def _without(whole: AddressRange, part: AddressRange) -> Iterator[AddressRange]:
    if whole.low < part.low:
        yield AddressRange(whole.block, whole.low, part.low - 1)
    if part.high < whole.high:
        yield AddressRange(whole.block, part.high + 1, whole.high)
    if part.block != whole.block:
        others = cast("Iterator[Block]", whole.block.address_exclude(part.block))  # type: ignore[arg-type]
        yield from (AddressRange(block, part.low, part.high) for block in others)
