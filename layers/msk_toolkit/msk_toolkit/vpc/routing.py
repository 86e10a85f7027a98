"""The route that applies to each part of a block of addresses."""

from collections.abc import Sequence

from msk_toolkit.vpc.facts import Block, Facts, Route, RouteTable
from msk_toolkit.vpc.rule_matching import AddressRange, first_match

Hop = tuple[Block, Route | None]


def routed(facts: Facts, table: RouteTable, blocks: Sequence[Block]) -> list[Hop]:
    """The route for each part of the blocks, None where there is none.

    The longest prefix wins; between prefixes of the same length a static route wins over a propagated one.
    """
    decided = first_match([AddressRange(block) for block in blocks], _by_precedence(facts, table))
    return [(part.block, route) for part, route in decided]


def _by_precedence(facts: Facts, table: RouteTable) -> list[tuple[AddressRange, Route]]:
    routes: list[tuple[AddressRange, Route]] = []
    for route in table.routes:
        routes += [(AddressRange(block), route) for block in destinations(facts, route)]
    return sorted(routes, key=lambda pair: (-pair[0].block.prefixlen, pair[1].propagated))


def destinations(facts: Facts, route: Route) -> Sequence[Block]:
    """The blocks that a route is for; none where its prefix list could not be read."""
    if route.block is not None:
        return [route.block]
    return facts.prefix_lists.get(route.prefix_list or "", ())
