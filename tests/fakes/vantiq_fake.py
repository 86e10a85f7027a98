"""Vantiq without a socket: takes what is posted, and fails where a test says so."""

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from msk_toolkit.deadline import Deadline
from msk_toolkit.vantiq.connection import HttpResponse

Fault = Callable[[str, list[Any]], HttpResponse | Exception | None]


def answer(status: int, body: Any = None, **headers: str) -> HttpResponse:
    """An answer; a header's underscore stands for a hyphen."""
    kept = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    if body is None:
        body = b""
    elif not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return HttpResponse(status, kept, body)


def refusal(status: int, code: str = "io.vantiq.some.validation", **headers: str) -> HttpResponse:
    """An error in the documented shape."""
    return answer(status, [{"code": code, "message": "secret words", "params": []}], **headers)


def at_offset(offset: int, *responses: HttpResponse | Exception, partition: int = 0) -> Fault:
    """Fail requests that hold this record; once for each response, or always with just one."""
    left = list(responses)

    def fault(path: str, documents: list[Any]) -> HttpResponse | Exception | None:
        if not any(
            (document.get("partition"), document.get("offset")) == (partition, offset) for document in documents
        ):
            return None
        if len(responses) == 1:
            return responses[0]
        return left.pop(0) if left else None

    return fault


class FakeVantiq:
    """Keeps the documents that it took, in order, and the where clauses of deletions between them."""

    def __init__(self, *faults: Fault, took: Callable[[], None] = lambda: None) -> None:
        self.faults = list(faults)
        self.taken: list[Any] = []
        self.posts: list[tuple[str, int]] = []
        self.deleted: list[dict[str, Any]] = []
        self._took = took
        self._lock = threading.Lock()

    async def send(
        self, method: str, path: str, body: bytes, deadline: Deadline, meanwhile: object = None
    ) -> HttpResponse:
        """See VantiqClient.send: rows are deleted by their where clause, and none is ever found."""
        if method == "POST":
            return self.post(path, body, deadline)
        for fault in self.faults:
            response = fault(f"{method} {path}", [])
            if isinstance(response, Exception):
                raise response
            if response is not None:
                return response
        if method == "GET":
            return answer(200, [])
        where = json.loads(dict(parse_qsl(urlsplit(path).query))["where"])
        self.taken.append(where)
        self.deleted.append(where)
        return answer(204)

    def post(self, path: str, body: bytes, deadline: Deadline) -> HttpResponse:
        """Take the documents, unless a fault answers in their place."""
        decoded = json.loads(body)
        documents = decoded if isinstance(decoded, list) else [decoded]
        with self._lock:
            self._took()
            self.posts.append((path, len(documents)))
            for fault in self.faults:
                response = fault(path, documents)
                if isinstance(response, Exception):
                    raise response
                if response is not None:
                    return response
            self.taken += documents
        if "/custom/" not in path:
            return answer(200)
        # What is stored comes back, row for row.
        rows = [{"_id": f"{number}"} for number in range(len(documents))]
        return answer(200, rows if isinstance(decoded, list) else rows[0])

    def offsets(self, partition: int = 0) -> list[int]:
        """Offsets of the envelopes taken from one partition."""
        return [envelope["offset"] for envelope in self.taken if envelope["partition"] == partition]
