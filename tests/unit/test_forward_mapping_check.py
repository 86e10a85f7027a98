"""A partial answer is only given to a mapping that takes it."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward import mapping_check
from msk_toolkit.forward.mapping_check import MappingCheck
from msk_toolkit.forward.outcome import BatchOutcome

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_events import ARN, event, record

PROVISIONED = {
    "ProvisionedPollerConfig": {"MinimumPollers": 1},
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "State": "Enabled",
}
ON_DEMAND: dict[str, Any] = {"FunctionResponseTypes": []}
EVENT = event([record(0)])
INCOMPLETE = BatchOutcome(1, 0, [], {"orders-0": 0}, [("orders-0", 0)], None)
COMPLETE = BatchOutcome(1, 0, [], {}, [], None)


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


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop-forwarder")

    def are(*mappings: Any) -> Lambda:
        made = Lambda(*mappings)
        monkeypatch.setattr(mapping_check, "client", lambda service: made)
        return made

    return are


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
    there: Any, mappings: list[Any], expected: str, first: BatchOutcome
) -> None:
    asked, said, look = there(*mappings), Said(), MappingCheck(FakeClock())
    for outcome in (first, COMPLETE):
        assert look.agreed_mode("provisioned", outcome, EVENT, said) == expected
    assert len(said.errors) == (2 if expected == "on-demand" and mappings != ["denied"] else 0)
    assert len(said.warnings) == (mappings == ["denied"])
    # Once for the environment, whatever the answer.
    assert asked.asked == [{"FunctionName": "shop-forwarder", "EventSourceArn": ARN}]


def test_every_partial_answer_is_preceded_by_a_look_however_recent_the_last_one(there: Any) -> None:
    said, look = Said(), MappingCheck(FakeClock())
    there(PROVISIONED)
    assert look.agreed_mode("provisioned", INCOMPLETE, EVENT, said) == "provisioned"
    # Switched by hand within the same second: half of the batch would count as done.
    there(ON_DEMAND)
    assert look.agreed_mode("provisioned", INCOMPLETE, EVENT, said) == "on-demand"
    there("denied")
    assert look.agreed_mode("provisioned", INCOMPLETE, EVENT, said) == "on-demand"
    there(PROVISIONED)
    assert look.agreed_mode("provisioned", INCOMPLETE, EVENT, said) == "provisioned"


def test_batches_that_are_done_cost_one_look_of_an_environment(there: Any) -> None:
    asked, clock = there(PROVISIONED), FakeClock()
    look = MappingCheck(clock)
    for _ in range(5):
        assert look.agreed_mode("provisioned", COMPLETE, EVENT, Said()) == "provisioned"
        clock.advance(3600)
    assert len(asked.asked) == 1


def test_a_look_ends_before_the_functions_time_does(there: Any) -> None:
    there("silent")
    said = Said()
    assert MappingCheck().agreed_mode("provisioned", INCOMPLETE, EVENT, said, Deadline(0.3)) == "on-demand"
    assert len(said.warnings) == 1
    assert MappingCheck().agreed_mode("provisioned", INCOMPLETE, EVENT, said, Deadline(0)) == "on-demand"


def test_a_disagreement_ends_when_the_mapping_is_mended(there: Any) -> None:
    said, clock = Said(), FakeClock()
    look = MappingCheck(clock)
    there(ON_DEMAND)
    assert look.agreed_mode("provisioned", COMPLETE, EVENT, said) == "on-demand"
    there(PROVISIONED)
    clock.advance(60)
    assert look.agreed_mode("provisioned", COMPLETE, EVENT, said) == "provisioned"


def test_a_silent_api_costs_a_bounded_time(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there("silent")
    said = Said()
    monkeypatch.setattr(mapping_check, "_LOOK_SECONDS", 0.05)
    assert MappingCheck().agreed_mode("provisioned", INCOMPLETE, EVENT, said) == "on-demand"
    assert len(said.warnings) == 1


def test_a_mapping_that_could_not_be_looked_at_is_looked_at_again(there: Any) -> None:
    said, clock = Said(), FakeClock()
    look = MappingCheck(clock)
    there("denied")
    assert look.agreed_mode("provisioned", INCOMPLETE, EVENT, said) == "on-demand"
    there(PROVISIONED)
    assert look.agreed_mode("provisioned", COMPLETE, EVENT, said) == "on-demand"
    clock.advance(60)
    assert look.agreed_mode("provisioned", COMPLETE, EVENT, said) == "provisioned"


def test_an_event_that_names_no_cluster_to_ask_about_never_gets_a_partial_answer(there: Any) -> None:
    asked = there(PROVISIONED)
    event = {"eventSource": "SelfManagedKafka", "bootstrapServers": "b-1:9096", "records": {}}
    assert MappingCheck().agreed_mode("provisioned", INCOMPLETE, event, Said()) == "on-demand"
    assert asked.asked == []


def test_nobody_is_asked_on_demand(there: Any) -> None:
    asked = there(ON_DEMAND)
    assert MappingCheck().agreed_mode("on-demand", INCOMPLETE, EVENT, Said()) == "on-demand"
    assert asked.asked == []
