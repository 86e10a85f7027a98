"""``topics.yaml``: the topics that the user wants, with every mistake of the file reported at once, in its place."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.document import DocumentNode, Located, from_plain, from_yaml
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
        description="Kafka's topic configuration; keys in .ms take durations such as 7d or 1d12h, keys in .bytes sizes "
        "such as 512MiB, and retention takes unlimited. null takes the topic's own value away: the cluster's default "
        "holds then."
    ),
]


class TopicEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic as the file has it; what is left out comes from the defaults."""

    name: Annotated[str, Meta(description="Letters, digits, '.', '_' and '-'.", min_length=1, max_length=249)]
    partitions: Partitions | msgspec.UnsetType = msgspec.UNSET
    replication_factor: ReplicationFactor | msgspec.UnsetType = msgspec.UNSET
    config: Config = {}
    description: str = ""
    protected: Annotated[bool, Meta(description="Never deleted, unless the request says so.")] = False


class Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for every topic that does not say otherwise; configuration is merged key by key."""

    partitions: Partitions | msgspec.UnsetType = msgspec.UNSET
    replication_factor: ReplicationFactor | msgspec.UnsetType = msgspec.UNSET
    config: Config = {}
    protected: bool = False


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The topics that are wanted."""

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


def _declared(root: Located, problems: list[DocumentNode], subject: str) -> list[DeclaredTopic]:
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
        raise ConfigurationError(subject, [str(each) for each in sorted(problems, key=lambda each: each.order)])
    return topics


def _topic(merged: dict[str, Any]) -> DeclaredTopic:
    config: dict[str, str | None] = merged["config"]
    reset = tuple(key for key, value in config.items() if value is None)
    return DeclaredTopic(**{**merged, "config": _values(config), "reset": reset})


def _incomplete(entry: Located, merged: dict[str, Any]) -> Iterator[DocumentNode]:
    label = _label(entry)
    for key in ("partitions", "replication_factor"):
        if key not in merged and key not in entry.value:
            yield DocumentNode(entry.place, f"{label}: {key} is missing, here and in defaults")
    config = entry.value.get("config", Located({}, ""))
    places = {key: each.place for key, each in config.entries()} if isinstance(config.value, dict) else {}
    for key, problem in contradictions(merged.get("replication_factor"), _values(merged["config"])):
        yield DocumentNode(places.get(key, entry.place), f"{label}: {problem}")


def _values(config: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in config.items() if value is not None}


def _fields(entry: Located, model: type[msgspec.Struct], label: str, problems: list[DocumentNode]) -> dict[str, Any]:
    if not isinstance(entry.value, dict):
        problems.append(DocumentNode(entry.place, f"{label}: is not a mapping"))
        return {}
    problems += _unknown(entry, model, f"{label}: ")
    found: dict[str, Any] = {}
    for field in _fields_of(model):
        if field.name not in entry.value:
            if field.required:
                problems.append(DocumentNode(entry.place, f"{label}: {field.name} is missing"))
            continue
        each = entry.value[field.name]
        if field.name == "config":
            found["config"] = _config(each, label, problems)
            continue
        if each.value is None:
            problems.append(DocumentNode(each.place, f"{label}: {field.name}: is empty"))
            continue
        try:
            # CloudFormation hands custom resources every number as text.
            found[field.name] = msgspec.convert(_plain(each), field.type, strict=False)
        except msgspec.ValidationError as error:
            problem = _RANGES.get(field.name) or str(error)
            problems.append(DocumentNode(each.place, f"{label}: {field.name}: {problem}"))
    if wrong := name_problem(found.get("name", "orderly")):
        problems.append(DocumentNode(entry.value["name"].place, f"{label}: name: {wrong}"))
    return found


def _config(entry: Located, label: str, problems: list[DocumentNode]) -> dict[str, str | None]:
    if not isinstance(entry.value, dict):
        problems.append(DocumentNode(entry.place, f"{label}: config: is not a mapping"))
        return {}
    found: dict[str, str | None] = {}
    for key, each in entry.entries():
        if each.value is None:
            found[key] = None
            continue
        if isinstance(each.value, dict | list):
            problems.append(DocumentNode(each.place, f"{label}: config: {key}: is no text or number"))
            continue
        text = str(each.value).lower() if isinstance(each.value, bool) else str(each.value).strip()
        try:
            found[key] = to_kafka(key, text)
        except UnitError as error:
            problems.append(DocumentNode(each.place, f"{label}: config: {key}: {error}"))
    return found


def _unknown(entry: Located, model: type[msgspec.Struct], label: str = "") -> Iterator[DocumentNode]:
    known = [field.name for field in _fields_of(model)]
    for key, each in entry.entries():
        if key not in known:
            yield DocumentNode(each.place, f"{label}unknown key {key}; known: {', '.join(known)}")


@functools.cache
def _fields_of(model: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    # Finding out the types of a model takes longer than reading a topic.
    return msgspec.structs.fields(model)


def _plain(each: Located) -> Any:
    if isinstance(each.value, dict):
        return {key: _plain(value) for key, value in each.entries()}
    return [_plain(value) for value in each.value] if isinstance(each.value, list) else each.value


def _label(entry: Located) -> str:
    name = entry.value.get("name") if isinstance(entry.value, dict) else None
    return name.value if name and isinstance(name.value, str) else "a topic without a name"
