"""S3: one object written, or a sentence on why not."""

from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from msk_toolkit.aws.clients import aws_error, error_code
from msk_toolkit.errors import AwsError

_REASONS = {
    "NoSuchBucket": "no such bucket",
    "AccessDenied": "access denied: allow s3:PutObject, and kms:GenerateDataKey on the bucket's key, "
    "for the function's role",
}


class ObjectsClient(Protocol):
    """The one call of boto3's ``s3`` client that is used."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, object]:  # noqa: N803
        """Answer the object's ETag and encryption."""
        ...


def put_object(s3: ObjectsClient, bucket: str, name: str, body: bytes) -> None:
    """Write a JSON object; a second write under the same name replaces the first.

    Raises:
        AwsError: not written, as far as is known.
    """
    action = f"writing s3://{bucket}/{name}"
    try:
        s3.put_object(Bucket=bucket, Key=name, Body=body, ContentType="application/json")
    except ClientError as error:
        reason = _REASONS.get(error_code(error))
        if reason is None:
            raise aws_error(action, error) from error
        raise AwsError(f"{action}: {reason}") from error
    except BotoCoreError as error:
        raise aws_error(action, error) from error
