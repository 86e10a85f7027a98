"""Ranges of addresses and ports, and which of a list of rules decides on each part of one.

A rule may cover a part of what is asked only, and several rules together all of it. So what is asked is cut along the
rules' borders, and every piece gets the first rule that matches it.
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
    asked: Iterable[AddressRange], rules: Iterable[tuple[AddressRange, Rule]]
) -> list[tuple[AddressRange, Rule | None]]:
    """Each piece of what is asked with the first rule that matches it, None where none does."""
    left = list(asked)
    decided: list[tuple[AddressRange, Rule | None]] = []
    for span, rule in rules:
        rest: list[AddressRange] = []
        for piece in left:
            common = overlap(piece, span)
            if common is None:
                rest.append(piece)
            else:
                decided.append((common, rule))
                rest += _without(piece, common)
        left = rest
    return decided + [(piece, None) for piece in left]


def overlap(one: AddressRange, other: AddressRange) -> AddressRange | None:
    """What two spans have in common. Of two blocks one holds the other, or they have nothing in common."""
    low, high = max(one.low, other.low), min(one.high, other.high)
    if low > high:
        return None
    if within(one.block, other.block):
        return AddressRange(one.block, low, high)
    if within(other.block, one.block):
        return AddressRange(other.block, low, high)
    return None


def within(inner: Block, outer: Block) -> bool:
    """Whether a block lies in another one of the same family."""
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of one family


def _without(whole: AddressRange, part: AddressRange) -> Iterator[AddressRange]:
    if whole.low < part.low:
        yield AddressRange(whole.block, whole.low, part.low - 1)
    if part.high < whole.high:
        yield AddressRange(whole.block, part.high + 1, whole.high)
    if part.block != whole.block:
        others = cast("Iterator[Block]", whole.block.address_exclude(part.block))  # type: ignore[arg-type]
        yield from (AddressRange(block, part.low, part.high) for block in others)
