"""The system of ``make up``, for ``--local``; the only module that imports ``local``, which only a checkout has."""

from pathlib import Path

from mskv.errors import NotReachedError
from mskv.place import Place

_START = "start it with: make up"


def on_this_machine(run: Path | None) -> Place:
    """The running local system.

    Args:
        run: its folder, where it is not that of ``make up``.

    Raises:
        NotReachedError: nothing runs, or there is no checkout.
    """
    try:
        # Not above: an installed mskv has no such package, and these take half a second.
        from local.aws.emulator import REGION
        from local.system import HOME, OtherVersionError, System
    except ImportError as error:
        raise NotReachedError(
            f"--local only works in a checkout: {error}", "use the checkout's .venv/bin/mskv"
        ) from error
    try:
        system = System.open(run or HOME / "run")
    except OtherVersionError as error:
        raise NotReachedError(str(error), _START) from error
    if system is None:
        raise NotReachedError("the local system is not running", _START)
    return Place(system.emulator.session(), REGION, system.stack.name, system.emulator.endpoint)
