"""Namespaces and the tables in them: the system resources, and a table for each user type."""

import itertools
from typing import Any

from local.vantiq.errors import duplicate, invalid, not_found, type_not_found, unknown_resource
from local.vantiq.properties import check_definition, check_values
from local.vantiq.queries import Query, Row, matches, select

SYSTEM_RESOURCES = ("types", "topics", "services", "sources", "procedures", "secrets", "tokens", "namespaces")

_ids = itertools.count(1)


class Table:
    """The instances of one resource, found by ``_id`` or by natural key.

    Rows carry what Vantiq adds: ``_id``, ``ars_namespace``, ``ars_version``, ``ars_createdAt``,
    ``ars_createdBy``. A natural key is unique: a second plain insert of it is refused with 409.
    """

    def __init__(self, name: str, namespace: str, natural_key: tuple[str, ...] = ()) -> None:
        self.name = name
        self.natural_key = natural_key
        self.required: frozenset[str] = frozenset()
        self.properties: dict[str, Any] = {}
        self._namespace = namespace
        self._rows: dict[str, Row] = {}
        self._by_key: dict[tuple[Any, ...], str] = {}

    def insert(self, record: Row, now: str) -> Row:
        """Add a record and return the whole row."""
        self._check(record)
        key = self._key(record)
        if key is not None and key in self._by_key:
            raise duplicate(self.name, *key)
        row_id = f"{next(_ids):024x}"
        row = record | {
            "_id": row_id,
            "ars_namespace": self._namespace,
            "ars_version": 1,
            "ars_createdAt": now,
            "ars_createdBy": "standin",
        }
        self._rows[row_id] = row
        if key is not None:
            self._by_key[key] = row_id
        return row

    def upsert(self, record: Row, now: str) -> Row:
        """Insert, or update the row with the same natural key; refused where the type has none.

        The answer to the update holds what was changed, neither natural key nor ``_id``, as the vendor's
        test of their client against a live server expects.
        """
        if not self.natural_key:
            raise invalid(f"An upsert into {self.name} needs a natural key.", self.name)
        key = self._key(record)
        if key is None:
            raise invalid(f"The natural key of {self.name} is not complete.", self.name)
        row_id = self._by_key.get(key)
        if row_id is None:
            return self.insert(record, now)
        return self._change(row_id, record, now)

    def update(self, name: str, record: Row, now: str) -> Row:
        """Change the properties given; returns what was changed."""
        return self._change(self._find(name), record, now)

    def get(self, name: str) -> Row:
        """The row with this ``_id`` or natural key."""
        return self._rows[self._find(name)]

    def holds(self, name: str) -> bool:
        """Whether there is a row with this natural key."""
        return (name,) in self._by_key

    def select(self, query: Query) -> tuple[list[Row], int]:
        """The rows selected, and how many there were before the limit."""
        return select(self._rows.values(), query)

    def delete(self, where: Row) -> list[Row]:
        """Delete what matches; a where clause that matches nothing is refused, as the vendor's test has it."""
        doomed = [row for row in self._rows.values() if matches(row, where)]
        if where and not doomed:
            raise not_found(self.name, str(where))
        for row in doomed:
            self._drop(row["_id"])
        return doomed

    def delete_one(self, name: str) -> Row:
        """Delete the row with this ``_id`` or natural key and return it."""
        return self._drop(self._find(name))

    def _drop(self, row_id: str) -> Row:
        row = self._rows.pop(row_id)
        key = self._key(row)
        if key is not None:
            self._by_key.pop(key, None)
        return row

    def _change(self, row_id: str, record: Row, now: str) -> Row:
        check_values(self.name, self.properties, record)
        row = self._rows[row_id]
        fixed = {*self.natural_key, "_id"}
        changed = {name: value for name, value in record.items() if name not in fixed}
        changed |= {"ars_version": row["ars_version"] + 1, "ars_modifiedAt": now}
        row |= changed
        return changed

    def _find(self, name: str) -> str:
        if name in self._rows:
            return name
        row_id = self._by_key.get((name,))
        if row_id is None:
            raise not_found(self.name, name)
        return row_id

    def _key(self, record: Row) -> tuple[Any, ...] | None:
        key = tuple(record.get(name) for name in self.natural_key)
        if not key or None in key:
            return None
        try:
            hash(key)
        except TypeError as exc:
            raise invalid(f"The natural key of {self.name} is not a plain value.", self.name) from exc
        return key

    def _check(self, record: Row) -> None:
        missing = sorted(name for name in self.required if record.get(name) is None)
        if missing:
            raise invalid(f"{self.name} needs the properties {missing}.", self.name, *missing)
        check_values(self.name, self.properties, record)


class Namespace:
    """One namespace: its system resources and the tables of its user types."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._system = {kind: Table(kind, name, ("name",)) for kind in SYSTEM_RESOURCES}
        self._custom: dict[str, Table] = {}

    def system(self, kind: str) -> Table:
        """The table of a system resource."""
        try:
            return self._system[kind]
        except KeyError:
            raise unknown_resource(kind) from None

    def custom(self, name: str) -> Table:
        """The table of a user type; natural key and required properties are as the type has them now."""
        try:
            table = self._custom[name]
        except KeyError:
            raise type_not_found(name) from None
        if not self._system["types"].holds(name):
            del self._custom[name]
            raise type_not_found(name)
        return table

    def define(self, kind: str, definition: Row, now: str, *, upsert: bool = False) -> Row:
        """Create (or with ``upsert`` replace) a type, topic, source, service, procedure or token."""
        table = self.system(kind)
        definition = _named(kind, definition)
        if kind == "types":
            check_definition(definition["name"], definition.get("properties"))
        store = table.insert
        if upsert:
            store = table.upsert
        row = store(definition, now)
        if kind == "types":
            self.retype(definition["name"])
        return row

    def retype(self, name: str) -> None:
        """Take over a type's definition into the table of its instances."""
        definition = self._system["types"].get(name)
        table = self._custom.setdefault(name, Table(name, self.name))
        table.natural_key = tuple(definition.get("naturalKey") or ())
        table.properties = properties = definition.get("properties") or {}
        table.required = frozenset(name for name, spec in properties.items() if _is_required(spec))


def _is_required(spec: Any) -> bool:
    return isinstance(spec, dict) and spec.get("required") is True


def _named(kind: str, definition: Row) -> Row:
    """The definition with its name; a procedure is created by its text (``ruleText``) and names itself there."""
    text = definition.get("ruleText")
    if kind == "procedures" and "name" not in definition and isinstance(text, str):
        head = text.split("(", 1)[0].split()
        if len(head) > 1 and head[0].upper() == "PROCEDURE":
            return definition | {"name": head[-1]}
    name = definition.get("name")
    if not isinstance(name, str) or not name:
        raise invalid(f"An instance of {kind} needs a name.", kind)
    if kind == "topics" and not name.startswith("/"):
        raise invalid("The name of a topic begins with a slash.", name)
    return definition
