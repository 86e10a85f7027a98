"""Vantiq's system resources: look one up, create, change, publish through it."""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.responses import error_of
from msk_toolkit.vantiq.results import content_of

# The second is what Vantiq says of a type, and comes with 400 as well.
_NOT_FOUND = frozenset({"io.vantiq.resource.not.found", "com.accessg2.ag2rs.type.not.found"})
# A source has some twenty values; a page of so many is plausible for a response without records.
_PAGE = 50
_MOST_PAGES = 20
MOST_SELECTED = _PAGE * _MOST_PAGES
_REMEDIES = {
    401: "the token is not valid: renew the secret that holds it",
    403: "the token is not allowed to do this: grant its profile the permission, or use another token",
}


class VantiqRefusedError(VantiqError):
    """Vantiq answered a request with an error; ``code`` is Vantiq's own, empty where it gave none."""

    def __init__(self, action: str, status: int, code: str) -> None:
        self.status = status
        self.code = code
        reason = f"refused with status {status}, {code}".removesuffix(", ")
        super().__init__(f"Vantiq, {action}: {_REMEDIES.get(status, reason)}")


class VantiqResources:
    """The system resources of one namespace."""

    def __init__(self, client: VantiqClient, deadline: Deadline) -> None:
        self._client = client
        self._deadline = deadline

    def within(self, seconds: float) -> "VantiqResources":
        """The same resources, of which every request ends within so long from now."""
        return VantiqResources(self._client, self._deadline.at_most(seconds))

    def find(self, kind: str, name: str) -> dict[str, Any] | None:
        """The instance, or None where there is none.

        Raises:
            VantiqError: refused, or not answered.
        """
        try:
            return self._ask("GET", f"reading {kind} {name}", f"{kind}/{_path(name)}")
        except VantiqRefusedError as error:
            # Not found comes with 400 as well as with 404, always with such a code where Vantiq itself speaks.
            if error.code in _NOT_FOUND or (error.status == 404 and not error.code):
                return None
            raise

    def select(self, kind: str, where: dict[str, Any]) -> list[dict[str, Any]]:
        """The instances with these properties, in the order of their names; at most :data:`MOST_SELECTED`.

        Raises:
            VantiqError: refused, not answered, or there are more.
        """
        instances: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            query = {"where": where, "sort": {"name": 1}, "limit": _PAGE, "page": page}
            rows = self._page(kind, query)
            instances += rows
            if len(rows) < _PAGE:
                return instances
        raise VantiqError(f"Vantiq, reading {kind}: more than {MOST_SELECTED} match")

    def create(self, kind: str, instance: dict[str, Any]) -> None:
        """Add an instance. Raises VantiqError."""
        self._ask("POST", f"creating {kind} {instance['name']}", kind, instance)

    def update(self, kind: str, name: str, changes: dict[str, Any]) -> None:
        """Change an instance's properties. Raises VantiqError."""
        self._ask("PUT", f"changing {kind} {name}", f"{kind}/{_path(name)}", changes)

    def set_active(self, source: str, *, active: bool) -> None:
        """Switch a source on or off. Raises VantiqError."""
        change = [{"op": "replace", "path": "/active", "value": active}]
        action = "activating" if active else "deactivating"
        self._ask("PATCH", f"{action} source {source}", f"sources/{source}", change)

    def publish_through(self, source: str, topic: str, message: dict[str, Any]) -> None:
        """Publish through a source to a Kafka topic: what ``PUBLISH message TO SOURCE USING {topic}`` does.

        Raises VantiqError.
        """
        self._ask("POST", f"publishing through {source}", f"sources/{source}", {"topic": topic, "message": message})

    def _page(self, kind: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        texts = {name: msgspec.json.encode(value).decode() for name, value in query.items()}
        rows = self._answer("GET", f"reading {kind}", f"{kind}?{urlencode(texts)}")
        if not isinstance(rows, list):
            raise VantiqError(f"Vantiq, reading {kind}: the answer is not a list")
        return [row for row in rows if isinstance(row, dict)]

    def _ask(self, method: str, action: str, path: str, body: Any = None) -> dict[str, Any] | None:
        instance = self._answer(method, action, path, body)
        return instance if isinstance(instance, dict) else None

    def _answer(self, method: str, action: str, path: str, body: Any = None) -> Any:
        encoded = b"" if body is None else msgspec.json.encode(body)
        answer = self._client.request(method, f"/api/v1/resources/{path}", encoded, self._deadline)
        instance = content_of(answer.body, [encoded])
        status, code = error_of(answer.status, instance)
        if status:
            raise VantiqRefusedError(action, status, code)
        if instance is msgspec.UNSET:
            raise VantiqError(f"Vantiq, {action}: the answer is not JSON, or far longer than an instance")
        return instance


def _path(name: str) -> str:
    """A topic's name begins with a slash, hence ``topics//my/topic``."""
    return quote(name, safe="/")
