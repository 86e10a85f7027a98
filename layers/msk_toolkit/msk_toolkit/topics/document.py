"""A document as a tree in which every value has its place: a line and column of YAML, or a path into JSON."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from msk_toolkit.errors import ConfigurationError

# libyaml's loader is ten times as fast; a platform without it gets the same nodes.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML 1.1 reads 0777 as octal and 1:30 as base 60: never what was meant here.
_TRAPS = re.compile(r"[-+]?0[0-9_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_MERGE = "tag:yaml.org,2002:merge"
_DEEPEST = 20


class Located(NamedTuple):
    """A value and its place; mappings and lists hold located values in their turn."""

    value: Any
    place: str

    def entries(self) -> Iterator[tuple[str, "Located"]]:
        """The entries of a mapping."""
        yield from self.value.items()


class DocumentProblem(NamedTuple):
    """A problem and its place."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"

    @property
    def order(self) -> list[int]:
        """Where the place is in the document, to sort by."""
        return [int(number) for number in re.findall(r"\d+", self.place)]


def from_yaml(text: str, subject: str) -> tuple[Located, list[DocumentProblem]]:
    """The tree of a YAML text, and problems: duplicate keys, and values that YAML reads in a surprising manner.

    Raises:
        ConfigurationError: not YAML.
    """
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise ConfigurationError(subject, [_unreadable(text, error)]) from error
    problems: list[DocumentProblem] = []
    if root is None:
        return Located(None, "line 1, column 1"), problems
    return _from_node(root, _LOADER(""), problems, 0), problems


def from_plain(value: Any, path: str) -> Located:
    """The tree of parsed JSON; ``path`` is its place, such as ``topics``."""
    if isinstance(value, dict):
        return Located({str(key): from_plain(entry, f"{path}.{key}") for key, entry in value.items()}, path)
    if isinstance(value, list):
        return Located([from_plain(item, f"{path}[{number}]") for number, item in enumerate(value)], path)
    return Located(value, path)


def _unreadable(text: str, error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return _unreadable_character(text)
    where = _prefix(error)
    if isinstance(error, yaml.composer.ComposerError) and error.problem == "but found another document":
        return f"{where}a second document begins here (---): only one is read, so put its topics into the first"
    return f"{where}not YAML"


def _unreadable_character(text: str) -> str:
    # The two loaders count differently, and neither counts lines.
    odd = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if not odd:
        return "not YAML"
    before = text[: odd.start()]
    where = f"line {before.count('\n') + 1}, column {odd.start() - before.rfind('\n')}"
    return f"{where}: the character U+{ord(odd.group()):04X} is not allowed in YAML: remove it"


def _prefix(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark:
        return f"{_place(mark)}: "
    return ""


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _from_node(node: Any, loader: Any, problems: list[DocumentProblem], depth: int) -> Located:
    place = _place(node.start_mark)
    if depth > _DEEPEST:
        # An alias may lead back to its own parent.
        problems.append(DocumentProblem(place, "is nested too deeply"))
        return Located(None, place)
    if isinstance(node, yaml.MappingNode):
        return Located(_entries(node, loader, problems, depth + 1), place)
    if isinstance(node, yaml.SequenceNode):
        return Located([_from_node(item, loader, problems, depth + 1) for item in node.value], place)
    return Located(_scalar(node, loader, problems, place), place)


def _entries(mapping: Any, loader: Any, problems: list[DocumentProblem], depth: int) -> dict[str, Located]:
    entries: dict[str, Located] = {}
    for key_node, value_node in mapping.value:
        place = _place(key_node.start_mark)
        if key_node.tag == _MERGE:
            problem = "merge keys (<<) are not supported: write the keys out, or use defaults"
            problems.append(DocumentProblem(place, problem))
            continue
        key = str(_scalar(key_node, loader, problems, _place(mapping.start_mark)))
        if key in entries:
            problems.append(DocumentProblem(place, f"duplicate key {key}"))
        entries[key] = _from_node(value_node, loader, problems, depth)
    return entries


def _scalar(node: Any, loader: Any, problems: list[DocumentProblem], place: str) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        problems.append(DocumentProblem(place, "a key must be text"))
        return ""
    if not node.style and _TRAPS.fullmatch(node.value):
        problems.append(DocumentProblem(place, f"{node.value} is ambiguous in YAML: quote it, or write a plain number"))
        return node.value
    try:
        return _plain_value(node, loader)
    except (yaml.YAMLError, ValueError):  # ValueError: a date such as 2026-99-99
        problems.append(DocumentProblem(place, f"{node.tag.rpartition(':')[2]} is not a plain value"))
        return None


def _plain_value(node: Any, loader: Any) -> Any:
    value = loader.construct_object(node)
    # A date is text here, and 0.50 stays as it was written.
    if value is None or isinstance(value, bool | int | str):
        return value
    return node.value
