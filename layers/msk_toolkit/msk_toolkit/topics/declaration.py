"""``topics.yaml``: the declared topics, with every mistake of the file reported at once, in its place."""

import functools
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.complaints import complaint
from msk_toolkit.settings.plain import shown_name
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.document import MOST_FILE_BYTES, DocumentProblem, Located, from_plain, from_yaml
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
        octets = _octets(path)
    except FileNotFoundError:
        raise ConfigurationError("TOPICS_FILE", [f"{path} does not exist"]) from None
    except OSError as error:
        raise ConfigurationError("TOPICS_FILE", [f"{path} can't be read ({type(error).__name__})"]) from error
    try:
        text = octets.decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(path.name, ["not YAML: its text is not UTF-8"]) from error
    return _declared(*from_yaml(text, path.name), path.name)


def _octets(path: Path) -> bytes:
    """A file's content, of which no more is read than is accepted.

    Raises:
        ConfigurationError: it is longer.
    """
    with path.open("rb") as file:
        octets = file.read(MOST_FILE_BYTES + 1)
    if len(octets) > MOST_FILE_BYTES:
        raise ConfigurationError(
            path.name, [f"is longer than {MOST_FILE_BYTES:,} bytes: declare fewer topics, or use defaults"]
        )
    return octets


def parse_declaration(document: Any, subject: str) -> list[DeclaredTopic]:
    """The declared topics of parsed JSON; ``subject`` names it in errors.

    Raises:
        ConfigurationError: with every mistake.
    """
    return _declared(*from_plain(document, "$"), subject)


def _declared(root: Located, problems: list[DocumentProblem], subject: str) -> list[DeclaredTopic]:
    if not _lists_topics(root):
        raise ConfigurationError(subject, [*map(str, problems), "a list named topics is needed"])
    problems += _unknown(root, Declaration)
    defaults = _fields(root.value.get("defaults", Located({}, root.place)), Defaults, "defaults", problems)
    entries = root.value["topics"].value
    topics = [_merged(entry, defaults, problems) for entry in entries]
    problems += collisions(_names(entries, topics))
    if problems:
        raise ConfigurationError(subject, list(map(str, sorted(problems, key=attrgetter("order")))))
    return [_topic(merged) for merged in topics]


def _lists_topics(root: Located) -> bool:
    return isinstance(root.value, dict) and isinstance(root.value.get("topics", root).value, list)


def _merged(entry: Located, defaults: dict[str, Any], problems: list[DocumentProblem]) -> dict[str, Any]:
    """The fields of a topic with the defaults that it does not set."""
    own = _fields(entry, TopicEntry, _label(entry), problems)
    merged = {**defaults, **own, "config": {**defaults.get("config", {}), **own.get("config", {})}}
    if isinstance(entry.value, dict):
        problems += _incomplete(entry, merged)
    return merged


def _names(entries: Iterable[Located], topics: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The names that could be read, each after its place."""
    for entry, topic in zip(entries, topics, strict=True):
        if "name" in topic:
            yield entry.value["name"].place, topic["name"]


def _topic(merged: dict[str, Any]) -> DeclaredTopic:
    config: dict[str, str | None] = merged["config"]
    reset = tuple(key for key, value in config.items() if value is None)
    return DeclaredTopic(**{**merged, "config": _values(config), "reset": reset})


def _incomplete(entry: Located, merged: dict[str, Any]) -> Iterator[DocumentProblem]:
    label = _label(entry)
    for key in ("partitions", "replication_factor"):
        if key not in merged and key not in entry.value:
            yield DocumentProblem(entry.place, f"{label}: {key} is missing, here and in defaults")
    places = _places_of_keys(entry)
    for key, problem in contradictions(merged.get("replication_factor"), _values(merged["config"])):
        yield DocumentProblem(places.get(key, entry.place), f"{label}: {problem}")


def _places_of_keys(entry: Located) -> dict[str, str]:
    config = entry.value.get("config", Located({}, ""))
    if not isinstance(config.value, dict):
        return {}
    return {key: value.place for key, value in config.entries()}


def _values(config: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in config.items() if value is not None}


def _fields(entry: Located, model: type[msgspec.Struct], label: str, problems: list[DocumentProblem]) -> dict[str, Any]:
    if not isinstance(entry.value, dict):
        problems.append(DocumentProblem(entry.place, f"{label}: is not a mapping"))
        return {}
    problems += _unknown(entry, model, f"{label}: ")
    fields = _known_fields(entry, model, label, problems)
    if "name" in fields:
        problems += _name_problems(entry.value["name"], fields["name"], label)
    return fields


def _known_fields(
    entry: Located, model: type[msgspec.Struct], label: str, problems: list[DocumentProblem]
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for field in _fields_of(model):
        if field.name in entry.value:
            fields |= _field(field, entry.value[field.name], label, problems)
        elif field.required:
            problems.append(DocumentProblem(entry.place, f"{label}: {field.name} is missing"))
    return fields


def _field(
    field: msgspec.structs.FieldInfo, value: Located, label: str, problems: list[DocumentProblem]
) -> dict[str, Any]:
    """A field by its name; nothing where its value is wrong."""
    if field.name == "config":
        return {"config": _config(value, label, problems)}
    if value.value is None:
        problems.append(DocumentProblem(value.place, f"{label}: {field.name}: is empty"))
        return {}
    try:
        # CloudFormation hands custom resources every number as text.
        return {field.name: msgspec.convert(_plain(value), field.type, strict=False)}
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        problem = _RANGES.get(field.name) or complaint(error)
        problems.append(DocumentProblem(value.place, f"{label}: {field.name}: {problem}"))
        return {}


def _name_problems(located: Located, name: str, label: str) -> Iterator[DocumentProblem]:
    if problem := name_problem(name):
        yield DocumentProblem(located.place, f"{label}: name: {problem}")


def _config(entry: Located, label: str, problems: list[DocumentProblem]) -> dict[str, str | None]:
    if not isinstance(entry.value, dict):
        problems.append(DocumentProblem(entry.place, f"{label}: config: is not a mapping"))
        return {}
    config: dict[str, str | None] = {}
    for key, value in entry.entries():
        try:
            config[key] = _config_value(key, value.value)
        except (UnitError, _NotPlainError) as error:
            problems.append(DocumentProblem(value.place, f"{label}: config: {shown_name(key)}: {error}"))
    return config


class _NotPlainError(ValueError):
    """A value of the configuration that is a list or a mapping."""


def _config_value(key: str, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise _NotPlainError("must be text or a number")
    return to_kafka(key, _text(value))


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip()


def _unknown(entry: Located, model: type[msgspec.Struct], label: str = "") -> Iterator[DocumentProblem]:
    known = [field.name for field in _fields_of(model)]
    for key, value in entry.entries():
        if key not in known:
            yield DocumentProblem(value.place, f"{label}unknown key {shown_name(key)}; known: {', '.join(known)}")


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
            return shown_name(name.value)
    return "a topic without a name"
