"""What a stack costs a month, from what is deployed; docs/cost.md has the model and its measured numbers."""

import re
from collections.abc import Mapping
from typing import NamedTuple

# US dollars in us-east-1, November 2026; free tiers left out. The same as local/cost/prices.json, by a test.
METRIC, ALARM, COMPOSITE_ALARM = 0.30, 0.10, 0.50
GB_SECOND, REQUEST, LOG_GB = 0.0000133, 0.0000002, 0.50
SECRET, SECRET_CALLS_10000, KEY_CALLS_10000, SCHEDULES_MILLION = 0.40, 0.05, 0.03, 1.00
POLLER_UNIT_HOUR, TRACES_MILLION = 0.185, 5.00
PRICES = "us-east-1, November 2026, free tiers left out"

HOURS = 730
_MONTH_MINUTES = 30 * 24 * 60
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
# Measured, as docs/cost.md has it: GB seconds of a run, and a run's log.
_GB_SECONDS = {"producer": 0.5, "consumer": 2.0, "status": 2.0}
_CHECK_GB_SECONDS = 0.5
# It reads no secret.
_WITHOUT_SECRET = frozenset({"status"})
# A million records, as docs/cost.md has it.
BATCHED_MILLION, SINGLE_MILLION = "0.29", "1.38"
_LOG_GB_PER_RUN = 0.09 / 28_800


class Deployed(NamedTuple):
    """What of a stack costs.

    Args:
        metrics: custom metrics with values in the last three hours; None where they can't be counted.
        alarm_metrics: metrics that the alarms evaluate.
        runs: a month's runs of each probe and check, by name; None where the schedule has no rate.
        provisioned: whether the mappings have pollers of their own.
        traced: whether X-Ray is on.
    """

    metrics: int | None
    alarm_metrics: int
    composites: int
    runs: Mapping[str, float | None]
    secrets: int
    provisioned: bool
    traced: bool


class Line(NamedTuple):
    """A part of the sum; ``usd`` is None where it depends on what is not known."""

    part: str
    calculation: str
    usd: float | None


def runs_a_month(schedule: str) -> float | None:
    """How often a schedule of EventBridge runs in thirty days; None for anything but a rate."""
    rate = _RATE.fullmatch(schedule.strip())
    if rate is None or int(rate[1]) == 0:
        return None
    return _MONTH_MINUTES / (int(rate[1]) * _MINUTES[rate[2]])


def month(deployed: Deployed) -> list[Line]:
    """A line for each part; what grows with the records is per million of them."""
    lines = [_metrics(deployed.metrics)]
    alarms = deployed.alarm_metrics * ALARM + deployed.composites * COMPOSITE_ALARM
    calculation = f"{deployed.alarm_metrics} x {ALARM:.2f} + {deployed.composites} composite x {COMPOSITE_ALARM:.2f}"
    lines += [Line("alarms", calculation, alarms), *_runs(deployed.runs)]
    lines.append(Line("secrets", f"{deployed.secrets} x {SECRET:.2f}", deployed.secrets * SECRET))
    if deployed.provisioned:
        lines.append(Line("pollers", f"at least 1 unit x {POLLER_UNIT_HOUR}/h x {HOURS} h", POLLER_UNIT_HOUR * HOURS))
    per_million = f"{BATCHED_MILLION} per million records in batches, {SINGLE_MILLION} where each is an invocation"
    lines.append(Line("forwarder", per_million, None))
    if deployed.traced:
        lines.append(Line("X-Ray", f"{TRACES_MILLION:.2f} per million invocations", None))
    return lines


def _metrics(number: int | None) -> Line:
    if number is None:
        return Line("metrics", "could not be counted (cloudwatch:ListMetrics)", None)
    return Line("metrics", f"{number} with a value in the last 3 h x {METRIC:.2f}", number * METRIC)


def _runs(runs: Mapping[str, float | None]) -> list[Line]:
    unknown = [name for name, number in runs.items() if number is None]
    known = {name: number for name, number in runs.items() if number is not None}
    total = sum(known.values())
    gb_seconds = sum(number * _GB_SECONDS.get(name, _CHECK_GB_SECONDS) for name, number in known.items())
    reading = sum(number for name, number in known.items() if name not in _WITHOUT_SECRET)
    calls = reading * (SECRET_CALLS_10000 + KEY_CALLS_10000) / 10_000 + total * SCHEDULES_MILLION / 1_000_000
    usd = gb_seconds * GB_SECOND + total * (REQUEST + _LOG_GB_PER_RUN * LOG_GB) + calls
    lines = [Line("probes, checks", f"{total:,.0f} runs with their logs and secret reads", usd)]
    if unknown:
        lines.append(Line("other runs", f"{', '.join(unknown)}: the schedule is not a rate", None))
    return lines
