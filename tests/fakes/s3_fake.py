"""A bucket in memory that speaks the calls of boto3's ``s3`` client which the toolkit uses."""

import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

MOMENT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def refused(code: str, operation: str) -> ClientError:
    """What boto3 raises."""
    return ClientError({"Error": {"Code": code, "Message": "said by S3"}}, operation)


class FakeS3:
    """One bucket; ``trouble`` is asked before each call, with its name and key, and may raise."""

    def __init__(self, trouble: Callable[[str, str], None] = lambda call, key: None) -> None:
        self.objects: dict[str, bytes] = {}
        self.modified: dict[str, datetime] = {}
        self.trouble = trouble
        self.now = MOMENT
        self._lock = threading.Lock()

    def names(self, prefix: str = "") -> list[str]:
        """What is there, in S3's order."""
        return sorted((name for name in self.objects if name.startswith(prefix)), key=str.encode)

    def put_object(self, **arguments: Any) -> dict[str, object]:
        name = arguments["Key"]
        self.trouble("put", name)
        with self._lock:
            if "IfNoneMatch" in arguments and name in self.objects:
                raise refused("PreconditionFailed", "PutObject")
            self.objects[name], self.modified[name] = arguments["Body"], self.now
        return {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        self.trouble("get", Key)
        if Key not in self.objects:
            raise refused("NoSuchKey", "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def copy_object(self, *, Bucket: str, Key: str, CopySource: dict[str, str]) -> dict[str, object]:  # noqa: N803
        self.trouble("copy", CopySource["Key"])
        with self._lock:
            self.objects[Key], self.modified[Key] = self.objects[CopySource["Key"]], self.now
        return {}

    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, object]:  # noqa: N803
        self.trouble("delete", Key)
        with self._lock:
            self.objects.pop(Key, None)
        return {}

    def get_paginator(self, name: str) -> "FakeS3":
        assert name == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str, StartAfter: str = "") -> Iterator[dict[str, Any]]:  # noqa: N803
        """Pages of three, each listed when it is asked for, as S3 does."""
        after = StartAfter
        while True:
            self.trouble("list", Prefix)
            with self._lock:
                names = [name for name in self.names(Prefix) if name.encode() > after.encode()][:3]
                entries = [
                    {"Key": name, "Size": len(self.objects[name]), "LastModified": self.modified[name]}
                    for name in names
                ]
            yield {"Contents": entries} if entries else {}
            if len(names) < 3:
                return
            after = names[-1]
