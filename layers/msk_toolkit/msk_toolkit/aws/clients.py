"""Clients of AWS's services, as boto3 makes them, with timeouts: boto3's own defaults wait a minute for each attempt.

boto3 is imported when a client of it is made: most invocations ask only what :mod:`msk_toolkit.aws.direct_client` sends
without it.
"""

import functools
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from msk_toolkit.aws.direct_access import direct_access
from msk_toolkit.aws.direct_client import DirectClient
from msk_toolkit.errors import ConfigurationError

# Makes a client from boto3's name of a service.
MakeClient = Callable[[str], Any]

# Without an endpoint or NAT a call from a VPC never connects: two attempts of 3 s show that early enough.
_BOUNDED = {"connect_timeout": 3, "read_timeout": 8, "retries": {"mode": "standard", "total_max_attempts": 2}}
# An invocation answers when the function has ended, up to a minute after its start; a second try would run it twice.
_INVOKING = {"connect_timeout": 3, "read_timeout": 90, "retries": {"mode": "standard", "total_max_attempts": 1}}

# boto3's default session must not make two clients at once.
_MAKING = threading.Lock()


@functools.cache
def client(service: str) -> Any:
    """The process's client for ``service``.

    Raises:
        ConfigurationError: the environment names no region, or an endpoint that is not a URL.
    """
    access = direct_access(service, os.environ)
    if access is None:
        return _new_client(service, _BOUNDED)
    return DirectClient(access, functools.partial(_new_client, service, _BOUNDED))


def invoking_client() -> Any:
    """A client of Lambda that waits for the end of what it invokes, and tries nothing again.

    Raises:
        ConfigurationError: as for ``client``.
    """
    return _new_client("lambda", _INVOKING)


def _new_client(service: str, options: Mapping[str, Any]) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import NoRegionError

    try:
        with _MAKING:
            return boto3.client(service, config=Config(**options))  # type: ignore[call-overload]  # a variable's name
    except NoRegionError as error:
        raise ConfigurationError("AWS", ["AWS_DEFAULT_REGION is missing"]) from error
    except ValueError as error:  # what botocore has for it
        raise ConfigurationError("AWS", ["AWS_ENDPOINT_URL is not a URL such as http://127.0.0.1:4566"]) from error
