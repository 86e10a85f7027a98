"""AWS as the state of the path is read from it: logs, mappings, a bucket and alarms."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

NOW = 1795834800.0
Line = tuple[float, Any]


def denied() -> ClientError:
    """A refusal."""
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Operation")


class Aws:
    """Logs, mappings, bucket and alarms; a service that is named in ``denied`` refuses everything."""

    def __init__(self, lines: Mapping[str, Sequence[Line]], *, denied: frozenset[str] = frozenset()) -> None:
        self.lines = lines
        self.denied = denied
        self.mappings: list[dict[str, Any]] = []
        self.objects: list[str] = []
        self.alarms: list[dict[str, Any]] = []
        self.page_size = 1000
        self.requests: list[str] = []

    def client(self, service: str) -> "Client":
        return Client(self, service)


class Client:
    """A client of one service."""

    def __init__(self, aws: Aws, service: str) -> None:
        self._aws = aws
        self._service = service

    def _ask(self, operation: str) -> None:
        self._aws.requests.append(operation)
        if self._service in self._aws.denied:
            raise denied()

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        self._ask(f"logs {request['logGroupName']}")
        assert len(request["filterPattern"]) <= 1024
        fitting = [
            {"timestamp": int(at * 1000), "message": text if isinstance(text, str) else json.dumps(text)}
            for at, text in self._aws.lines.get(request["logGroupName"], ())
            if request["startTime"] <= int(at * 1000) <= request["endTime"]
        ]
        start = int(request.get("nextToken", 0))
        end = start + self._aws.page_size
        token = {"nextToken": str(end)} if end < len(fitting) else {}
        return {"events": fitting[start:end], **token}

    def get_paginator(self, operation: str) -> "Pages":
        return Pages(lambda **arguments: self._page(operation, arguments))

    def _page(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._ask(operation)
        match operation:
            case "list_event_source_mappings":
                return {"EventSourceMappings": self._aws.mappings}
            case "list_objects_v2":
                names = [name for name in self._aws.objects if name.startswith(arguments["Prefix"])]
                written = datetime.fromtimestamp(NOW, UTC)
                return {"Contents": [{"Key": name, "Size": 1, "LastModified": written} for name in names]}
            case "describe_alarms":
                return {"MetricAlarms": self._aws.alarms}
        raise AssertionError(operation)


class Pages:
    """A paginator."""

    def __init__(self, page: Callable[..., dict[str, Any]]) -> None:
        self._page = page

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield self._page(**arguments)
