"""All checks of one run, as data for programs and as lines for a person."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from mskv.facts import Stack
from mskv.verify.check import Check, State, as_json

_COLOURS: dict[State, str] = {"ok": "green", "failed": "bold red", "not tried": "yellow"}
# Raised when a field changes its meaning or goes.
_VERSION = 1


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    stack: Stack
    began: datetime
    ended: datetime
    checks: list[Check]

    @property
    def good(self) -> bool:
        """Whether nothing failed."""
        return all(check.state != "failed" for check in self.checks)

    @property
    def counts(self) -> dict[State, int]:
        """How many checks are in each state."""
        counted = Counter(check.state for check in self.checks)
        return {state: counted[state] for state in _COLOURS}


def as_data(report: Report) -> dict[str, Any]:
    """The report for programs."""
    stack = report.stack
    return {
        "version": _VERSION,
        "status": {True: "ok", False: "failed"}[report.good],
        "stack": stack.name,
        "account": stack.account,
        "region": stack.region,
        "stackStatus": stack.status,
        "began": report.began.isoformat(timespec="seconds"),
        "ended": report.ended.isoformat(timespec="seconds"),
        "counts": report.counts,
        "checks": [as_json(check) for check in report.checks],
        "parameters": stack.parameters,
        "outputs": stack.outputs,
    }


def lines(checks: Sequence[Check]) -> Iterator[tuple[str, str]]:
    """Each line and its style: a line a check, and the remedy of one that failed below it."""
    areas = max((len(check.area) for check in checks), default=0)
    names = max((len(check.name) for check in checks), default=0)
    for check in checks:
        place = f"{check.area:{areas}}  {check.name:{names}}"
        yield f"{check.state:9}  {place}  {_flat(check.text)}", _COLOURS[check.state]
        if check.remedy:
            yield f"{'':9}  {'':{areas}}  -> {_flat(check.remedy)}", ""


def summary(report: Report) -> str:
    """The last line."""
    counts = ", ".join(f"{count} {state}" for state, count in report.counts.items())
    return f"{report.stack.name}: {counts}"


def _flat(text: str) -> str:
    return " ".join(text.split())
