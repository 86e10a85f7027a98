"""The fuzz targets by name; imported when they run, as each brings along what it needs."""

from collections.abc import Callable
from typing import NamedTuple

from tests.fuzz.frame import FuzzTarget


class Listed(NamedTuple):
    """How to make a target, and how many of its inputs a short run plays."""

    make: Callable[[], FuzzTarget]
    short: int


def _msk_events() -> FuzzTarget:
    from tests.fuzz.msk_events import MskEvents

    return MskEvents()


TARGETS = {"events": Listed(_msk_events, 2_000)}
