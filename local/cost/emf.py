"""CloudWatch's embedded metric format: the metrics in a function's log lines."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec


class Metric(msgspec.Struct, frozen=True, order=True):
    """What CloudWatch bills as one metric: namespace, name, and its dimensions as sorted pairs."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


class Measured(msgspec.Struct, frozen=True):
    """A metric with the values of one log line."""

    metric: Metric
    values: tuple[float, ...]


def measured(lines: Iterable[str]) -> Iterator[Measured]:
    """Every metric of every line that is in the format; other lines hold none."""
    for line in lines:
        try:
            entry = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        if isinstance(entry, dict):
            for directive in entry.get("_aws", {}).get("CloudWatchMetrics", []):
                yield from _of_directive(directive, entry)


def _of_directive(directive: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[Measured]:
    for names in directive["Dimensions"]:
        dimensions = tuple(sorted((name, str(entry[name])) for name in names))
        for definition in directive["Metrics"]:
            metric = Metric(directive["Namespace"], definition["Name"], dimensions)
            values = entry[definition["Name"]]
            if not isinstance(values, list):
                values = [values]
            yield Measured(metric, tuple(values))
