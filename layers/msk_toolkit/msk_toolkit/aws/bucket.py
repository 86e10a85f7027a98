"""S3: a bucket's objects listed, read, written and moved."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from msk_toolkit.aws.clients import aws_error, error_code
from msk_toolkit.errors import AwsError

_REASONS = {
    "NoSuchBucket": "no such bucket",
    "NoSuchKey": "no such object",
    "AccessDenied": "access denied: allow s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and "
    "s3:DeleteObject in it, for the function's role",
}
_EXISTS = {"PreconditionFailed", "412"}


class Entry(NamedTuple):
    """An object as a listing shows it.

    Args:
        size: bytes.
        modified: when it was last written.
    """

    name: str
    size: int
    modified: datetime


class Bucket:
    """One bucket. Every method raises AwsError, with the reason in a sentence.

    Args:
        client: boto3's ``s3``.
    """

    def __init__(self, name: str, client: Any) -> None:
        self.name = name
        self._client = client

    def entries(self, prefix: str, after: str = "") -> Iterator[Entry]:
        """The objects below ``prefix`` whose names come after ``after``, in the order of their names (UTF-8)."""
        action = f"listing s3://{self.name}/{prefix}"
        start = {"StartAfter": after} if after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix, **start)
        try:
            for page in pages:
                for found in page.get("Contents", ()):
                    yield Entry(found["Key"], found["Size"], found["LastModified"])
        except (ClientError, BotoCoreError) as error:
            raise _error(action, error) from error

    def read(self, name: str) -> bytes:
        """An object's content."""
        try:
            answer = self._client.get_object(Bucket=self.name, Key=name)
            return bytes(answer["Body"].read())
        except (ClientError, BotoCoreError) as error:
            raise _error(f"reading s3://{self.name}/{name}", error) from error

    def write(self, name: str, body: bytes) -> None:
        """Write a JSON object; it replaces one of the same name."""
        self._put(name, body)

    def write_new(self, name: str, body: bytes) -> bool:
        """Write a JSON object unless there is one of that name; whether it was written."""
        try:
            self._put(name, body, IfNoneMatch="*")
        except _ExistsError:
            return False
        return True

    def move(self, name: str, to: str) -> None:
        """Give an object another name. Cut short, it has both: it is never gone."""
        try:
            self._client.copy_object(Bucket=self.name, Key=to, CopySource={"Bucket": self.name, "Key": name})
            self._client.delete_object(Bucket=self.name, Key=name)
        except (ClientError, BotoCoreError) as error:
            raise _error(f"moving s3://{self.name}/{name} to {to}", error) from error

    def _put(self, name: str, body: bytes, **condition: str) -> None:
        try:
            self._client.put_object(Bucket=self.name, Key=name, Body=body, ContentType="application/json", **condition)
        except ClientError as error:
            if condition and error_code(error) in _EXISTS:
                raise _ExistsError(name) from error
            raise _error(f"writing s3://{self.name}/{name}", error) from error
        except BotoCoreError as error:
            raise _error(f"writing s3://{self.name}/{name}", error) from error


class _ExistsError(AwsError):
    """There is an object of that name."""


def _error(action: str, error: ClientError | BotoCoreError) -> Exception:
    reason = _REASONS.get(error_code(error)) if isinstance(error, ClientError) else None
    return AwsError(f"{action}: {reason}") if reason else aws_error(action, error)
