"""S3: a bucket's objects listed, read, written and moved."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any, NamedTuple

from msk_toolkit.aws.call import ask_aws
from msk_toolkit.errors import AwsError

# Lambda hands over events of 6 MB at most. As text within the JSON of a failure object they can be twice as long, and
# escaped for a letter three times.
MOST_OBJECT_BYTES = 20_000_000
# Lists and objects in an object's JSON: each takes some sixty bytes of memory. The records of 6 MB have fewer, as a
# header, the smallest thing with two of them, takes ten bytes.
_MOST_CONTAINERS = 1_300_000
_REASONS = {"NoSuchBucket": "no such bucket", "NoSuchKey": "no such object"}
_EXISTS = {"PreconditionFailed", "412"}
_LIST = "s3:ListBucket on the bucket"
_READ = "s3:GetObject, and kms:Decrypt on the bucket's key,"
_WRITE = "s3:PutObject, and kms:GenerateDataKey on the bucket's key,"
_MOVE = "s3:GetObject, s3:PutObject and s3:DeleteObject, and kms:Decrypt and kms:GenerateDataKey on the bucket's key,"


def is_readable(body: bytes) -> bool:
    """Whether JSON has no more lists and objects than a letter or a failure object can have."""
    return body.count(b"[") + body.count(b"{") <= _MOST_CONTAINERS


class Entry(NamedTuple):
    """An object as a listing shows it.

    Args:
        size: bytes.
        modified: when it was last written.
    """

    name: str
    size: int
    modified: datetime


class ObjectTooLargeError(AwsError):
    """An object is longer than anything that the toolkit writes or reads."""


class Bucket:
    """A bucket. Every method raises AwsError, with the reason in a sentence.

    Args:
        client: boto3's ``s3``.
    """

    def __init__(self, name: str, client: Any) -> None:
        self.name = name
        self._client = client

    def entries(self, prefix: str, after: str = "") -> Iterator[Entry]:
        """The objects below ``prefix`` whose names come after ``after``, in the order of their names (UTF-8)."""
        start = {"StartAfter": after} if after else {}
        paginator = self._client.get_paginator("list_objects_v2")
        pages = iter(paginator.paginate(Bucket=self.name, Prefix=prefix, **start))
        while True:
            page = self._call("listing", prefix, _LIST, lambda: next(pages, None))
            if page is None:
                return
            for item in page.get("Contents", ()):
                yield Entry(item["Key"], item["Size"], item["LastModified"])

    def read(self, name: str) -> bytes:
        """An object's content, of which no more is read than :data:`MOST_OBJECT_BYTES`.

        Raises:
            ObjectTooLargeError: it is longer.
        """

        def content() -> bytes | None:
            answer = self._client.get_object(Bucket=self.name, Key=name)
            with closing(answer["Body"]) as body:
                if answer.get("ContentLength", 0) > MOST_OBJECT_BYTES:
                    return None
                octets = bytes(body.read(MOST_OBJECT_BYTES + 1))
            return None if len(octets) > MOST_OBJECT_BYTES else octets

        octets = self._call("reading", name, _READ, content)
        if octets is None:
            limit = f"{MOST_OBJECT_BYTES:,} bytes"
            raise ObjectTooLargeError(
                f"s3://{self.name}/{name} is longer than {limit}, so it is not the toolkit's: move it"
            )
        return octets

    def write(self, name: str, body: bytes) -> None:
        """Write a JSON object; it replaces an object of the same name."""
        self._put(name, body)

    def write_new(self, name: str, body: bytes) -> bool:
        """Write a JSON object unless an object of that name exists; whether it was written."""
        try:
            self._put(name, body, IfNoneMatch="*")
        except AwsError as error:
            if error.code in _EXISTS:
                return False
            raise
        return True

    def move(self, name: str, to: str) -> None:
        """Give an object another name. Cut short, it has both: it is never gone."""

        def copy_and_delete() -> None:
            self._client.copy_object(Bucket=self.name, Key=to, CopySource={"Bucket": self.name, "Key": name})
            self._client.delete_object(Bucket=self.name, Key=name)

        self._call("moving", name, _MOVE, copy_and_delete)

    def _put(self, name: str, body: bytes, **condition: str) -> None:
        def put() -> None:
            self._client.put_object(Bucket=self.name, Key=name, Body=body, ContentType="application/json", **condition)

        self._call("writing", name, _WRITE, put)

    def _call[Answer](self, verb: str, name: str, permissions: str, call: Callable[[], Answer]) -> Answer:
        action = f"{verb} s3://{self.name}/{name}"
        try:
            return ask_aws(action, call)
        except AwsError as error:
            reason = _REASONS.get(error.code)
            if error.code == "AccessDenied":
                reason = f"access denied: allow {permissions} for the function's role"
            if reason is None:
                raise
            raise AwsError(f"{action}: {reason}", error.code) from error
