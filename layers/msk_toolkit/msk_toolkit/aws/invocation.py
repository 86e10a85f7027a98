"""Invoking a Lambda function without waiting for it."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from msk_toolkit.aws.clients import aws_error


def invoke_later(lambda_client: Any, function: str, payload: bytes) -> None:
    """Have Lambda take the event; it runs the function when it can.

    Raises:
        AwsError: refused, or no answer.
    """
    try:
        lambda_client.invoke(FunctionName=function, InvocationType="Event", Payload=payload)
    except (ClientError, BotoCoreError) as error:
        raise aws_error(f"invoking {function}", error) from error
