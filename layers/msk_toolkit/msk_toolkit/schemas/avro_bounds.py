"""How much a value of an Avro schema can grow when it is read, and what its reader must know of it beforehand.

A byte of Avro may become a record with all of its names: 4 MB made for it would fill any memory. The ratio is computed
once for a schema, from above: that of a record is no more than its own overhead and the worst of its fields.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msk_toolkit.schemas.avro_text import MOST_DIGITS
from msk_toolkit.schemas.errors import UnfitValueError

# Bytes of memory, measured with CPython 3.13 and rounded up: an object of a number or short text with its JSON, a
# dictionary, its entry, and a list. A character may become six, "\u0000".
_SCALAR, _DICTIONARY, _ENTRY, _LIST, _CHARACTER = 60, 190, 45, 64, 8
_LEAST_BYTES: Mapping[str, int] = {"null": 0, "float": 4, "double": 8}


class Survey(NamedTuple):
    """What is known of a schema.

    Args:
        growth: bytes of memory for a byte of a value, at most.
        is_recursive: whether a type contains itself.
        names_branches: whether a union has several records, so that a value needs the name of its own.
    """

    growth: float
    is_recursive: bool
    names_branches: bool


class _Node(NamedTuple):
    """The fewest bytes of a value, and its growth."""

    least: int
    growth: float


def survey(schema: Any, names: Mapping[str, Any]) -> Survey:
    """Look through a schema that fastavro has parsed.

    Args:
        names: the named types that it refers to.

    Raises:
        UnfitValueError: it can't be read within any bound.
    """
    look = _Look(names)
    try:
        growth = look.node(schema).growth
    except RecursionError:
        raise UnfitValueError("schema-unsupported", "the schema is nested too deeply") from None
    return Survey(growth, look.is_recursive, look.names_branches)


class _Look:
    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = dict(names)
        self._nodes: dict[str, _Node | None] = {}
        self.is_recursive = False
        self.names_branches = False

    def node(self, schema: Any) -> _Node:
        if isinstance(schema, list):
            return self._union(schema)
        if isinstance(schema, str):
            return self._named(schema) if schema in self._names else _primitive(schema)
        kind = schema["type"]
        if kind in {"record", "error", "fixed", "enum"}:
            self._names[schema["name"]] = schema
            return self._named(schema["name"])
        if kind in {"array", "map"}:
            return self._several(schema, kind)
        _check_scale(schema)
        return self.node(kind)

    def _named(self, name: str) -> _Node:
        if name not in self._nodes:
            self._nodes[name] = None
            self._nodes[name] = self._definition(self._names[name])
        node = self._nodes[name]
        if node is None:
            self.is_recursive = True
            return _Node(1, 0)
        return node

    def _definition(self, schema: Mapping[str, Any]) -> _Node:
        _check_scale(schema)
        match schema["type"]:
            case "fixed":
                return _Node(int(schema["size"]), _SCALAR)
            case "enum":
                return _Node(1, _SCALAR + max(map(len, schema["symbols"]), default=0))
        fields = [(len(field["name"]), self.node(field["type"])) for field in schema["fields"]]
        least = sum(node.least for _, node in fields)
        overhead = _DICTIONARY + sum(_ENTRY + length for length, _ in fields)
        return _Node(least, overhead / max(least, 1) + max((node.growth for _, node in fields), default=0))

    def _union(self, branches: list[Any]) -> _Node:
        nodes = [self.node(branch) for branch in branches]
        records = [branch for branch in branches if self._is_record(branch)]
        self.names_branches = self.names_branches or len(records) > 1
        name = _DICTIONARY if len(records) > 1 else 0
        least = min((node.least for node in nodes), default=0)
        return _Node(1 + least, name + max((node.growth for node in nodes), default=0))

    def _several(self, schema: Mapping[str, Any], kind: str) -> _Node:
        if kind == "map":
            return _Node(1, _DICTIONARY + _ENTRY + _SCALAR + self.node(schema["values"]).growth)
        item = self.node(schema["items"])
        if item.least == 0:
            # A count of a few bytes would stand for any number of them.
            raise UnfitValueError("schema-unsupported", "the schema has an array of items without bytes")
        return _Node(1, _LIST + item.growth)

    def _is_record(self, branch: Any) -> bool:
        if isinstance(branch, str):
            branch = self._names.get(branch, branch)
        return isinstance(branch, Mapping) and branch["type"] in {"record", "error"}


def _primitive(kind: str) -> _Node:
    if kind in {"string", "bytes"}:
        return _Node(1, _SCALAR + _CHARACTER)
    return _Node(_LEAST_BYTES.get(kind, 1), _SCALAR)


def _check_scale(schema: Mapping[str, Any]) -> None:
    scale = schema.get("scale", 0)
    if isinstance(scale, int) and not 0 <= scale <= MOST_DIGITS:
        raise UnfitValueError("schema-unsupported", "a decimal's scale is out of bounds")
