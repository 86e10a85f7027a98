"""pytest-xdist's distribution by group, for the groups of :mod:`tests.distribution`; needs pytest-xdist installed."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.distribution import group_of


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
    """A group is one worker's; groups start in the order in which their tests were collected."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
