"""What the poller has done, for those who look from outside."""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from local.event_source_mapping.mapping import Mapping

# Values of LastProcessingResult, as AWS documents them for Apache Kafka.
NOTHING_PROCESSED = "No records processed"
PROCESSED = "OK"
CALL_FAILED = "PROBLEM: Function call failed"
LOGIN_REFUSED = "PROBLEM: SASL authentication failed"
NOT_AUTHORIZED = "PROBLEM: Cluster failed to authorize Lambda"
NOT_CONNECTED = "PROBLEM: Connection error. Please check your event source connection configuration."


class Stats(msgspec.Struct, kw_only=True):
    """Counts since the start: records, but for ``invocations``, ``failed_invocations`` and the errors.

    ``polled`` records were read from Kafka, ``filtered_out`` ones matched none of the mapping's filters, ``invoked``
    ones were sent to the function (again and again counts again),
    ``committed`` ones will not be read again, ``dead_lettered`` ones are at the destination, ``dropped`` ones had none.
    """

    state: str = "starting"
    partitions: list[str] = []
    polled: int = 0
    filtered_out: int = 0
    invoked: int = 0
    invocations: int = 0
    failed_invocations: int = 0
    partial_responses: int = 0
    throttled: int = 0
    committed: int = 0
    dead_lettered: int = 0
    dropped: int = 0
    polling_errors: int = 0
    commit_errors: int = 0
    last_error: str = ""
    # As Lambda's API says it.
    last_result: str = NOTHING_PROCESSED


class Described(msgspec.Struct, frozen=True, rename="pascal"):
    """What Lambda's API says of a mapping, and the emulator leaves out or says before the pollers do so."""

    topics: tuple[str, ...]
    last_processing_result: str
    batch_size: int
    function_response_types: tuple[str, ...]
    provisioned_poller_config: dict[str, Any] | UnsetType = UNSET
    filter_criteria: dict[str, Any] | UnsetType = UNSET


def described(mapping: Mapping, stats: Stats) -> Described:
    """The mapping as its pollers play it."""
    response_types: tuple[str, ...] = ()
    if mapping.report_batch_item_failures:
        response_types = ("ReportBatchItemFailures",)
    pollers: dict[str, Any] | UnsetType = UNSET
    if mapping.pollers is not None:
        named = mapping.pollers
        pollers = {"MinimumPollers": named.minimum_pollers, "MaximumPollers": named.maximum_pollers}
        if named.poller_group_name:
            pollers["PollerGroupName"] = named.poller_group_name
    filters: dict[str, Any] | UnsetType = UNSET
    if mapping.filters:
        filters = {"Filters": [{"Pattern": pattern} for pattern in mapping.filters]}
    return Described(mapping.topics, stats.last_result, mapping.batch_size, response_types, pollers, filters)


class StateFile:
    """A JSON file that always holds a whole object, written at most twice a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = b""
        self._next = 0.0

    def write(self, state: msgspec.Struct, now: float) -> None:
        """Write when something changed and the last writing is half a second ago."""
        if now >= self._next:
            self._next = now + 0.5
            self.write_now(state)

    def write_now(self, state: msgspec.Struct) -> None:
        """Write when something changed."""
        text = msgspec.json.format(msgspec.json.encode(state))
        if text != self._written:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._path.with_suffix(".new")
            temporary.write_bytes(text)
            temporary.replace(self._path)
            self._written = text
