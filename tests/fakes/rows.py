"""Rows of the registries by the names that are published, for tests that write them as a user reads them."""

from msk_toolkit.causes import Cause
from msk_toolkit.stage import Stage

_STAGES = {str(stage): stage for stage in Stage}
_CAUSES = {str(cause): cause for cause in Cause}


def stage_named(name: str) -> Stage:
    """The stage that is published under a name such as ``tcp``."""
    return _STAGES[name]


def cause_named(name: str) -> Cause:
    """The cause that is published under a name such as ``connection-refused``."""
    return _CAUSES[name]
