"""Exported topics as the text of a topics.yaml."""

from collections.abc import Sequence
from typing import Any

from mskv.answers import ExportedTopic
from mskv.output import printable, yaml_text

_INDENT = "  "


def topics_file(topics: Sequence[ExportedTopic], source: str) -> str:
    """The file.

    Args:
        source: the cluster, for the first line.
    """
    entries = [_entry(topic) for topic in topics]
    body = " []\n"
    if entries:
        body = "\n" + "\n".join(entries)
    return f"# Exported from {_comment(source)}. The form is described in docs/topics.md.\ntopics:{body}"


def _entry(topic: ExportedTopic) -> str:
    fields: dict[str, Any] = {
        "name": topic.name,
        "partitions": topic.partitions,
        "replication_factor": topic.replication_factor,
    }
    if topic.config:
        fields["config"] = {key: _plain(value) for key, value in topic.config.items()}
    lines = [f"{_INDENT}{line}\n" for line in yaml_text([fields]).splitlines()]
    if topic.note:
        lines.insert(0, f"{_INDENT}# {_comment(topic.note)}\n")
    return "".join(lines)


def _plain(value: str) -> str | int | bool:
    """A value of Kafka's in the type in which a person writes it."""
    if value in {"true", "false"}:
        return value == "true"
    if value.isascii() and value.lstrip("-").isdecimal() and str(int(value)) == value:
        return int(value)
    return value


def _comment(text: str) -> str:
    return printable(" ".join(text.split()))
