"""``topics.yaml``: the declared topics, with every mistake of the file reported at once, in its place."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.document import DocumentProblem, Located, from_plain, from_yaml
from msk_toolkit.topics.rules import collisions, contradictions, name_problem
from msk_toolkit.topics.units import UnitError, to_kafka

_MOST_PARTITIONS = 100_000
_MOST_REPLICAS = 15
_RANGES = {
    "partitions": f"must be a whole number from 1 to {_MOST_PARTITIONS:,}",
    "replication_factor": f"must be a whole number from 1 to {_MOST_REPLICAS}",
}
Partitions = Annotated[int, Meta(ge=1, le=_MOST_PARTITIONS)]
ReplicationFactor = Annotated[int, Meta(ge=1, le=_MOST_REPLICAS)]
Config = Annotated[
    dict[str, str | int | float | bool | None],
    Meta(
        description="Kafka's topic configuration; keys in .ms accept durations such as 7d or 1d12h, keys in .bytes "
        "sizes such as 512MiB, and retention accepts unlimited. null removes the topic's own value: the cluster's "
        "default applies then."
    ),
]


class TopicEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic in the file; what is omitted comes from the defaults."""

    name: Annotated[str, Meta(description="Letters, digits, '.', '_' and '-'.", min_length=1, max_length=249)]
    partitions: Partitions | msgspec.UnsetType = msgspec.UNSET
    replication_factor: ReplicationFactor | msgspec.UnsetType = msgspec.UNSET
    config: Config = {}
    description: str = ""
    protected: Annotated[bool, Meta(description="Never deleted, unless the request says so.")] = False


class Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values for every topic that sets none; configuration is merged key by key."""

    partitions: Partitions | msgspec.UnsetType = msgspec.UNSET
    replication_factor: ReplicationFactor | msgspec.UnsetType = msgspec.UNSET
    config: Config = {}
    protected: bool = False


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The declared topics."""

    topics: list[TopicEntry]
    defaults: Defaults = Defaults()


def read_declaration(path: Path) -> list[DeclaredTopic]:
    """The declared topics of a file.

    Raises:
        ConfigurationError: the file can't be read or is not YAML, or holds mistakes: all of them.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError("TOPICS_FILE", [f"{path} does not exist"]) from None
    except OSError as error:
        raise ConfigurationError("TOPICS_FILE", [f"{path} can't be read ({type(error).__name__})"]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(path.name, ["not YAML: its text is not UTF-8"]) from error
    return _declared(*from_yaml(text, path.name), path.name)


def parse_declaration(document: Any, subject: str) -> list[DeclaredTopic]:
    """The declared topics of parsed JSON; ``subject`` names it in errors.

    Raises:
        ConfigurationError: with every mistake.
    """
    return _declared(from_plain(document, "$"), [], subject)


def _declared(root: Located, problems: list[DocumentProblem], subject: str) -> list[DeclaredTopic]:
    if not isinstance(root.value, dict) or not isinstance(root.value.get("topics", root).value, list):
        raise ConfigurationError(subject, [*map(str, problems), "a list named topics is needed"])
    problems += _unknown(root, Declaration)
    defaults = _fields(root.value.get("defaults", Located({}, root.place)), Defaults, "defaults", problems)
    topics: list[DeclaredTopic] = []
    names: list[tuple[str, str]] = []
    for entry in root.value["topics"].value:
        own = _fields(entry, TopicEntry, _label(entry), problems)
        merged = {**defaults, **own, "config": {**defaults.get("config", {}), **own.get("config", {})}}
        if isinstance(entry.value, dict):
            problems += _incomplete(entry, merged)
        if "name" in own:
            names.append((entry.value["name"].place, own["name"]))
        if not problems:
            topics.append(_topic(merged))
    problems += collisions(names)
    if problems:
        raise ConfigurationError(
            subject, [str(problem) for problem in sorted(problems, key=lambda problem: problem.order)]
        )
    return topics


def _topic(merged: dict[str, Any]) -> DeclaredTopic:
    config: dict[str, str | None] = merged["config"]
    reset = tuple(key for key, value in config.items() if value is None)
    return DeclaredTopic(**{**merged, "config": _values(config), "reset": reset})


def _incomplete(entry: Located, merged: dict[str, Any]) -> Iterator[DocumentProblem]:
    label = _label(entry)
    for key in ("partitions", "replication_factor"):
        if key not in merged and key not in entry.value:
            yield DocumentProblem(entry.place, f"{label}: {key} is missing, here and in defaults")
    config = entry.value.get("config", Located({}, ""))
    places: dict[str, str] = {}
    if isinstance(config.value, dict):
        places = {key: value.place for key, value in config.entries()}
    for key, problem in contradictions(merged.get("replication_factor"), _values(merged["config"])):
        yield DocumentProblem(places.get(key, entry.place), f"{label}: {problem}")


def _values(config: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in config.items() if value is not None}


def _fields(entry: Located, model: type[msgspec.Struct], label: str, problems: list[DocumentProblem]) -> dict[str, Any]:
    if not isinstance(entry.value, dict):
        problems.append(DocumentProblem(entry.place, f"{label}: is not a mapping"))
        return {}
    problems += _unknown(entry, model, f"{label}: ")
    fields: dict[str, Any] = {}
    for field in _fields_of(model):
        if field.name not in entry.value:
            if field.required:
                problems.append(DocumentProblem(entry.place, f"{label}: {field.name} is missing"))
            continue
        value = entry.value[field.name]
        if field.name == "config":
            fields["config"] = _config(value, label, problems)
            continue
        if value.value is None:
            problems.append(DocumentProblem(value.place, f"{label}: {field.name}: is empty"))
            continue
        try:
            # CloudFormation hands custom resources every number as text.
            fields[field.name] = msgspec.convert(_plain(value), field.type, strict=False)
        except msgspec.ValidationError as error:
            problem = _RANGES.get(field.name) or str(error)
            problems.append(DocumentProblem(value.place, f"{label}: {field.name}: {problem}"))
    if "name" in fields and (wrong := name_problem(fields["name"])):
        problems.append(DocumentProblem(entry.value["name"].place, f"{label}: name: {wrong}"))
    return fields


def _config(entry: Located, label: str, problems: list[DocumentProblem]) -> dict[str, str | None]:
    if not isinstance(entry.value, dict):
        problems.append(DocumentProblem(entry.place, f"{label}: config: is not a mapping"))
        return {}
    config: dict[str, str | None] = {}
    for key, value in entry.entries():
        if value.value is None:
            config[key] = None
            continue
        if isinstance(value.value, dict | list):
            problems.append(DocumentProblem(value.place, f"{label}: config: {key}: must be text or a number"))
            continue
        try:
            config[key] = to_kafka(key, _text(value.value))
        except UnitError as error:
            problems.append(DocumentProblem(value.place, f"{label}: config: {key}: {error}"))
    return config


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip()


def _unknown(entry: Located, model: type[msgspec.Struct], label: str = "") -> Iterator[DocumentProblem]:
    known = [field.name for field in _fields_of(model)]
    for key, value in entry.entries():
        if key not in known:
            yield DocumentProblem(value.place, f"{label}unknown key {key}; known: {', '.join(known)}")


@functools.cache
def _fields_of(model: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    # Reading the types of a model takes longer than reading a topic.
    return msgspec.structs.fields(model)


def _plain(located: Located) -> Any:
    if isinstance(located.value, dict):
        return {key: _plain(value) for key, value in located.entries()}
    if isinstance(located.value, list):
        return [_plain(value) for value in located.value]
    return located.value


def _label(entry: Located) -> str:
    if isinstance(entry.value, dict):
        name = entry.value.get("name")
        if name and isinstance(name.value, str):
            return name.value
    return "a topic without a name"
