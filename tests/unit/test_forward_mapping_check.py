"""A partial batch response is only given to a mapping that accepts it."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward import mapping_check
from msk_toolkit.forward.mapping_check import CheckedResponse, MappingCheck

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_events import ARN

PROVISIONED = {
    "ProvisionedPollerConfig": {"MinimumPollers": 1},
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "State": "Enabled",
}
ON_DEMAND: dict[str, Any] = {"FunctionResponseTypes": []}
INCOMPLETE = CheckedResponse("shop-forwarder", ARN, has_failures=True)
COMPLETE = CheckedResponse("shop-forwarder", ARN, has_failures=False)


class Lambda:
    """Answers with these mappings, each on a page of its own."""

    def __init__(self, *mappings: Any) -> None:
        self.mappings = mappings
        self.asked: list[dict[str, str]] = []

    def get_paginator(self, operation: str) -> "Lambda":
        assert operation == "list_event_source_mappings"
        return self

    def paginate(self, **asked: str) -> list[dict[str, Any]]:
        self.asked.append(asked)
        if self.mappings == ("denied",):
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListEventSourceMappings")
        if self.mappings == ("silent",):
            time.sleep(0.5)
        return [{"EventSourceMappings": [mapping]} for mapping in self.mappings]


class Mappings:
    """Makes clients for the mappings that there are now."""

    def __init__(self, *mappings: Any) -> None:
        self.set(*mappings)

    def set(self, *mappings: Any) -> None:
        """From now on these."""
        self.api = Lambda(*mappings)

    def client(self, service: str) -> Lambda:
        """See MakeClient."""
        assert service == "lambda"
        return self.api


class Said:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def warning(self, message: str, /, *_: object) -> None:
        self.warnings.append(message)

    def error(self, message: str, /, *_: object) -> None:
        self.errors.append(message)


@pytest.mark.parametrize(
    ("mappings", "expected"),
    [
        ([PROVISIONED], "provisioned"),
        ([PROVISIONED, PROVISIONED], "provisioned"),
        # Invoked by hand, or through an alias of somebody's: nobody knows by whom.
        ([], "on-demand"),
        ([ON_DEMAND], "on-demand"),
        ([PROVISIONED, ON_DEMAND], "on-demand"),
        ([PROVISIONED | {"FunctionResponseTypes": []}], "on-demand"),
        # In the middle of an update the pollers may still be the ones from before.
        ([PROVISIONED | {"State": "Updating"}], "on-demand"),
        ([PROVISIONED | {"State": "Creating"}], "on-demand"),
        ([PROVISIONED | {"State": "Enabling"}], "on-demand"),
        ([PROVISIONED | {"State": "Disabling"}], "provisioned"),
        (["denied"], "on-demand"),
    ],
)
@pytest.mark.parametrize("first", [COMPLETE, INCOMPLETE])
def test_the_mapping_that_is_there_decides_from_the_first_invocation_on(
    mappings: list[Any], expected: str, first: CheckedResponse
) -> None:
    there, log = Mappings(*mappings), Said()
    check = MappingCheck(there.client, log, FakeClock())
    for response in (first, COMPLETE):
        assert check.agreed_mode("provisioned", response) == expected
    assert len(log.errors) == (2 if expected == "on-demand" and mappings != ["denied"] else 0)
    assert len(log.warnings) == (mappings == ["denied"])
    # Once for the environment, whatever the answer.
    assert there.api.asked == [{"FunctionName": "shop-forwarder", "EventSourceArn": ARN}]


def test_batch_item_failures_are_preceded_by_a_check_however_recent_the_last_one() -> None:
    there = Mappings(PROVISIONED)
    check = MappingCheck(there.client, Said(), FakeClock())
    assert check.agreed_mode("provisioned", INCOMPLETE) == "provisioned"
    # Switched by hand within the same second: half of the batch would count as done.
    there.set(ON_DEMAND)
    assert check.agreed_mode("provisioned", INCOMPLETE) == "on-demand"
    there.set("denied")
    assert check.agreed_mode("provisioned", INCOMPLETE) == "on-demand"
    there.set(PROVISIONED)
    assert check.agreed_mode("provisioned", INCOMPLETE) == "provisioned"


def test_batches_that_are_done_cost_one_check_of_an_environment() -> None:
    there, clock = Mappings(PROVISIONED), FakeClock()
    check = MappingCheck(there.client, Said(), clock)
    for _ in range(5):
        assert check.agreed_mode("provisioned", COMPLETE) == "provisioned"
        clock.advance(3600)
    assert len(there.api.asked) == 1


def test_a_check_ends_before_the_functions_time_does() -> None:
    there, log = Mappings("silent"), Said()
    assert MappingCheck(there.client, log).agreed_mode("provisioned", INCOMPLETE, Deadline(0.3)) == "on-demand"
    assert len(log.warnings) == 1
    assert MappingCheck(there.client, log).agreed_mode("provisioned", INCOMPLETE, Deadline(0)) == "on-demand"


def test_a_disagreement_is_checked_again_after_a_minute_and_ends_when_the_mapping_is_fixed() -> None:
    there, clock = Mappings(ON_DEMAND), FakeClock()
    check = MappingCheck(there.client, Said(), clock)
    assert check.agreed_mode("provisioned", COMPLETE) == "on-demand"
    there.set(PROVISIONED)
    clock.advance(59.9)
    assert check.agreed_mode("provisioned", COMPLETE) == "on-demand"
    clock.advance(0.1)
    assert check.agreed_mode("provisioned", COMPLETE) == "provisioned"


def test_a_silent_api_costs_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    there, log = Mappings("silent"), Said()
    monkeypatch.setattr(mapping_check, "_LOOK_SECONDS", 0.05)
    assert MappingCheck(there.client, log).agreed_mode("provisioned", INCOMPLETE) == "on-demand"
    assert len(log.warnings) == 1


def test_a_mapping_that_could_not_be_checked_is_checked_again() -> None:
    there, clock = Mappings("denied"), FakeClock()
    check = MappingCheck(there.client, Said(), clock)
    assert check.agreed_mode("provisioned", INCOMPLETE) == "on-demand"
    there.set(PROVISIONED)
    assert check.agreed_mode("provisioned", COMPLETE) == "on-demand"
    clock.advance(60)
    assert check.agreed_mode("provisioned", COMPLETE) == "provisioned"


@pytest.mark.parametrize(("second", "mode"), [(PROVISIONED, "provisioned"), (ON_DEMAND, "on-demand")])
def test_of_a_self_managed_cluster_every_mapping_of_the_function_must_accept_it(second: Any, mode: str) -> None:
    there = Mappings(PROVISIONED, second)
    response = INCOMPLETE._replace(source=None)
    assert MappingCheck(there.client, Said()).agreed_mode("provisioned", response) == mode
    assert there.api.asked == [{"FunctionName": "shop-forwarder"}]


def test_the_mapping_is_not_checked_on_demand() -> None:
    there = Mappings(ON_DEMAND)
    assert MappingCheck(there.client, Said()).agreed_mode("on-demand", INCOMPLETE) == "on-demand"
    assert there.api.asked == []


def test_the_mapping_is_not_checked_outside_of_lambda() -> None:
    there = Mappings(ON_DEMAND)
    response = INCOMPLETE._replace(function="")
    assert MappingCheck(there.client, Said()).agreed_mode("provisioned", response) == "provisioned"
    assert there.api.asked == []
