"""What a request to ``/api/v1/resources`` does and answers, without any HTTP server around it.

Uncertain, because no documentation says it: the body of a publish's answer (empty here), the results of an array insert
(the rows, and in a refused one's place its error object), what an array published without ``autoUnwind`` becomes (one
event), and how inbound service events are declared (``eventTypes`` of the service).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from local.vantiq import queries
from local.vantiq.calls import (
    JSON,
    Answer,
    Call,
    answer_with,
    checked,
    is_array,
    patched,
    record,
    split,
    timestamp,
)
from local.vantiq.errors import NOT_FOUND, VantiqError, forbidden, not_allowed, not_found, unknown_resource
from local.vantiq.journal import Journal
from local.vantiq.publishing import EVENT_RESOURCES, EventSink, Publisher, SourceRunner
from local.vantiq.queries import Row
from local.vantiq.results import ArrayResults, array_result, shown, stored
from local.vantiq.store import Namespace, Table

_PREFIX = "resources/"


class Tokens(NamedTuple):
    """How access tokens are made for a namespace, and ended."""

    issue: Callable[[str], str]
    revoke: Callable[[str], None]


class Forms(NamedTuple):
    """What the documentation leaves open: the status of a missing instance, and the elements of an array's answer."""

    not_found_status: int = 400
    array_results: ArrayResults = "rows"


class Changes(NamedTuple):
    """What a select, update or delete came to: its answer, the rows deleted, the changes made."""

    answer: Answer
    deleted: Sequence[Row] = ()
    updated: Sequence[Row] = ()


class Resources:
    """Does what a call asks for; accepted events go to the journal first, then to the subscribers."""

    def __init__(
        self, journal: Journal, events: EventSink, tokens: Tokens, sources: SourceRunner, forms: Forms
    ) -> None:
        self._journal = journal
        self._events = events
        self._tokens = tokens
        self._sources = sources
        self._forms = forms
        self.publisher = Publisher(journal, events, sources)

    def answer(self, call: Call) -> Answer:
        """The answer to a call; whatever is wrong with the call becomes an error answer."""
        try:
            return self._answer(call)
        except VantiqError as exc:
            return self.refusal(exc)

    def refusal(self, error: VantiqError) -> Answer:
        """The answer that carries an error."""
        status = error.status
        if error.code == NOT_FOUND:
            status = self._forms.not_found_status
        return Answer(status, error.body(), JSON)

    def _answer(self, call: Call) -> Answer:
        if not call.path.startswith(_PREFIX):
            raise unknown_resource(call.path.partition("/")[0])
        kind, _, name = call.path[len(_PREFIX) :].partition("/")
        if kind == "custom":
            type_name, _, key = name.partition("/")
            return self._custom(call, type_name, key)
        table = call.namespace.system(kind)
        if call.method == "POST":
            return self._post(call, table, kind, name)
        if call.method == "PUT" and kind == "services" and "/" in name:
            return self._execute(call, name.replace("/", "."))
        changes = self._rows(call, table, name)
        self._follow(call, kind, name, changes.deleted)
        return changes.answer

    def _post(self, call: Call, table: Table, kind: str, name: str) -> Answer:
        if name == "select":
            return self._select(call, table)
        if not name:
            return self._define(call, kind)
        if kind in EVENT_RESOURCES:
            return self.publisher.publish(call, kind, name)
        if kind == "procedures":
            return self._execute(call, name)
        raise not_allowed(call.method, call.path)

    def _follow(self, call: Call, kind: str, name: str, deleted: Sequence[Row]) -> None:
        """Let types, sources and tokens take effect as they are defined now."""
        if kind == "types" and call.method in ("PUT", "PATCH"):
            call.namespace.retype(name)
        if kind == "sources" and call.method != "GET":
            names = [row["name"] for row in deleted]
            for source in names or filter(None, [name]):
                self._sources.follow(call.namespace, source)
        if kind == "tokens":
            for row in deleted:
                self._tokens.revoke(row["accessToken"])

    def _execute(self, call: Call, name: str) -> Answer:
        """Run a procedure: it is journalled and answers with its arguments."""
        call.namespace.system("procedures").get(name)
        body = checked(call.body or b"{}")
        if 0 in call.refused:
            return Answer(200, call.refused[0].body(), JSON)
        self._journal.add(call.namespace.name, "procedures", name, [body])
        return Answer(200, bytes(body), JSON)

    def _define(self, call: Call, kind: str) -> Answer:
        # "A source is created or updated by issuing a POST" (resource guide), so a second one is no duplicate.
        upsert = call.query.get("upsert") == "true" or kind == "sources"
        definition = record(call.body)
        if kind == "tokens":
            definition |= {"accessToken": self._tokens.issue(call.namespace.name)}
        defined = call.namespace.define(kind, definition, timestamp(), upsert=upsert)
        if kind == "sources":
            self._sources.follow(call.namespace, definition["name"])
        return answer_with(shown(kind, defined))

    def _custom(self, call: Call, type_name: str, key: str) -> Answer:
        table = call.namespace.custom(type_name)
        if call.method == "POST" and not key:
            return self._store(call, table)
        if call.method == "POST" and key == "select":
            return self._select(call, table)
        changes = self._rows(call, table, key)
        self._notify(call, table, "delete", changes.deleted)
        self._notify(call, table, "update", changes.updated)
        return changes.answer

    def _store(self, call: Call, table: Table) -> Answer:
        """Insert or upsert one record, or each record of an array by itself."""
        bodies = split(call.body)
        store = table.insert
        if call.query.get("upsert") == "true":
            store = table.upsert
        now = timestamp()
        results = [stored(store, body, call.refused.get(index), now) for index, body in enumerate(bodies)]
        kept = [(body, row) for body, row in zip(bodies, results, strict=True) if not isinstance(row, VantiqError)]
        self._journal.add(call.namespace.name, "custom", table.name, [body for body, _ in kept])
        for _, row in kept:
            operation = "insert" if "_id" in row else "update"
            self._notify(call, table, operation, [row])
        if is_array(call.body):
            return answer_with([array_result(row, self._forms.array_results) for row in results])
        return _single(call, *results)

    def _notify(self, call: Call, table: Table, operation: str, rows: Sequence[Row]) -> None:
        path = f"/types/{table.name}/{operation}"
        if rows and self._events.wants(call.namespace.name, path):
            self._events.deliver(call.namespace.name, path, [msgspec.json.encode(row) for row in rows])

    def _select(self, call: Call, table: Table) -> Answer:
        """Rows by the URL's parameters; posted to ``/select``, the where clause is the body."""
        query = queries.parse(call.query)
        if call.method == "POST":
            query = msgspec.structs.replace(query, where=record(call.body or b"{}"))
        rows, total = table.select(query)
        return answer_with([shown(table.name, row) for row in rows], _count(call, total))

    def _rows(self, call: Call, table: Table, key: str) -> Changes:
        """Select, update and delete."""
        match call.method:
            case "GET" if key:
                return Changes(answer_with(shown(table.name, table.get(key))))
            case "GET":
                return Changes(self._select(call, table))
            case "PUT" if key:
                return _update(table, key, record(call.body))
            case "PATCH" if key:
                return _update(table, key, patched(call.body))
            case "DELETE" if key:
                return _deletion(call, [table.delete_one(key)])
            case "DELETE":
                return _deletion(call, table.delete(queries.parse(call.query).where))
            case _:
                raise not_allowed(call.method, call.path)


def open_namespace(
    namespaces: Mapping[str, Namespace], granted: frozenset[str], default: str, target: str | None
) -> Namespace:
    """The namespace a request works in: ``X-Target-Namespace``, else the token's.

    How Vantiq refuses an unknown one is not documented; this answers as for any instance that does not exist.
    """
    name = target or default
    if name not in namespaces:
        raise not_found("namespaces", name)
    if name not in granted:
        raise forbidden(name)
    return namespaces[name]


def _update(table: Table, key: str, properties: Row) -> Changes:
    updated = table.update(key, properties, timestamp())
    return Changes(answer_with(shown(table.name, updated)), updated=[updated])


def _single(call: Call, result: Row | VantiqError) -> Answer:
    """The answer to an insert of one record; an element that a fault refuses has status 200."""
    if not isinstance(result, VantiqError):
        return answer_with(result)
    if not call.refused:
        raise result
    return Answer(200, result.body(), JSON)


def _deletion(call: Call, rows: Sequence[Row]) -> Changes:
    return Changes(Answer(204, headers=_count(call, len(rows))), deleted=rows)


def _count(call: Call, total: int) -> dict[str, str]:
    if call.query.get("count") != "true":
        return {}
    return {"X-Total-Count": str(total)}
