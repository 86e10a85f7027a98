"""CloudWatch's embedded metric format: the metrics in a function's log lines."""

from collections.abc import Iterable, Iterator

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
        directives = entry.get("_aws", {}).get("CloudWatchMetrics", []) if isinstance(entry, dict) else []
        for directive in directives:
            for names in directive["Dimensions"]:
                dimensions = tuple(sorted((name, str(entry[name])) for name in names))
                for definition in directive["Metrics"]:
                    metric = Metric(directive["Namespace"], definition["Name"], dimensions)
                    values = entry[definition["Name"]]
                    yield Measured(metric, tuple(values) if isinstance(values, list) else (values,))
