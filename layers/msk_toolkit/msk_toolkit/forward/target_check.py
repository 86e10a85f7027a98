"""Before records go to a target, Vantiq is asked whether it stores them: a success alone does not prove it."""

import time
from typing import NamedTuple

from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.forward.failure_cause import cause_of_error
from msk_toolkit.forward.outcome import Failure
from msk_toolkit.path_causes import PathCause
from msk_toolkit.settings.forwarder import ForwarderSettings, TargetCheckMode
from msk_toolkit.settings.targets import Target
from msk_toolkit.target_kinds import Fitness, TargetState
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.resources import VantiqResources
from msk_toolkit.vantiq.target_state import read_target

# So long a state holds in a warm environment: what is changed or deleted in Vantiq is noticed after it.
_HOLDS_SECONDS = 300.0
_REMEDY = (
    'the connect function with {"action": "register", "targets_only": true} creates and corrects topics and types; '
    "or correct VANTIQ_TARGET or VANTIQ_ROUTES"
)
_OPT_OUT = "TARGET_CHECK=warn sends them anyway"
_OF_THE_TOKEN = frozenset({PathCause.VANTIQ_TOKEN_REFUSED, PathCause.VANTIQ_TOKEN_UNREADABLE})


UNCHECKED = TargetState(Fitness.UNKNOWN)


def natural_key_failure(settings: ForwarderSettings, target: Target, state: TargetState) -> Failure | None:
    """Why tombstones can't delete the rows of a target, whatever TARGET_CHECK is; None where they can, or need not.

    Nothing is sent then: a tombstone that is set aside would be replayed behind a newer row of its key.
    """
    if settings.tombstones != "delete" or target == settings.target_of_heartbeats:
        return None
    from msk_toolkit.settings.natural_keys import natural_key_problem

    problem = natural_key_problem(state.natural_key, settings.payload)
    if not problem:
        return None
    return Failure("outage", f"TOMBSTONES=delete cannot delete rows of {target}: {problem}", PathCause.TARGET_UNFIT)


class _Known(NamedTuple):
    state: TargetState
    since: float


class TargetCheck:
    """Asks about each target once for an environment and again every few minutes; remembers the result.

    Args:
        vantiq: the client that records go by, so that the same token asks.
    """

    def __init__(self, settings: ForwarderSettings, vantiq: VantiqClient, clock: Clock = time.monotonic) -> None:
        self._settings = settings
        self._mode: TargetCheckMode = settings.target_check
        self._vantiq = vantiq
        self._clock = clock
        self._known: dict[Target, _Known] = {}
        self._notes: dict[str, None] = {}

    def failure(self, target: Target, deadline: Deadline) -> Failure | None:
        """Why nothing may be sent to a target, or None; what stops nothing is among the notes."""
        known = self._known.get(target)
        if self._mode == "off" or (known and self._holds(known)):
            return None
        try:
            state = self._look(target, deadline)
        except ToolkitError as error:
            return self._failure_unchecked(target, known, error)
        self._known[target] = _Known(state, self._clock())
        return self._failure_of(state)

    def _failure_unchecked(self, target: Target, known: _Known | None, error: ToolkitError) -> Failure | None:
        if known and known.state.fitness is not Fitness.UNFIT:
            return None  # it was fit a few minutes ago; the records' own requests show what is wrong now
        cause = cause_of_error(error)
        reason = f"{target} could not be checked before records are sent there: {error}"
        # With a token that is refused, sending fails as well.
        hint = "" if cause in _OF_THE_TOKEN else f"; {_OPT_OUT}"
        return self._refuse(reason + hint, cause)

    def _failure_of(self, state: TargetState) -> Failure | None:
        match state.fitness:
            case Fitness.UNFIT:
                reason = f"{state.reason}: records would be lost or misread. {_REMEDY}; {_OPT_OUT}"
                return self._refuse(reason, PathCause.TARGET_UNFIT)
            case Fitness.UNKNOWN:
                self._notes[f"{state.reason}; records are sent anyway"] = None
        return None

    def state(self, target: Target) -> TargetState:
        """What is known of a target; that nothing is, where it was not checked."""
        known = self._known.get(target)
        return known.state if known is not None else UNCHECKED

    def notes(self) -> list[str]:
        """What was noticed since the last call and stops nothing."""
        notes, self._notes = list(self._notes), {}
        return notes

    def _holds(self, known: _Known) -> bool:
        """An unfit one is checked again each time, so that a fix takes effect at once; a warning is repeated rarely."""
        unfit = known.state.fitness is Fitness.UNFIT and self._mode == "require"
        return not unfit and self._clock() - known.since < _HOLDS_SECONDS

    def _look(self, target: Target, deadline: Deadline) -> TargetState:
        arrays = self._settings.sends_arrays(target.kind)
        return read_target(VantiqResources(self._vantiq, deadline), target, arrays=arrays)

    def _refuse(self, reason: str, cause: PathCause) -> Failure | None:
        if self._mode == "require":
            return Failure("outage", reason, cause)
        self._notes[reason] = None
        return None
