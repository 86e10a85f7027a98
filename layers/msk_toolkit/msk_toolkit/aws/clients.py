"""boto3 clients with timeouts: boto3's own defaults wait a minute for each try."""

import functools
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import NoRegionError

from msk_toolkit.errors import ConfigurationError

# Makes a boto3 client from a service's name.
MakeClient = Callable[[str], Any]

# Without an endpoint or NAT a call from a VPC never connects: two attempts of 3 s show that early enough.
_BOUNDED = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})
# An invocation answers when the function has ended, up to a minute after its start; a second try would run it twice.
_INVOKING = Config(connect_timeout=3, read_timeout=90, retries={"mode": "standard", "total_max_attempts": 1})


@functools.cache
def client(service: str) -> Any:
    """The process's client for ``service``; ``AWS_ENDPOINT_URL`` and the region are boto3's to read.

    Raises:
        ConfigurationError: the environment names no region, or an endpoint that is not a URL.
    """
    return _new_client(service, _BOUNDED)


def invoking_client() -> Any:
    """A client of Lambda that waits for the end of what it invokes, and tries nothing again.

    Raises:
        ConfigurationError: as for ``client``.
    """
    return _new_client("lambda", _INVOKING)


def _new_client(service: str, config: Config) -> Any:
    try:
        return boto3.client(service, config=config)  # type: ignore[call-overload]  # the name is a variable
    except NoRegionError as error:
        raise ConfigurationError("AWS", ["AWS_DEFAULT_REGION is missing"]) from error
    except ValueError as error:  # what botocore has for it
        raise ConfigurationError("AWS", ["AWS_ENDPOINT_URL is not a URL such as http://127.0.0.1:4566"]) from error
