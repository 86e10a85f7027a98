"""Names of earlier versions: accepted for one more release, and what they become."""

import logging
from typing import Any

import msgspec
import pytest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.redrive.request import Counts, RedriveRequest, parse_redrive_request

from tests.fakes.redrive_harness import RedriveHarness, failure, put


@pytest.mark.parametrize(
    ("event", "request_", "renamed"),
    [
        ({"action": "adopt"}, RedriveRequest(action="import"), "action adopt was renamed to import"),
        ({"notices": [{}]}, RedriveRequest(failure_notifications=[{}]), "notices was renamed to failure_notifications"),
        ({"leg": 3}, RedriveRequest(hop=3), "leg was renamed to hop"),
    ],
)
def test_a_request_with_an_old_name_is_carried_out_and_logged(
    event: dict[str, Any], request_: RedriveRequest, renamed: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert parse_redrive_request(event) == request_
    assert caplog.messages == [f"{renamed}; the old name works until version 0.4.0"]


def test_the_current_names_are_logged_as_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        parse_redrive_request({"action": "import", "failure_notifications": [{}], "hop": 1})
    assert caplog.messages == []


def test_a_request_with_both_names_of_a_field_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="notices is the old name of failure_notifications"):
        parse_redrive_request({"action": "import", "notices": [{}], "failure_notifications": [{}]})


def test_what_an_earlier_version_started_is_continued_with_its_counts() -> None:
    started: dict[str, Any] = {"action": "replay", "dry_run": False, "leg": 1, "so_far": {"delivered": 4, "adopted": 7}}
    harness = RedriveHarness()
    put(harness, failure())
    assert harness.ask(**started).done == Counts(delivered=10, imported=13)


def test_the_response_has_the_count_under_both_names() -> None:
    harness = RedriveHarness()
    put(harness, failure())
    response: Any = msgspec.to_builtins(harness.ask(action="adopt", dry_run=False))
    assert response["action"] == "import"
    assert response["done"] == {"delivered": 0, "refused": 0, "imported": 6, "gone": 0, "adopted": 6}


def test_counts_of_two_invocations_add_up_in_every_field() -> None:
    total = Counts(delivered=1, refused=2, imported=3, gone=4) + Counts(delivered=10, refused=20, imported=30, gone=40)
    assert total == Counts(delivered=11, refused=22, imported=33, gone=44)
