"""What a run of the local system came to: metrics, log bytes and calls, by state and function."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from local.cost.emf import measured

RECORDED = Path(__file__).with_name("counted.json")
# Lines of a probe of which there are as many, or which are as long, as there are brokers.
OF_BROKERS = ("broker", "verdict")
# There is one for each group.
GROUP_LINE = "consumer group"
# Of a look at the state of the path; its message is that state.
LOOK_LINE = "look"


class Metrics(msgspec.Struct, frozen=True, order=True):
    """Metrics that differ in the values of their dimensions only, and how many of them there were."""

    name: str
    dimensions: tuple[str, ...]
    number: int


class Lines(msgspec.Struct, frozen=True):
    """Log lines of one kind; ``bytes`` of all of them together."""

    number: int
    bytes: int


class FunctionCounts(msgspec.Struct, frozen=True):
    """What a function published in a state: how often it ran, the metrics, and its log lines by kind."""

    runs: int
    metrics: list[Metrics]
    lines: dict[str, Lines]


class Alarms(msgspec.Struct, frozen=True):
    """The template's alarms; ``metrics`` are those that they watch, which is what is billed."""

    metrics: int
    composites: int


class Counts(msgspec.Struct, frozen=True):
    """A whole run; ``states`` holds what was counted, by state and then by function.

    ``secret_calls`` and ``key_calls`` are those of one run of a probe or a check.
    """

    brokers: int
    alarms: Alarms
    heartbeat_alarms: Alarms
    schedules: int
    functions: int
    secret_calls: float
    states: dict[str, dict[str, FunctionCounts]]

    def metrics(self, state: str) -> list[Metrics]:
        """Every metric of a state, of all functions."""
        return self.metrics_of(state, *self.states[state])

    def metrics_of(self, state: str, *functions: str) -> list[Metrics]:
        """The metrics of some functions."""
        return list(itertools.chain.from_iterable(self.states[state][function].metrics for function in functions))


def recorded() -> Counts:
    """The counts of the run that was recorded last."""
    return msgspec.json.decode(RECORDED.read_bytes(), type=Counts)


def count_log(lines: Iterable[str], last_line: str) -> FunctionCounts:
    """Count a function's log.

    Args:
        last_line: the kind of line that each run writes once.
    """
    texts = list(lines)
    different = {measurement.metric for measurement in measured(texts)}
    kinds = Counter((metric.name, tuple(name for name, _ in metric.dimensions)) for metric in different)
    number: Counter[str] = Counter()
    octets: Counter[str] = Counter()
    for text in texts:
        kind = _kind(text)
        number[kind] += 1
        octets[kind] += len(text.encode())
    metrics = sorted(Metrics(name, dimensions, count) for (name, dimensions), count in kinds.items())
    return FunctionCounts(
        number[last_line], metrics, {kind: Lines(number[kind], octets[kind]) for kind in sorted(number)}
    )


def alarms(template: Mapping[str, Any], *, of_heartbeats: bool) -> Alarms:
    """The alarms of a built template that are there without a condition, or with heartbeats only."""
    metrics = composites = 0
    condition = "ForwardsHeartbeats" if of_heartbeats else None
    for resource in _resources(template):
        if resource.get("Condition") != condition:
            continue
        if resource["Type"] == "AWS::CloudWatch::CompositeAlarm":
            composites += 1
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            queries = resource["Properties"].get("Metrics", [{"MetricStat": {}}])
            metrics += sum("MetricStat" in query for query in queries)
    return Alarms(metrics, composites)


def schedules(template: Mapping[str, Any]) -> int:
    """How many schedules there are without a condition: those of functions, and resources of their own."""
    count = 0
    for resource in _resources(template):
        if "Condition" in resource:
            continue
        count += resource["Type"] == "AWS::Scheduler::Schedule"
        events = resource.get("Properties", {}).get("Events", {})
        count += sum(event["Type"] == "ScheduleV2" for event in events.values())
    return count


def functions(template: Mapping[str, Any]) -> int:
    """How many functions a template has."""
    return len(_of_type(template, "AWS::Serverless::Function"))


def _resources(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Without the loops, which are lists."""
    return [resource for resource in template["Resources"].values() if isinstance(resource, dict)]


def _of_type(template: Mapping[str, Any], resource_type: str) -> list[dict[str, Any]]:
    return [resource for resource in _resources(template) if resource["Type"] == resource_type]


def _kind(text: str) -> str:
    """A line's kind: its message where it has a short one of its own, otherwise its form."""
    try:
        entry = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return "lambda"
    if not isinstance(entry, dict):
        return "other"
    for key, kind in (("_aws", "metrics"), ("verdict", "verdict"), ("action", "action"), ("health", LOOK_LINE)):
        if key in entry:
            return kind
    return str(entry.get("message", "other"))
