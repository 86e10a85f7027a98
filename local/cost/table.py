"""The counts and prices as tables: README's, in both of its languages, and a page with everything."""

from pathlib import Path
from typing import Literal

import msgspec

from local.cost.counts import Counts
from local.cost.model import (
    CHECKS,
    ENDPOINTS,
    LOOKS,
    MILLION,
    PROBE_RUNS,
    ZONES,
    Idle,
    heartbeats,
    idle,
    metrics,
    prices,
    trickle_bytes,
)

Language = Literal["en", "ja"]
BROKERS, TOPICS = (3, 6, 30), (1, 10, 100)
_HEADS: dict[Language, str] = {"en": "| | calculation | USD |", "ja": "| | 計算 | USD |"}
_TEXTS = Path(__file__).with_name("rows.json")
# As docs/forwarder.md has them: a request of 20 ms, its handling, and an invocation's own time.
_TRICKLE_SECONDS, _FORWARDER_GB = 0.022 + 0.02, 1


class RowText(msgspec.Struct, frozen=True):
    """Label and calculation of a row in each language, with the names of ``numbers`` in braces."""

    key: str
    en: tuple[str, str]
    ja: tuple[str, str]


def money(usd: float) -> str:
    """Dollars, to two figures at least."""
    if usd >= 10:
        return f"{usd:,.0f}"
    if usd >= 0.095:
        return f"{usd:.2f}"
    return f"{usd:.3f}"


def dollars(counts: Counts) -> dict[str, float]:
    """What each row costs a month, by its key; three brokers, one forwarded topic."""
    price, month = prices(), idle(counts, "healthy", 3, 1)
    return {
        "metrics": month.metrics_usd,
        "alarms": month.alarms_usd,
        "probes": month.probes_usd,
        "upkeep": month.logs_usd + month.calls_usd,
        "idle": month.usd,
        "further": idle(counts, "healthy", 4, 1).usd - month.usd,
        "detailed": idle(counts, "detailed", 3, 1).usd,
        "heartbeats": heartbeats(counts),
        "secrets": 2 * price.secret,
        "flowing": _flowing(counts) * price.metric,
        "million": 2_000 * (11 * price.gb_second + price.request),
        "arrays": 2_000 * (0.13 * price.gb_second + price.request),
        "trickle": sum(_trickle(counts)),
        "traces": price.traces_million,
        "pollers": price.poller_unit_hour * price.hours,
        "endpoints": ENDPOINTS * ZONES * price.endpoint_hour * price.hours,
        "nat": price.nat_hour * price.hours,
    }


def numbers(counts: Counts) -> dict[str, float]:
    """What the calculations name."""
    month: Idle = idle(counts, "healthy", 3, 1)
    compute, requests, logs = _trickle(counts)
    reading = 2 * PROBE_RUNS + CHECKS
    return {
        "metrics": month.metrics,
        "alarms": month.alarms,
        "composites": month.composites,
        "gigabytes": month.gigabytes,
        "probe_runs": PROBE_RUNS,
        "checks": CHECKS,
        "looks": LOOKS,
        "runs": reading + LOOKS,
        "readings": round(reading * counts.secret_calls),
        "detailed": metrics(counts, "detailed", 3, 1),
        "each": metrics(counts, "detailed", 4, 1) - metrics(counts, "detailed", 3, 1),
        "heartbeat_alarms": counts.heartbeat_alarms.metrics,
        "flowing": _flowing(counts),
        "trickle_compute": compute,
        "trickle_requests": requests,
        "trickle_logs": logs,
        "trickle_bytes": trickle_bytes(counts),
    }


def _flowing(counts: Counts) -> int:
    return sum(metric.number for metric in counts.states["forwarding"]["forwarder"].metrics)


def _trickle(counts: Counts) -> tuple[float, float, float]:
    """Compute, requests and logs of a million invocations with a record each."""
    price = prices()
    seconds = MILLION * _TRICKLE_SECONDS * _FORWARDER_GB
    return (
        seconds * price.gb_second,
        MILLION * price.request,
        MILLION * trickle_bytes(counts) / 1e9 * price.log_gb,
    )


def readme_table(counts: Counts, language: Language) -> str:
    """README's table."""
    usd, named = dollars(counts), numbers(counts)
    lines = [_HEADS[language], "|---|---|---|"]
    for row in msgspec.json.decode(_TEXTS.read_bytes(), type=list[RowText]):
        label, calculation = {"en": row.en, "ja": row.ja}[language]
        lines.append(f"| {label} | {calculation.format(**named)} | {money(usd[row.key])} |")
    return "\n".join(lines) + "\n"


def with_table(page: str, counts: Counts, language: Language) -> str:
    """A README with the table in the place of the one that it has.

    Raises:
        ValueError: it has none.
    """
    before, head, after = page.partition(_HEADS[language])
    if not head:
        raise ValueError(f"no table begins with {_HEADS[language]}")
    return before + readme_table(counts, language) + "\n" + after.partition("\n\n")[2]


def _grid(counts: Counts, state: str) -> list[str]:
    heads = ["1 topic", *(f"{topics} topics" for topics in TOPICS[1:])]
    lines = [f"| | {' | '.join(heads)} |", "|---|" + "---|" * len(TOPICS)]
    for brokers in BROKERS:
        cells = (money(idle(counts, state, brokers, topics).usd) for topics in TOPICS)
        lines.append(f"| {brokers} brokers | {' | '.join(cells)} |")
    return lines


def _states(counts: Counts) -> list[str]:
    lines = ["| State | Function | Metrics |", "|---|---|---|"]
    for state, functions in counts.states.items():
        for function, counted in functions.items():
            names = ", ".join(f"`{metric.name}`" for metric in counted.metrics)
            if names and state != "detailed":
                lines.append(f"| {state} | {function} | {names} |")
    return lines


def report(counts: Counts) -> str:
    """Everything, as docs/cost.md has it."""
    price = prices()
    lines = [
        "# Cost per month",
        "",
        "Written by `make docs` from the counts of the last `make cost COST_ARGS=--record`; do not edit. `make cost`",
        "starts the local system, takes it through its states, and counts what the functions really published: each",
        f"metric with its dimensions, each log line, each secret read. Prices: {price.region}, {price.date}",
        f"({price.source}).",
        "",
        "CloudWatch bills a metric by its name and dimensions, for every hour in which it receives a value, and an",
        "alarm by the metrics that it evaluates. The dashboard is free where it is among an account's first three,",
        "otherwise it costs 3 USD.",
        "Provisioned pollers are for up to 5 MB/s; more units cost as much again.",
        "",
        readme_table(counts, "en"),
        "**Idle monitoring** by brokers and forwarded topics, by default:",
        "",
        *_grid(counts, "healthy"),
        "",
        "and with `DetailedMetrics=true`: the set of metrics that every stack had up to 0.1.0, and five new ones:",
        "",
        *_grid(counts, "detailed"),
        "",
        f"That is {metrics(counts, 'healthy', 3, 1)} metrics by default and {metrics(counts, 'detailed', 3, 1)} with",
        "`DetailedMetrics`, for three brokers and one topic.",
        "",
        "**What was published in each state**, by default:",
        "",
        *_states(counts),
        "",
    ]
    return "\n".join(lines)
