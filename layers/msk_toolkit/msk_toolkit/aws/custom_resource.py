"""CloudFormation's custom resources: one answer to each request, whatever happens.

A request without an answer blocks its stack for an hour.
"""

from typing import Any, Literal

import msgspec
import urllib3

from msk_toolkit.errors import AwsError

Status = Literal["SUCCESS", "FAILED"]

# Bytes. CloudFormation refuses answers over 4 KB; the reason is all that can grow.
_LONGEST_REASON = 2000


def is_custom_resource(event: object) -> bool:
    """Whether CloudFormation sent the event."""
    return isinstance(event, dict) and "ResponseURL" in event and "RequestType" in event


def physical_id(event: dict[str, Any]) -> str:
    """The resource's id, the same in every answer: a changed one would make CloudFormation delete the old."""
    stack = str(event["StackId"]).rpartition(":stack/")[2].partition("/")[0]
    return str(event.get("PhysicalResourceId") or f"{stack}-{event['LogicalResourceId']}")


def send_answer(event: dict[str, Any], status: Status, reason: str, data: dict[str, str] | None = None) -> None:
    """Put the answer where CloudFormation waits for it.

    Raises:
        AwsError: it could not be delivered.
    """
    body = msgspec.json.encode(
        {
            "Status": status,
            "Reason": reason.encode()[:_LONGEST_REASON].decode(errors="ignore"),
            "PhysicalResourceId": physical_id(event),
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
            "Data": data or {},
        }
    )
    try:
        response = urllib3.request(
            "PUT",
            event["ResponseURL"],
            body=body,
            # The URL is signed for an empty content type.
            headers={"Content-Type": ""},
            timeout=urllib3.Timeout(connect=3, read=5),
            retries=urllib3.Retry(2, backoff_factor=0.3),
        )
    except urllib3.exceptions.HTTPError as error:
        # The URL is a credential: neither it nor an error that quotes it may be shown.
        raise AwsError(f"CloudFormation could not be answered ({type(error).__name__})") from None
    if response.status >= 300:
        raise AwsError(f"CloudFormation's answer address refused the answer with status {response.status}")
