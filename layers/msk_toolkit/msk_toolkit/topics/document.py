"""A document as a tree in which every value has its place: a line and column of YAML, or a path into JSON."""

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.plain import is_text, shown_name

# libyaml's loader is ten times as fast; a platform without it gets the same nodes.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML 1.1 reads 0777 as octal and 1:30 as base 60: never what was meant here.
_TRAPS = re.compile(r"[-+]?0[0-9_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_MERGE = "tag:yaml.org,2002:merge"
# Longer files are not read: some 10,000 topics with a configuration of their own.
MOST_FILE_BYTES = 2_000_000
# What aliases may repeat: configurations of some values, for some thousand topics.
MOST_REPEATED = 100_000
_DEEPEST = 20
_TOO_DEEP = "is nested too deeply"
_BEYOND_KAFKA = 2**63


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
        _check_levels(text, subject)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise ConfigurationError(subject, [_unreadable(text, error)]) from error
    problems: list[DocumentProblem] = []
    if root is None:
        return Located(None, "line 1, column 1"), problems
    return _Tree(problems).located(root), problems


def _check_levels(text: str, subject: str) -> None:
    """Refuse what is nested too deeply before a tree is made of it: the parser reads levels one by one, the composer
    within one another."""
    level = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
            if level > _DEEPEST:
                raise ConfigurationError(subject, [f"{_place(event.start_mark)}: {_TOO_DEEP}"])
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1


def from_plain(value: Any, path: str) -> tuple[Located, list[DocumentProblem]]:
    """The tree of parsed JSON, and problems: what no JSON text can hold, and what is nested too deeply.

    Args:
        path: the value's place, such as ``topics``.
    """
    problems: list[DocumentProblem] = []
    return _from_value(value, path, problems, 0), problems


def _from_value(value: Any, path: str, problems: list[DocumentProblem], depth: int) -> Located:
    if depth > _DEEPEST:
        problems.append(DocumentProblem(path, _TOO_DEEP))
        return Located(None, path)
    if isinstance(value, dict):
        entries: dict[str, Located] = {}
        for key, entry in value.items():
            place = f"{path}.{shown_name(key)}"
            _check_text(str(key), place, problems)
            entries[str(key)] = _from_value(entry, place, problems, depth + 1)
        return Located(entries, path)
    if isinstance(value, list):
        items = enumerate(value)
        return Located([_from_value(item, f"{path}[{number}]", problems, depth + 1) for number, item in items], path)
    if isinstance(value, float) and not math.isfinite(value):
        problems.append(DocumentProblem(path, "is not a number that JSON has"))
        return Located(None, path)
    if isinstance(value, str):
        _check_text(value, path, problems)
    return Located(value, path)


def _check_text(text: str, place: str, problems: list[DocumentProblem]) -> None:
    if not is_text(text):
        problems.append(DocumentProblem(place, "holds half of a surrogate pair, which is not text"))


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


class _Tree:
    """Makes the tree of a document's nodes, each of which an alias may repeat."""

    def __init__(self, problems: list[DocumentProblem]) -> None:
        self._loader = _LOADER("")
        self._problems = problems
        self._known: set[int] = set()
        self._repeated = 0

    def located(self, node: Any, depth: int = 0) -> Located:
        """A node and everything below it."""
        place = _place(node.start_mark)
        if depth > _DEEPEST:
            # An alias may lead back to its own parent.
            self._problem(place, _TOO_DEEP)
            return Located(None, place)
        if self._is_too_much(node, place):
            return Located(None, place)
        if isinstance(node, yaml.MappingNode):
            return Located(self._entries(node, depth + 1), place)
        if isinstance(node, yaml.SequenceNode):
            return Located([self.located(item, depth + 1) for item in node.value], place)
        return Located(self._scalar(node, place), place)

    def _problem(self, place: str, problem: str) -> None:
        self._problems.append(DocumentProblem(place, problem))

    def _is_too_much(self, node: Any, place: str) -> bool:
        """Whether aliases repeat more than a declaration needs; said once."""
        if id(node) not in self._known:
            self._known.add(id(node))
            return False
        self._repeated += 1
        if self._repeated == MOST_REPEATED + 1:
            problem = f"aliases (*name) repeat more than {MOST_REPEATED:,} values: write them out, or use defaults"
            self._problem(place, problem)
        return self._repeated > MOST_REPEATED

    def _entries(self, mapping: Any, depth: int) -> dict[str, Located]:
        entries: dict[str, Located] = {}
        for key_node, value_node in mapping.value:
            place = _place(key_node.start_mark)
            if key_node.tag == _MERGE:
                self._problem(place, "merge keys (<<) are not supported: write the keys out, or use defaults")
                continue
            key = str(self._scalar(key_node, _place(mapping.start_mark)))
            if key in entries:
                self._problem(place, f"duplicate key {shown_name(key)}")
            entries[key] = self.located(value_node, depth)
        return entries

    def _scalar(self, node: Any, place: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            self._problem(place, "a key must be text")
            return ""
        _check_text(node.value, place, self._problems)
        if not node.style and _TRAPS.fullmatch(node.value):
            problem = f"{shown_name(node.value)} is ambiguous in YAML: quote it, or write a plain number"
            self._problem(place, problem)
            return node.value
        try:
            return _plain_value(node, self._loader)
        except (yaml.YAMLError, ValueError):  # ValueError: a date such as 2026-99-99, or an int of 5,000 digits
            self._problem(place, f"{node.tag.rpartition(':')[2]} is not a plain value")
            return None


def _plain_value(node: Any, loader: Any) -> Any:
    value = loader.construct_object(node)
    # A date is text here, and 0.50 stays as it was written; so does a number that Kafka can't have.
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and abs(value) < _BEYOND_KAFKA:
        return value
    return node.value
