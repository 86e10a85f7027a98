"""Subscriptions over the web socket, in the messages that the vendor's clients speak.

From the API reference and those clients' source and tests: ``validate``, ``subscribe``, ``unsubscribe``,
``acknowledge``; status 200 answers a request, status 100 brings an event ``{path, value}``; a source's arrivals are at
``/sources/<name>/receive``. Not played: persistent subscriptions outlive no connection, and a reliable topic's events
carry ``partitionId`` and ``sequenceId`` but are not sent again. How messages are put into frames is
``local.vantiq.sockets``'.
"""

import asyncio
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from local.vantiq.access import Access, Grant
from local.vantiq.errors import AUTHENTICATION_FAILED, VantiqError, invalid
from local.vantiq.publishing import service_event_path
from local.vantiq.resources import open_namespace
from local.vantiq.store import Namespace


class Message(msgspec.Struct):
    """What a client sends."""

    op: str
    resourceName: str = ""  # noqa: N815 the wire's name
    resourceId: str = ""  # noqa: N815
    object: Any = None
    parameters: dict[str, Any] = {}
    targetNamespace: str | None = None  # noqa: N815


class Subscription(msgspec.Struct, frozen=True, eq=False):
    """A subscriber's event path, and the connection to the subscriber."""

    name: str
    namespace: str
    path: str
    request_id: str
    outbox: asyncio.Queue[bytes]
    only: Mapping[str, Any] = {}

    def hears(self, body: bytes | msgspec.Raw) -> bool:
        """Whether an event passes the filter."""
        if not self.only:
            return True
        event = msgspec.json.decode(body)
        return isinstance(event, dict) and all(event.get(name) == value for name, value in self.only.items())


class Subscriptions:
    """All subscriptions; delivers in the order of acceptance."""

    def __init__(self) -> None:
        self._by_path: dict[tuple[str, str], list[Subscription]] = {}
        self._sequence = itertools.count(1)
        self._names = itertools.count(1)

    def deliver(self, namespace: str, path: str, values: Sequence[bytes | msgspec.Raw]) -> None:
        """Send events to the subscribers of their path."""
        for subscription in tuple(self._by_path.get((namespace, path), ())):
            for value in filter(subscription.hears, values):
                self._send(subscription, path, value)

    def wants(self, namespace: str, path: str) -> bool:
        """Whether anybody subscribed to a path."""
        return bool(self._by_path.get((namespace, path)))

    def add(
        self, namespace: str, path: str, request_id: str, outbox: asyncio.Queue[bytes], parameters: Mapping[str, Any]
    ) -> Subscription:
        """Subscribe; the path is that of the delivered events.

        Of the request's ``parameters``, ``subscriptionName`` or ``subscriptionId`` is the name with which a client
        comes back to a persistent subscription; an event has to be an object with the values of ``eventFilter``.
        """
        name = parameters.get("subscriptionName") or parameters.get("subscriptionId")
        subscription = Subscription(
            name=name or f"subscription-{next(self._names)}",
            namespace=namespace,
            path=path,
            request_id=request_id,
            outbox=outbox,
            only=parameters.get("eventFilter") or {},
        )
        self._by_path.setdefault((namespace, path), []).append(subscription)
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Unsubscribe."""
        self._by_path[subscription.namespace, subscription.path].remove(subscription)

    def _send(self, subscription: Subscription, path: str, value: bytes | msgspec.Raw) -> None:
        sequence = next(self._sequence)
        body = {"path": path, "value": msgspec.Raw(value), "partitionId": 0, "sequenceId": sequence}
        subscription.outbox.put_nowait(reply(100, body, subscription.request_id))


def reply(status: int, body: Any, request_id: str | None = None) -> bytes:
    """A message to the client."""
    message: dict[str, Any] = {"status": status, "contentType": "application/json"}
    # No empty headers: the vendor's Java client looks up the request's id in them and fails where there is none.
    if request_id is not None:
        message["headers"] = {"X-Request-Id": request_id}
    return msgspec.json.encode({**message, "body": body})


def event_path(path: str) -> str:
    """The path of the events that a client gets that subscribes to a resource's path."""
    kind, _, name = path.removeprefix("/").partition("/")
    match kind:
        case "topics":
            return f"{path}/publish"
        case "sources":
            return f"{path}/receive"
        case "services" if "/" in name.removeprefix("/"):
            service, _, event = name.removeprefix("/").partition("/")
            return service_event_path(service, event)
        case "types" if "/" in name:
            return path
        case _:
            raise invalid(f"There are no events at {path}.", path)


class Connection:
    """One client's web socket: it first shows its token, then subscribes."""

    def __init__(self, access: Access, namespaces: Mapping[str, Namespace], hub: Subscriptions) -> None:
        self._access = access
        self._namespaces = namespaces
        self._hub = hub
        self._grant: Grant | None = None
        self._subscriptions: dict[str, Subscription] = {}
        self.outbox: asyncio.Queue[bytes] = asyncio.Queue()

    def take(self, message: bytes) -> None:
        """Act on one message of the client's; the answers go into the outbox."""
        for answer in self._answers(message):
            self.outbox.put_nowait(answer)

    def end(self) -> None:
        """The client is gone: nothing is delivered to it any more."""
        for subscription in self._subscriptions.values():
            self._hub.remove(subscription)

    def _answers(self, text: bytes) -> Iterator[bytes]:
        request_id = None
        try:
            message = msgspec.json.decode(text, type=Message)
            request_id = message.parameters.get("requestId")
            body = self._act(message)
            if body is not None:
                yield reply(200, body, request_id)
        except msgspec.MsgspecError as exc:
            yield reply(400, [invalid(f"The message is not valid: {exc}").item()])
        except VantiqError as exc:
            yield reply(exc.status, [exc.item()], request_id)

    def _act(self, message: Message) -> dict[str, Any] | None:
        if message.op == "validate":
            self._grant = self._validated(message.object)
            return {"namespace": self._grant.namespace}
        if self._grant is None:
            raise _not_validated()
        request_id = str(message.parameters.get("requestId", message.resourceId))
        match message.op:
            case "subscribe":
                return self._subscribe(message, self._grant, request_id)
            case "unsubscribe":
                subscription = self._subscriptions.pop(request_id, None)
                if subscription is not None:
                    self._hub.remove(subscription)
                return {"op": "unsubscribe"}
            case "acknowledge":  # unanswered: the client would take an answer for an event
                return None
            case _:
                raise invalid(f"The stand-in does not support the operation {message.op}.", message.op)

    def _subscribe(self, message: Message, grant: Grant, request_id: str) -> dict[str, Any]:
        namespace = open_namespace(self._namespaces, grant.namespaces, grant.namespace, message.targetNamespace)
        path = event_path(message.resourceId)
        subscription = self._hub.add(namespace.name, path, request_id, self.outbox, message.parameters)
        self._subscriptions[request_id] = subscription
        return {
            "name": subscription.name,
            "subscriptionName": subscription.name,
            "namespace": namespace.name,
            "topic": message.resourceId,
            "path": path,
        }

    def _validated(self, token: Any) -> Grant:
        try:
            return self._access.check_token(str(token))
        except VantiqError:
            raise _not_validated() from None


def _not_validated() -> VantiqError:
    # Status 400 here, not 401: seen in the log of a connector of the vendor's.
    return VantiqError(400, AUTHENTICATION_FAILED, "Failed to authenticate supplied credentials.")
