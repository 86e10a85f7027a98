"""How the cluster is: the probes, diagnose, the lag of the forwarder's groups."""

from collections.abc import Sequence
from typing import Any

from mskv import exits
from mskv.access import open_access
from mskv.answers import DiagnoseAnswer, GroupLag, LagAnswer, ProbeAnswer
from mskv.output import Result, aligned
from mskv.place import Place
from mskv.progress import Progress

_FUNCTIONS = {"producer": "ProducerProbeFunction", "consumer": "ConsumerProbeFunction"}


def probed(place: Place, progress: Progress, kinds: Sequence[str]) -> Result:
    """A run of the probes of these kinds."""
    access = open_access(place, progress)
    whole: dict[str, Any] = {}
    answers: list[ProbeAnswer] = []
    for kind in kinds:
        whole[kind], answer = access.invoke(_FUNCTIONS[kind], {}, f"running the {kind} probe", ProbeAnswer)
        answers.append(answer)
    healthy = all(answer.verdict.status == "healthy" for answer in answers)
    data: Any = whole
    if len(whole) == 1:
        (data,) = whole.values()
    text = "\n\n".join(answer.table for answer in answers)
    return Result(data, text, exits.OK if healthy else exits.PROBLEM)


def diagnosed(place: Place, progress: Progress, *, verbose: bool) -> Result:
    """A diagnosis: what fails and why; if verbose, with notes and everything that works."""
    access = open_access(place, progress)
    doing = "checking listeners, network, mappings and permissions"
    # A function of an earlier version knows no such field.
    event = {"verbose": True} if verbose else {}
    whole, answer = access.invoke("DiagnoseFunction", event, doing, DiagnoseAnswer)
    healthy = answer.status == "healthy"
    return Result(whole, answer.table, exits.OK if healthy else exits.PROBLEM)


def behind(place: Place, progress: Progress, topic: str) -> Result:
    """The lag of the groups that the stack watches, or of the forwarder's group of one topic.

    Raises:
        UsageError: the stack does not forward the topic.
    """
    access = open_access(place, progress)
    access.check_topic(topic)
    whole, answer = access.invoke("ConsumerProbeFunction", {}, "running the consumer probe", LagAnswer)
    # The group of another topic may end like this one's: orders, new-orders.
    group = access.stack.group_of(topic) if topic else ""
    groups = [lag for lag in answer.groups if group in {"", lag.group}]
    data = [lag for lag in whole["groups"] if group in {"", lag["group"]}]
    if not groups:
        return Result(data, "the probe reported no lag: `mskv probe --consumer` shows why", exits.PROBLEM)
    known = all(lag.records is not None for lag in groups)
    return Result(data, lag_table(groups), exits.OK if known else exits.PROBLEM)


def lag_table(groups: Sequence[GroupLag]) -> str:
    """A line for each group."""
    return aligned([["GROUP", "RECORDS", "BEHIND", ""], *map(_row, groups)])


def _row(lag: GroupLag) -> list[str]:
    return [lag.group, _number(lag.records), _seconds(lag.seconds), lag.detail or ""]


def _number(records: int | None) -> str:
    return "unknown" if records is None else f"{records:,}"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
