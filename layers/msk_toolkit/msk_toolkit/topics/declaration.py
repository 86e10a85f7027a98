"""``topics.yaml``: the topics that the user wants, with every mistake of the file reported at once."""

import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import Meta

from msk_toolkit.errors import ConfigurationError

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_KEYS = ("topics",)


class DeclaredTopic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One topic as declared.

    ``config`` holds Kafka's topic configuration, such as ``retention.ms``, in Kafka's own units.
    """

    name: Annotated[str, Meta(description="Letters, digits, '.', '_' and '-'.", min_length=1, max_length=249)]
    partitions: Annotated[int, Meta(ge=1, le=100_000)]
    replication_factor: Annotated[int, Meta(ge=1, le=15)]
    config: dict[str, str | int | float | bool] = {}
    description: str = ""

    @property
    def config_text(self) -> dict[str, str]:
        """The configuration as Kafka takes it: all values as text, booleans in lower case."""
        return {
            key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in self.config.items()
        }


def read_declaration(path: Path) -> list[DeclaredTopic]:
    """The declared topics of a file.

    Raises:
        ConfigurationError: the file can't be read or is not YAML, or holds mistakes: all of them.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError("TOPICS_FILE", [f"{path} does not exist"]) from None
    except OSError as error:
        raise ConfigurationError("TOPICS_FILE", [f"{path} can't be read ({type(error).__name__})"]) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: not UTF-8, or no such date or number
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "its text"
        raise ConfigurationError(path.name, [f"not YAML: see {where}"]) from error
    return parse_declaration(document, path.name)


def parse_declaration(document: Any, subject: str) -> list[DeclaredTopic]:
    """The declared topics of a parsed document; ``subject`` names it in errors.

    Raises:
        ConfigurationError: with every mistake.
    """
    if not isinstance(document, dict) or not isinstance(document.get("topics"), list):
        raise ConfigurationError(subject, ["a list named topics is needed"])
    problems = [f"{key}: unknown key; known: topics" for key in document if key not in _KEYS]
    topics: list[DeclaredTopic] = []
    for number, entry in enumerate(document["topics"], start=1):
        name = entry.get("name") if isinstance(entry, dict) else None
        label = f"topic {number}" + (f" ({name})" if isinstance(name, str) else "")
        found, wrong = _parse_topic(entry)
        problems += [f"{label}: {problem}" for problem in wrong]
        if found:
            topics.append(found)
    problems += _collisions(topics)
    if problems:
        raise ConfigurationError(subject, problems)
    return topics


def _parse_topic(entry: Any) -> tuple[DeclaredTopic | None, list[str]]:
    if not isinstance(entry, dict):
        return None, ["is not a mapping with name, partitions and replication_factor"]
    fields = {field.name: field for field in msgspec.structs.fields(DeclaredTopic)}
    problems = [f"unknown key {key}; known: {', '.join(fields)}" for key in entry if key not in fields]
    values: dict[str, Any] = {}
    for key, field in fields.items():
        if key not in entry:
            if field.required:
                problems.append(f"{key} is missing")
            continue
        try:
            # CloudFormation hands custom resources every number as text.
            values[key] = msgspec.convert(entry[key], field.type, strict=False)
        except msgspec.ValidationError as error:
            problems.append(f"{key}: {error}")
    name = values.get("name", "")
    if name and (not _NAME.fullmatch(name) or name in {".", ".."}):
        problems.append(f"name: {name!r} may hold only letters, digits, '.', '_' and '-'")
    return (None, problems) if problems else (DeclaredTopic(**values), [])


def _collisions(topics: list[DeclaredTopic]) -> list[str]:
    problems = []
    seen: dict[str, str] = {}
    for topic in topics:
        # Kafka's metric names turn '.' into '_', so it refuses two names that differ only there.
        key = topic.name.replace(".", "_")
        other = seen.setdefault(key, topic.name) if key in seen else None
        seen.setdefault(key, topic.name)
        if other == topic.name:
            problems.append(f"{topic.name}: declared twice")
        elif other:
            problems.append(f"{topic.name}: collides with {other}: Kafka holds '.' and '_' for the same")
    return problems
