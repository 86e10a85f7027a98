"""Whether the forwarder's targets in Vantiq would keep what they are sent; asked on a schedule, nothing changed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec

from msk_toolkit.connect.forwarder_targets import targets_of_forwarder
from msk_toolkit.connect.registration import plan_target
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.findings import Finding
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.natural_keys import natural_key_problem
from msk_toolkit.settings.targets import Target, sends_arrays
from msk_toolkit.target_kinds import Fitness, TargetState
from msk_toolkit.telemetry.metrics import Metric, publish_metrics
from msk_toolkit.vantiq.target_state import judge_target
from msk_toolkit.vantiq.targets import target_resource
from msk_toolkit.version import ResponseVersion, current_version

_SYMBOLS = {Fitness.FIT: "=", Fitness.UNFIT: "!", Fitness.UNKNOWN: "?"}
_REGISTER = 'invoke this function with {"action": "register", "targets_only": true}'
_MANUALLY = "register can't fix it: correct it in Vantiq, or configure another target (VANTIQ_TARGET, HEARTBEAT_TARGET)"
_NATURAL_KEY = "give the type a natural key that follows from the Kafka key (docs/forwarder.md), or set Tombstones"


class TargetLookup(Protocol):
    """See :class:`msk_toolkit.vantiq.resources.VantiqResources`."""

    def find(self, kind: str, name: str) -> dict[str, Any] | None: ...


class CheckedTarget(msgspec.Struct, frozen=True):
    """A target, whether records may go there, why not, and what to do; both texts are empty where it is fit."""

    target: str
    state: Fitness
    reason: str = ""
    remedy: str = ""

    def line(self) -> str:
        """As a person reads it; the reason and the remedy name what they are about."""
        parts = [f"{_SYMBOLS[self.state]} {self.target}: {self.state}"]
        if self.reason:
            parts.append(self.reason)
        if self.remedy:
            parts.append(f"remedy: {self.remedy}")
        return "; ".join(parts)


class CheckResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a check; ``problems`` are those of the settings, because of which a target has no name."""

    status: Literal["checked"] = "checked"
    targets: list[CheckedTarget]
    table: str
    problems: list[str]
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def check_targets_of_topics(settings: ConnectSettings, resources: TargetLookup) -> CheckResponse:
    """Ask about the target of each topic that the stack forwards, and of the heartbeats; never raises a ToolkitError.

    What the forwarder asks before it sends, by the same judgement: a target that needs no ``autoUnwind`` because no
    arrays go there is fit without it.
    """
    findings: list[Finding] = []
    targets = targets_of_forwarder(settings, (), findings)
    checked = [_checked(resources, target, settings) for target in targets]
    return CheckResponse(targets=checked, table=_table(checked), problems=[str(finding) for finding in findings])


def _checked(resources: TargetLookup, target: Target, settings: ConnectSettings) -> CheckedTarget:
    kind, name = target_resource(target)
    try:
        instance = resources.find(kind, name)
    except ToolkitError as error:
        return CheckedTarget(str(target), Fitness.UNKNOWN, str(error))
    state = judge_target(target, instance, arrays=sends_arrays(target.kind, settings.max_batch_records))
    if problem := _tombstone_problem(settings, target, state):
        return CheckedTarget(str(target), Fitness.UNFIT, problem, _NATURAL_KEY)
    if state.fitness is not Fitness.UNFIT:
        return CheckedTarget(str(target), state.fitness, state.reason)
    change = plan_target(instance, target)
    remedy = _MANUALLY
    if change.writes:
        remedy = f"{_REGISTER} ({change.step}: {change.detail})"
    return CheckedTarget(str(target), Fitness.UNFIT, state.reason, remedy)


def _tombstone_problem(settings: ConnectSettings, target: Target, state: TargetState) -> str:
    """Why tombstones can't delete the rows of a fit target; empty where they can, or need not."""
    of_heartbeats = str(target) == settings.heartbeat_target
    if settings.tombstones != "delete" or of_heartbeats or state.fitness is not Fitness.FIT:
        return ""
    problem = natural_key_problem(state.natural_key, settings.payload)
    return f"TOMBSTONES=delete cannot delete its rows: {problem}" if problem else ""


def _counts(checked: Sequence[CheckedTarget]) -> str:
    states = Counter(target.state for target in checked)
    return "targets: " + ", ".join(f"{states[fitness]} {fitness}" for fitness in Fitness)


def _table(checked: Sequence[CheckedTarget]) -> str:
    return "\n".join([*(target.line() for target in checked), f"{_counts(checked)}. Nothing was changed."])


def report_targets(response: CheckResponse, settings: ConnectSettings, logger: Any, metrics: Any) -> None:
    """Log one line, as a warning where a target is not fit, and publish how many are unfit.

    With ``TARGET_CHECK=warn`` records go to an unfit target on purpose, so it is in the log alone.
    """
    unfit = sum(target.state is Fitness.UNFIT for target in response.targets)
    if settings.target_check == "require":
        publish_metrics(metrics, [(Metric.TARGETS_UNFIT, unfit)], detailed=settings.detailed_metrics)
    notable = _notable(response.targets)
    details = {
        "action": "check",
        "targets": notable,
        "problems": response.problems,
        "counts": {Metric.TARGETS_UNFIT.value: unfit},
    }
    log = logger.info
    if notable or response.problems:
        log = logger.warning
    log(_counts(response.targets), extra=details)


def _notable(targets: Sequence[CheckedTarget]) -> list[str]:
    return [target.line() for target in targets if target.state is not Fitness.FIT]
