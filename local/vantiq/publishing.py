"""Publishing to topics, service events and sources: the journal first, then the subscribers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from local.vantiq.calls import JSON, Answer, Call, answer_with, checked, split
from local.vantiq.errors import invalid, no_topic_name, not_found
from local.vantiq.journal import Journal
from local.vantiq.queries import Row
from local.vantiq.store import Namespace

EVENT_RESOURCES = ("topics", "services", "sources")


class SourceRunner(Protocol):
    """Runs sources: see ``local.vantiq.sources``."""

    def follow(self, namespace: Namespace, name: str) -> None:
        """Start, restart or stop a source, by its current definition."""

    def publish(self, namespace: Namespace, name: str, body: bytes | msgspec.Raw) -> None:
        """Send through a source; refused where it does not run."""


class NoSources:
    """Sources are kept and do nothing; what is published through them is in the journal."""

    def follow(self, namespace: Namespace, name: str) -> None:
        """Nothing to do."""

    def publish(self, namespace: Namespace, name: str, body: bytes | msgspec.Raw) -> None:
        """Nothing to do."""


class EventSink(Protocol):
    """Takes events for the subscribers."""

    def deliver(self, namespace: str, path: str, values: Sequence[bytes | msgspec.Raw]) -> None:
        """Take events of one path, in order."""

    def wants(self, namespace: str, path: str) -> bool:
        """Whether anybody subscribed to a path (rows are encoded for subscribers only)."""


class Publisher:
    """Accepts events; those of a registered topic, service event or source go into the journal."""

    def __init__(self, journal: Journal, events: EventSink, sources: SourceRunner) -> None:
        self._journal = journal
        self._events = events
        self._sources = sources
        # By topic that is not registered: what was published there, answered with 200, and lost.
        self.swallowed: Counter[str] = Counter()

    def publish(self, call: Call, kind: str, name: str) -> Answer:
        """Publish to a topic, a service's event or a source, or query a source."""
        if kind == "topics":
            return self._to_topic(call, name)
        owner, _, rest = name.partition("/")
        definition = call.namespace.system(kind).get(owner)
        if kind == "services":
            event = (definition.get("eventTypes") or {}).get(rest)
            if event is None:
                raise not_found("services", name)
            return self._accept(call, kind, name, event, service_event_path(owner, rest))
        if definition.get("active") is False:
            raise invalid(f"The source {owner} is not active.", owner)
        if rest == "query":  # what a source answers is up to the source; this one echoes
            return Answer(200, bytes(checked(call.body)), JSON)
        if not call.refused:
            self._sources.publish(call.namespace, owner, checked(call.body))
        return self._accept(call, kind, name, definition, f"/sources/{name}/publish")

    def _to_topic(self, call: Call, name: str) -> Answer:
        table = call.namespace.system("topics")
        if not name.startswith("/"):
            raise no_topic_name(name)
        path = f"/topics{name}/publish"
        if table.holds(name):
            return self._accept(call, "topics", name, table.get(name), path)
        # An unregistered topic: subscribers get the event, nothing is kept, the answer is 200.
        body = checked(call.body)
        self.swallowed[name] += 1
        self._events.deliver(call.namespace.name, path, [body])
        return Answer()

    def _accept(self, call: Call, kind: str, name: str, definition: Row, path: str) -> Answer:
        bodies = [checked(call.body)]
        if definition.get("autoUnwind") is True:
            bodies = split(call.body)
        accepted = [body for index, body in enumerate(bodies) if index not in call.refused]
        self._journal.add(call.namespace.name, kind, name, accepted)
        self._events.deliver(call.namespace.name, path, accepted)
        if not call.refused:
            return Answer()
        return answer_with([_element(call, index) for index in range(len(bodies))])


def service_event_path(service: str, event: str) -> str:
    """The path of a service's event, in the form that the vendor's test sees on its subscription."""
    package, dot, name = service.rpartition(".")
    folder = package + dot.replace(".", "/")
    return f"/topics/{folder}services/{name}/{event}/publish"


def _element(call: Call, index: int) -> dict[str, Any]:
    error = call.refused.get(index)
    if error is None:
        return {}
    return error.item()
