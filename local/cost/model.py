"""From counts and prices to what a month costs: pure arithmetic."""

import itertools
from pathlib import Path
from typing import NamedTuple

import msgspec

from local.cost.counts import GROUP_LINE, OF_BROKERS, Counts, FunctionCounts, Metrics

_PRICES = Path(__file__).with_name("prices.json")
PROBES = ("producer-probe", "consumer-probe")
# What runs by itself; the forwarder runs where records arrive, the redrive on request.
# The drift check, and the check of the forwarder's targets; both run by one parameter.
CHECKING = ("topics", "connect")
READ_SECRETS = (*PROBES, *CHECKING)
LOOKING = "status"
MONITORS = (*READ_SECRETS, LOOKING)
_GB = 1e9
# The defaults of the template: a run each five minutes, two checks each thirty, for thirty days.
PROBE_RUNS, CHECKS, LOOKS = 8_640, 2 * 1_440, 8_640
# What a run takes on Lambda, in seconds; three of the consumer's are the wait that a group begins with.
PROBE_SECONDS, CHECK_SECONDS, PROBE_GB = (1, 4), 1, 0.5
LOOK_SECONDS, LOOK_GB = 2, 1
ZONES, ENDPOINTS = 3, 4
# What Lambda itself writes for an invocation in JSON: its start and its report, in bytes.
LAMBDA_LINES = 600
MILLION = 1_000_000


class Prices(msgspec.Struct, frozen=True):
    """US dollars; a month has ``hours``. Named by what one of it costs a month, or by its unit."""

    date: str
    region: str
    source: str
    hours: int
    metric: float
    alarm: float
    composite_alarm: float
    gb_second: float
    request: float
    log_gb: float
    schedules_million: float
    secret: float
    secret_calls_10000: float
    key_calls_10000: float
    poller_unit_hour: float
    endpoint_hour: float
    nat_hour: float
    traces_million: float


class Idle(NamedTuple):
    """What the monitoring of a stack costs a month through which nothing happens; numbers first, then US dollars."""

    metrics: int
    alarms: int
    composites: int
    gigabytes: float
    metrics_usd: float
    alarms_usd: float
    probes_usd: float
    logs_usd: float
    calls_usd: float

    @property
    def usd(self) -> float:
        """All of it."""
        return self.metrics_usd + self.alarms_usd + self.probes_usd + self.logs_usd + self.calls_usd


def prices() -> Prices:
    """The prices as they were last looked up."""
    return msgspec.json.decode(_PRICES.read_bytes(), type=Prices)


def metrics(counts: Counts, state: str, brokers: int, topics: int) -> int:
    """How many metrics the monitoring has in a state; of those of a broker or group, for these numbers of them."""
    return round(sum(_number(counts, metric, brokers, topics) for metric in counts.metrics_of(state, *MONITORS)))


def _number(counts: Counts, metric: Metrics, brokers: int, topics: int) -> float:
    if "Broker" in metric.dimensions:
        return metric.number * brokers / counts.brokers
    # A group that has committed nothing yet has no lag: in a month each has.
    if "Group" in metric.dimensions:
        return topics
    return metric.number


def idle(counts: Counts, state: str, brokers: int, topics: int) -> Idle:
    """A month of ``state``, which is healthy or detailed."""
    price = prices()
    number = metrics(counts, state, brokers, topics)
    by_function = counts.states[state]
    octets = sum(_bytes(counts, by_function[probe], brokers, topics) for probe in PROBES) * PROBE_RUNS
    octets += topics * _group_line(counts) * PROBE_RUNS
    checks = (_bytes(counts, by_function[function], brokers, topics) for function in CHECKING)
    octets += sum(checks) * CHECKS / len(CHECKING)
    octets += _bytes(counts, by_function[LOOKING], brokers, topics) * LOOKS
    reading = 2 * PROBE_RUNS + CHECKS
    runs = reading + LOOKS
    calls = reading * counts.secret_calls / 10_000
    gb_seconds = (sum(PROBE_SECONDS) * PROBE_RUNS + CHECK_SECONDS * CHECKS) * PROBE_GB
    gb_seconds += LOOK_SECONDS * LOOKS * LOOK_GB
    alarms = counts.alarms
    return Idle(
        metrics=number,
        alarms=alarms.metrics,
        composites=alarms.composites,
        gigabytes=octets / _GB,
        metrics_usd=number * price.metric,
        alarms_usd=alarms.metrics * price.alarm + alarms.composites * price.composite_alarm,
        probes_usd=gb_seconds * price.gb_second + runs * price.request,
        logs_usd=octets / _GB * price.log_gb,
        # The SCRAM secret has a customer managed key: each reading decrypts.
        calls_usd=calls * (price.secret_calls_10000 + price.key_calls_10000) + runs / MILLION * price.schedules_million,
    )


def _bytes(counts: Counts, function: FunctionCounts, brokers: int, topics: int) -> float:
    """Log bytes of a run, with what Lambda writes; without the lines of the groups."""
    total = float(LAMBDA_LINES)
    for kind, lines in function.lines.items():
        if kind in ("lambda", GROUP_LINE):
            continue
        scale = 1.0
        if kind in OF_BROKERS:
            scale = brokers / counts.brokers
        elif kind == "metrics":
            # Their lines are as long as there are metrics.
            before = sum(metric.number for metric in function.metrics)
            scale = sum(_number(counts, metric, brokers, topics) for metric in function.metrics) / before
        total += lines.bytes / function.runs * scale
    return total


def _group_line(counts: Counts) -> float:
    """Bytes of the line about a group."""
    functions = itertools.chain.from_iterable(by_function.values() for by_function in counts.states.values())
    lines = [function.lines[GROUP_LINE] for function in functions if GROUP_LINE in function.lines]
    return sum(line.bytes for line in lines) / sum(line.number for line in lines)


def trickle_bytes(counts: Counts) -> int:
    """Log bytes of an invocation of the forwarder, with what Lambda writes."""
    function = counts.states["trickle"]["forwarder"]
    own = sum(lines.bytes for kind, lines in function.lines.items() if kind != "lambda")
    return round(own / function.runs) + LAMBDA_LINES


def heartbeats(counts: Counts) -> float:
    """The heartbeat through the whole path: its alarms, its metric, and the forwarder's that is there with it."""
    price, alarms = prices(), counts.heartbeat_alarms
    return alarms.metrics * price.alarm + alarms.composites * price.composite_alarm + 2 * price.metric
