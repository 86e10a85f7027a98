"""Whether a mapping is enabled, as Lambda's API says: it can be disabled there at any time."""

import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_EVERY_SECONDS = 1.0
_NOT_THERE = "ResourceNotFoundException"
# Asked again a second later, so a service that hangs delays no record for long.
_LIMITS = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
_OFF = {"Disabled", "Disabling", "Deleting"}


class Switch:
    """The state of one mapping, asked at most once a second.

    Args:
        describe: returns the mapping as GetEventSourceMapping does; raises ``ClientError`` or ``BotoCoreError``.
        clock: monotonic, in seconds.
    """

    def __init__(self, describe: Callable[[], dict[str, Any]], clock: Callable[[], float] = time.monotonic) -> None:
        self._describe = describe
        self._clock = clock
        self._next = clock()
        self._enabled = True

    def __call__(self) -> bool:
        """Whether the mapping is enabled; what was last known while the service does not answer."""
        if self._clock() >= self._next:
            self._next = self._clock() + _EVERY_SECONDS
            self._enabled = self._ask()
        return self._enabled

    def _ask(self) -> bool:
        try:
            return self._describe().get("State") not in _OFF
        except ClientError as error:
            return self._enabled and error.response["Error"]["Code"] != _NOT_THERE
        except BotoCoreError:
            return self._enabled


def switch_of(mapping_id: str, session: boto3.Session, endpoint: str) -> Switch:
    """The switch of a mapping, by its UUID."""
    client = session.client("lambda", endpoint_url=endpoint, config=_LIMITS)
    return Switch(lambda: dict(client.get_event_source_mapping(UUID=mapping_id)))
