"""How the cluster is: the probes, diagnose, the lag of the forwarder's groups."""

from collections.abc import Sequence
from typing import Any

from mskv import exits
from mskv.access import open_access
from mskv.output import Result, aligned
from mskv.place import Place
from mskv.progress import Progress

_FUNCTIONS = {"producer": "ProducerProbeFunction", "consumer": "ConsumerProbeFunction"}


def probed(place: Place, progress: Progress, kinds: Sequence[str]) -> Result:
    """A run of the probes of these kinds."""
    access = open_access(place, progress)
    answers = {kind: access.invoke(_FUNCTIONS[kind], {}, f"running the {kind} probe") for kind in kinds}
    healthy = all(answer["verdict"]["status"] == "healthy" for answer in answers.values())
    data: Any = answers
    if len(answers) == 1:
        (data,) = answers.values()
    text = "\n\n".join(answer["table"] for answer in answers.values())
    return Result(data, text, exits.OK if healthy else exits.PROBLEM)


def diagnosed(place: Place, progress: Progress) -> Result:
    """A diagnosis: errors and warnings, all of it if wide."""
    access = open_access(place, progress)
    answer = access.invoke("DiagnoseFunction", {}, "checking listeners, network, mappings and permissions")
    healthy = answer["status"] == "healthy"
    return Result(answer, _findings(answer), exits.OK if healthy else exits.PROBLEM, wide=answer["table"])


def behind(place: Place, progress: Progress, topic: str) -> Result:
    """The lag of the forwarder's groups.

    Raises:
        UsageError: the stack does not forward the topic.
    """
    access = open_access(place, progress)
    access.check_topic(topic)
    answer = access.invoke("ConsumerProbeFunction", {}, "running the consumer probe")
    groups = [group for group in answer["groups"] if not topic or group["group"].endswith(f"-{topic}")]
    rows = [["GROUP", "RECORDS", "BEHIND", ""], *map(_row, groups)]
    known = all(group.get("records") is not None for group in groups)
    return Result(groups, aligned(rows), exits.OK if known else exits.PROBLEM)


def _findings(answer: dict[str, Any]) -> str:
    lines = [f"{answer['status'].upper()}: {answer['summary']}"]
    for finding in answer["findings"]:
        if finding["severity"] != "note":
            lines += [f"  {finding['severity']}: {finding['subject']}: {finding['text']}"]
    for finding in (*answer["network"], *answer["mapping"]):
        if finding["severity"] != "note":
            lines += [f"  {finding['severity']}: {finding['text']}", f"    -> {finding['remedy']}"]
    return "\n".join(lines)


def _row(group: dict[str, Any]) -> list[str]:
    name, detail = group["group"], group.get("detail") or ""
    return [name, _number(group.get("records")), _seconds(group.get("seconds")), detail]


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
