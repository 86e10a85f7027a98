"""What a request to ``/api/v1/resources`` does and answers, without any HTTP server around it.

Uncertain, because no documentation says it: the body of a publish's answer (empty here), the results
of an array insert (the rows, and in a refused one's place its error object), what an array published
without ``autoUnwind`` becomes (one event), and how inbound service events are declared (``eventTypes`` of the service).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

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
from local.vantiq.errors import (
    NOT_FOUND,
    VantiqError,
    forbidden,
    invalid,
    no_topic_name,
    not_allowed,
    not_found,
    unknown_resource,
)
from local.vantiq.journal import Journal
from local.vantiq.queries import Row
from local.vantiq.results import ArrayResults, array_result, shown, stored
from local.vantiq.store import Namespace, Table

_PREFIX = "resources/"
_EVENTS = ("topics", "services", "sources")


class SourceRunner(Protocol):
    """Whoever runs sources: see ``local.vantiq.sources``."""

    def follow(self, namespace: Namespace, name: str) -> None:
        """Start, restart or stop a source, as it stands now."""

    def publish(self, namespace: Namespace, name: str, body: bytes | msgspec.Raw) -> None:
        """Send through a source; refused where it does not run."""


class NoSources:
    """Sources are kept and do nothing; what is published through them is in the journal."""

    def follow(self, namespace: Namespace, name: str) -> None:
        """Nothing to do."""

    def publish(self, namespace: Namespace, name: str, body: bytes | msgspec.Raw) -> None:
        """Nothing to do."""


class EventSink(Protocol):
    """Whoever is told of events: the subscriptions."""

    def deliver(self, namespace: str, path: str, values: Sequence[bytes | msgspec.Raw]) -> None:
        """Take events of one path, in order."""

    def wants(self, namespace: str, path: str) -> bool:
        """Whether anybody listens to a path (rows are encoded for listeners only)."""


class Resources:
    """Does what a call asks for; accepted events go to the journal first, then to the subscribers."""

    def __init__(
        self,
        journal: Journal,
        events: EventSink,
        not_found_status: int,
        issue_token: Callable[[str], str],
        revoke_token: Callable[[str], None],
        sources: SourceRunner,
    ) -> None:
        self._journal = journal
        self._events = events
        self._not_found_status = not_found_status
        self._issue_token = issue_token
        self._revoke_token = revoke_token
        self._sources = sources
        # By topic that is not registered: what was published there, answered with 200, and lost.
        self.swallowed: Counter[str] = Counter()
        self.array_results: ArrayResults = "rows"

    def answer(self, call: Call) -> Answer:
        """The answer to a call; whatever is wrong with the call becomes an error answer."""
        try:
            return self._answer(call)
        except VantiqError as exc:
            return self.refusal(exc)

    def refusal(self, error: VantiqError) -> Answer:
        """The answer that carries an error."""
        status = self._not_found_status if error.code == NOT_FOUND else error.status
        return Answer(status, error.body(), JSON)

    def _answer(self, call: Call) -> Answer:
        if not call.path.startswith(_PREFIX):
            raise unknown_resource(call.path.partition("/")[0])
        kind, _, name = call.path[len(_PREFIX) :].partition("/")
        if kind == "custom":
            type_name, _, key = name.partition("/")
            return self._custom(call, type_name, key)
        table = call.namespace.system(kind)
        if call.method == "POST" and name == "select":
            return self._select(call, table)
        if call.method == "POST" and kind in _EVENTS and name:
            return self._event(call, kind, name)
        if call.method == "POST" and kind == "procedures" and name:
            return self._execute(call, name)
        if call.method == "PUT" and kind == "services" and "/" in name:
            return self._execute(call, name.replace("/", "."))
        if call.method == "POST" and not name:
            return self._define(call, kind)
        answer, gone, _ = self._rows(call, table, name)
        if kind == "types" and call.method in ("PUT", "PATCH"):
            call.namespace.retype(name)
        if kind == "sources" and call.method != "GET":
            for changed in [name] if name else [row["name"] for row in gone]:
                self._sources.follow(call.namespace, changed)
        if kind == "tokens":
            for row in gone:
                self._revoke_token(row["accessToken"])
        return answer

    def _event(self, call: Call, kind: str, name: str) -> Answer:
        """Publish to a topic, a service's event or a source, or query a source."""
        table = call.namespace.system(kind)
        if kind == "topics":
            if not name.startswith("/"):
                raise no_topic_name(name)
            event_path = f"/topics{name}/publish"
            if not table.holds(name):
                return self._swallow(call, name, event_path)
            return self._publish(call, kind, name, table.get(name), event_path)
        owner, _, rest = name.partition("/")
        definition = table.get(owner)
        if kind == "services":
            event = (definition.get("eventTypes") or {}).get(rest)
            if event is None:
                raise not_found("services", name)
            return self._publish(call, kind, name, event, service_event_path(owner, rest))
        if definition.get("active") is False:
            raise invalid(f"The source {owner} is not active.", owner)
        if rest == "query":  # what a source answers is its own business; this one echoes
            return Answer(200, bytes(checked(call.body)), JSON)
        if not call.refused:
            self._sources.publish(call.namespace, owner, checked(call.body))
        return self._publish(call, kind, name, definition, f"/sources/{name}/publish")

    def _swallow(self, call: Call, topic: str, event_path: str) -> Answer:
        """Publish to a topic that nobody registered: who listens hears of it, nothing is kept, the answer is 200."""
        body = checked(call.body)
        self.swallowed[topic] += 1
        self._events.deliver(call.namespace.name, event_path, [body])
        return Answer()

    def _publish(self, call: Call, kind: str, name: str, definition: Row, event_path: str) -> Answer:
        unwind = definition.get("autoUnwind") is True
        bodies = split(call.body) if unwind else [checked(call.body)]
        taken = [body for index, body in enumerate(bodies) if index not in call.refused]
        self._journal.add(call.namespace.name, kind, name, taken)
        self._events.deliver(call.namespace.name, event_path, taken)
        if not call.refused:
            return Answer()
        return answer_with(
            [call.refused[index].item() if index in call.refused else {} for index in range(len(bodies))]
        )

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
            definition |= {"accessToken": self._issue_token(call.namespace.name)}
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
        answer, gone, changed = self._rows(call, table, key)
        self._tell(call, table, "delete", gone)
        self._tell(call, table, "update", changed)
        return answer

    def _store(self, call: Call, table: Table) -> Answer:
        """Insert or upsert one record, or each one of an array on its own."""
        bodies = split(call.body)
        store = table.upsert if call.query.get("upsert") == "true" else table.insert
        now = timestamp()
        results = [stored(store, body, call.refused.get(index), now) for index, body in enumerate(bodies)]
        kept = [(body, row) for body, row in zip(bodies, results, strict=True) if not isinstance(row, VantiqError)]
        self._journal.add(call.namespace.name, "custom", table.name, [body for body, _ in kept])
        for _, row in kept:
            self._tell(call, table, "insert" if "_id" in row else "update", [row])
        if is_array(call.body):
            return answer_with([array_result(row, self.array_results) for row in results])
        (result,) = results
        if not isinstance(result, VantiqError):
            return answer_with(result)
        if not call.refused:
            raise result
        return Answer(200, result.body(), JSON)

    def _tell(self, call: Call, table: Table, operation: str, rows: Sequence[Row]) -> None:
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

    def _rows(self, call: Call, table: Table, key: str) -> tuple[Answer, list[Row], list[Row]]:
        """Select, update and delete: the answer, the rows deleted, the changes made."""
        match call.method:
            case "GET" if key:
                return answer_with(shown(table.name, table.get(key))), [], []
            case "GET":
                return self._select(call, table), [], []
            case "PUT" | "PATCH" if key:
                wanted = record(call.body) if call.method == "PUT" else patched(call.body)
                changed = table.update(key, wanted, timestamp())
                return answer_with(shown(table.name, changed)), [], [changed]
            case "DELETE":
                gone = [table.delete_one(key)] if key else table.delete(queries.parse(call.query).where)
                return Answer(204, headers=_count(call, len(gone))), gone, []
            case _:
                raise not_allowed(call.method, call.path)


def open_namespace(
    namespaces: Mapping[str, Namespace], granted: frozenset[str], default: str, wanted: str | None
) -> Namespace:
    """The namespace a request works in: ``X-Target-Namespace``, else the token's.

    How Vantiq refuses an unknown one is not documented; this answers as for any instance not found.
    """
    name = wanted or default
    if name not in namespaces:
        raise not_found("namespaces", name)
    if name not in granted:
        raise forbidden(name)
    return namespaces[name]


def service_event_path(service: str, event: str) -> str:
    """The path of a service's event, in the form that the vendor's test sees on its subscription."""
    package, _, name = service.rpartition(".")
    return f"/topics/{package + '/' if package else ''}services/{name}/{event}/publish"


def _count(call: Call, total: int) -> dict[str, str]:
    return {"X-Total-Count": str(total)} if call.query.get("count") == "true" else {}
