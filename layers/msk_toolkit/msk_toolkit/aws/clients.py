"""boto3 clients with time-outs: boto3's own defaults wait a minute for each try."""

import functools
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoRegionError
from botocore.exceptions import ConnectionError as BotoConnectionError

from msk_toolkit.errors import AwsError, ConfigurationError, ToolkitError

# Without an endpoint or NAT a call from a VPC never connects: two tries of 3 s say so early enough.
_BOUNDED = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})
# An invocation answers when the function has ended, up to a minute after its start; a second try would run it twice.
_INVOKING = Config(connect_timeout=3, read_timeout=90, retries={"mode": "standard", "total_max_attempts": 1})


@functools.cache
def client(service: str) -> Any:
    """The process's client for ``service``; ``AWS_ENDPOINT_URL`` and the region are boto3's to read.

    Raises:
        ConfigurationError: the environment names no region, or an endpoint that is no URL.
    """
    return _made(service, _BOUNDED)


def invoking_client() -> Any:
    """A client of Lambda that waits for the end of what it invokes, and tries nothing again.

    Raises:
        ConfigurationError: as for ``client``.
    """
    return _made("lambda", _INVOKING)


def _made(service: str, config: Config) -> Any:
    try:
        return boto3.client(service, config=config)  # type: ignore[call-overload]  # the name is a variable
    except NoRegionError as error:
        raise ConfigurationError("AWS", ["AWS_DEFAULT_REGION is missing"]) from error
    except ValueError as error:  # what botocore has for it
        raise ConfigurationError("AWS", ["AWS_ENDPOINT_URL is not a URL such as http://127.0.0.1:4566"]) from error


def error_code(error: ClientError) -> str:
    """The API's error code, such as ``AccessDeniedException``."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def aws_error(action: str, error: BotoCoreError | ClientError) -> ToolkitError:
    """Any other failure of an AWS call, in a sentence with its remedy."""
    if isinstance(error, ClientError):
        code = error_code(error)
        # EC2 has a word of its own for it.
        if code in {"AccessDeniedException", "AccessDenied", "UnauthorizedException", "UnauthorizedOperation"}:
            return AwsError(f"{action}: access denied; allow it for the function's role")
        return AwsError(f"{action}: refused with {code}")
    if not isinstance(error, BotoConnectionError | HTTPClientError):
        return AwsError(f"{action}: could not be asked ({type(error).__name__}); see boto3's configuration")
    return AwsError(
        f"{action}: no answer from AWS ({type(error).__name__}); "
        "the subnet needs a VPC endpoint for the service, or NAT"
    )
