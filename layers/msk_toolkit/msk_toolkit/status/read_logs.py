"""What the functions' logs say, within a bounded number of pages and characters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msk_toolkit.aws.log_lines import LogLine, PageLimit, lines_within, newest_line
from msk_toolkit.status.deliveries import RATE_SECONDS, current_troubles
from msk_toolkit.status.facts import CheckLine, Deliveries, Fact, FailingSince, GroupReading, SetAsideLine, StackFacts
from msk_toolkit.status.log_entries import (
    BROKER_PATTERN,
    CHECK_PATTERN,
    FORWARDER_PATTERN,
    GROUP_PATTERN,
    REFUSAL_PATTERN,
    broker_failed,
    group_reading,
    read_crash,
    read_delivery,
    read_refusal,
)

# Ends of the times that are read, in seconds before now: each only where those before did not say enough. CloudWatch
# answers the oldest lines of a time first, so a busy log must be asked about a short one.
_FORWARDER_STEPS = (30.0, RATE_SECONDS, 600.0, 1800.0, 7200.0)
# Two runs of a probe that runs every five minutes, or every half hour.
_GROUP_STEPS = (900.0, 4500.0)
_BROKER_STEPS = (1800.0, 7200.0)
_REFUSAL_STEPS = (600.0, 7200.0, 86_400.0)
_PAGES, _CHARACTERS = 12, 8_000_000
_CHECK_SECONDS = 9000.0


def read_deliveries(logs: Any, stack: StackFacts, group: str, now: float) -> Fact[Deliveries]:
    """The forwarder's invocations, as far back as needed to know of each topic how it is and since when.

    Args:
        logs: boto3's ``logs`` client.

    Raises:
        AwsError: the log could not be read.
    """
    deliveries = Deliveries(since=now)
    for start, lines in _backwards(logs, group, FORWARDER_PATTERN, now, _FORWARDER_STEPS):
        deliveries = _earlier(deliveries, start, lines)
        if now - start >= RATE_SECONDS and _says_enough(deliveries, stack):
            break
    if deliveries.since == now:
        return Fact(why=f"{group} has more lines within {_FORWARDER_STEPS[0]:.0f} s than are read here")
    return Fact(deliveries)


def _earlier(deliveries: Deliveries, start: float, lines: Sequence[LogLine]) -> Deliveries:
    reported = list(filter(None, map(read_delivery, lines)))
    crashes = list(filter(None, map(read_crash, lines)))
    return Deliveries([*reported, *deliveries.lines], start, [*crashes, *deliveries.crashes])


def _says_enough(deliveries: Deliveries, stack: StackFacts) -> bool:
    """Whether earlier lines add nothing: every topic was delivered, and it is known since when a partition fails."""
    delivered: set[str] = set()
    for line in deliveries.lines:
        delivered.update(place.rpartition("-")[0] for place, counts in line.places.items() if counts.delivered)
    known = not any(trouble.since_at_least for trouble in current_troubles(deliveries).values())
    return known and delivered.issuperset(stack.forwarded)


def read_groups(logs: Any, stack: StackFacts, group: str, now: float) -> Fact[Mapping[str, Sequence[GroupReading]]]:
    """The last readings of the forwarder's consumer groups, the oldest first.

    Raises:
        AwsError: the log could not be read.
    """
    readings: dict[str, list[GroupReading]] = {}
    read = False
    for _, lines in _backwards(logs, group, GROUP_PATTERN, now, _GROUP_STEPS):
        read = True
        earlier: dict[str, list[GroupReading]] = {}
        for name, reading in filter(None, map(group_reading, lines)):
            earlier.setdefault(name, []).append(reading)
        for name, newer in earlier.items():
            readings[name] = newer + readings.get(name, [])
        if all(len(readings.get(stack.group_of(topic), ())) > 1 for topic in stack.topics):
            break
    if not read:
        return Fact(why=f"{group} has more lines within {_GROUP_STEPS[0]:.0f} s than are read here")
    return Fact(readings)


def read_failing(logs: Any, group: str, now: float) -> Mapping[str, FailingSince]:
    """The brokers that fail by the last lines about them, and since when.

    Raises:
        AwsError: the log could not be read.
    """
    runs: list[tuple[str, bool, float]] = []
    for _, lines in _backwards(logs, group, BROKER_PATTERN, now, _BROKER_STEPS):
        runs = [*_broker_runs(lines), *runs]
        failing = failing_since(runs)
        if not any(since.at_least for since in failing.values()):
            return failing
    return failing_since(runs)


def _broker_runs(lines: Sequence[LogLine]) -> Iterator[tuple[str, bool, float]]:
    for line in lines:
        entry = broker_failed(line)
        if entry is not None:
            yield (*entry, line.written_at)


def failing_since(runs: Sequence[tuple[str, bool, float]]) -> dict[str, FailingSince]:
    """By broker, when its current failures began: broker, whether it failed, and the time of each run, oldest first."""
    failing: dict[str, FailingSince] = {}
    passed: set[str] = set()
    for broker, failed, at in runs:
        if not failed:
            passed.add(broker)
            failing.pop(broker, None)
        elif broker not in failing:
            failing[broker] = FailingSince(at, at_least=broker not in passed)
    return failing


def read_refusals(logs: Any, group: str, now: float) -> Fact[Sequence[SetAsideLine]]:
    """The last records that the forwarder set aside within a day, the oldest first.

    Raises:
        AwsError: the log could not be read.
    """
    for _, lines in _backwards(logs, group, REFUSAL_PATTERN, now, _REFUSAL_STEPS):
        refusals = list(filter(None, map(read_refusal, lines)))
        if refusals:
            return Fact(refusals)
    return Fact([])


def read_check(logs: Any, group: str, read: Callable[[LogLine], CheckLine | None], now: float) -> Fact[CheckLine]:
    """The last check that a function logged.

    Raises:
        AwsError: the log could not be read.
    """
    check = newest_line(logs, group, CHECK_PATTERN, read, now=now, back_seconds=_CHECK_SECONDS)
    if check is None:
        return Fact(why=f"no check has run in the last {_CHECK_SECONDS / 3600:.1f} hours; see the log {group}")
    if check.failed:
        return Fact(why=f"the last check failed: {'; '.join([check.summary, *check.findings[:1]])}")
    return Fact(check)


def _backwards(
    logs: Any, group: str, pattern: str, now: float, steps: Sequence[float]
) -> Iterator[tuple[float, list[LogLine]]]:
    """The lines of each time, the newest first; ends before one with more lines than may be read."""
    limit = PageLimit(_PAGES, _CHARACTERS)
    end = now
    for seconds in steps:
        start = now - seconds
        lines = lines_within(logs, group, pattern, start, end, limit)
        if lines is None:
            return
        yield start, lines
        # Times are whole milliseconds, and both ends belong to a request.
        end = start - 0.001
