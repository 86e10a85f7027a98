"""One question to AWS, with a refusal told by its code."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from msk_toolkit.aws.clients import aws_error, error_code
from msk_toolkit.errors import AwsError

_NOT_FOUND = frozenset({"NotFoundException", "ResourceNotFoundException", "BadRequestException"})


class NotFoundAtAwsError(AwsError):
    """What was asked for does not exist, in this account and Region."""


def ask_aws[Answer](action: str, call: Callable[[], Answer]) -> Answer:
    """The call's answer.

    Args:
        action: what is being asked, for the error's text, such as ``kafka:DescribeClusterV2``.

    Raises:
        NotFoundAtAwsError: no such thing.
        ToolkitError: denied, or no answer.
    """
    try:
        return call()
    except ClientError as error:
        if error_code(error) in _NOT_FOUND:
            raise NotFoundAtAwsError(f"{action}: not found in this account and Region") from error
        raise aws_error(action, error) from error
    except BotoCoreError as error:
        raise aws_error(action, error) from error
