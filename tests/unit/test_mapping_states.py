"""Event source mappings as Lambda lists them, through boto3 and without it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from msk_toolkit.aws.mappings import mapping_states


class Lambda:
    """A client that lists one mapping."""

    def __init__(self, **mapping: Any) -> None:
        self._mapping = {"UUID": "3f9d6e4a", "Topics": ["orders"], "State": "Enabled", **mapping}

    def get_paginator(self, operation: str) -> "Lambda":
        assert operation == "list_event_source_mappings"
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        yield {"EventSourceMappings": [self._mapping]}


@pytest.mark.parametrize(
    ("time", "modified"),
    [(datetime(2026, 11, 28, 3, tzinfo=UTC), 1795834800.0), (1795834800.25, 1795834800.25), (None, None)],
)
def test_when_a_mapping_was_changed_is_read_in_boto3s_form_and_in_lambdas(time: object, modified: float | None) -> None:
    (state,) = mapping_states(Lambda(LastModified=time), "forwarder", "arn")
    assert state.modified == modified
