"""A partial answer is only given to a mapping that takes it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msk_toolkit.forward import mode
from msk_toolkit.forward.outcome import Outcome

from tests.fakes.kafka_events import ARN, event, record

PROVISIONED = {"ProvisionedPollerConfig": {"MinimumPollers": 1}, "FunctionResponseTypes": ["ReportBatchItemFailures"]}
ON_DEMAND: dict[str, Any] = {"FunctionResponseTypes": []}
EVENT = event([record(0)])
INCOMPLETE = Outcome(1, 0, [], {"orders-0": 0}, [("orders-0", 0)], None)
COMPLETE = Outcome(1, 0, [], {}, [], None)


class Lambda:
    """Answers with these mappings."""

    def __init__(self, *mappings: Any) -> None:
        self.mappings = mappings
        self.asked: list[dict[str, str]] = []

    def list_event_source_mappings(self, **asked: str) -> dict[str, Any]:
        self.asked.append(asked)
        if self.mappings == ("denied",):
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListEventSourceMappings")
        if self.mappings == ("silent",):
            time.sleep(0.5)
        return {"EventSourceMappings": list(self.mappings)}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop-forwarder")
    mode._fits.cache_clear()

    def are(*mappings: Any) -> Lambda:
        made = Lambda(*mappings)
        monkeypatch.setattr(mode, "client", lambda service: made)
        return made

    yield are
    mode._fits.cache_clear()


@pytest.mark.parametrize(
    ("mappings", "expected"),
    [
        ([PROVISIONED], "provisioned"),
        ([PROVISIONED, PROVISIONED], "provisioned"),
        ([], "provisioned"),
        ([ON_DEMAND], "on-demand"),
        ([PROVISIONED, ON_DEMAND], "on-demand"),
        ([PROVISIONED | {"FunctionResponseTypes": []}], "on-demand"),
        (["denied"], "provisioned"),
    ],
)
def test_the_mapping_that_is_there_decides(there: Any, mappings: list[Any], expected: str) -> None:
    asked = there(*mappings)
    warnings: list[str] = []
    for _ in range(3):
        assert mode.agreed_mode("provisioned", INCOMPLETE, EVENT, warnings.append) == expected
    assert len(warnings) == (3 if expected == "on-demand" else 0)
    # Once for the environment, whatever the answer.
    assert asked.asked == [{"FunctionName": "shop-forwarder", "EventSourceArn": ARN}]


def test_a_silent_api_costs_a_bounded_time(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there("silent")
    monkeypatch.setattr(mode, "_LOOK_SECONDS", 0.05)
    assert mode.agreed_mode("provisioned", INCOMPLETE, EVENT, print) == "provisioned"


@pytest.mark.parametrize(("told", "outcome"), [("provisioned", COMPLETE), ("on-demand", INCOMPLETE)])
def test_nobody_is_asked_where_it_does_not_matter(there: Any, told: Any, outcome: Outcome) -> None:
    asked = there(ON_DEMAND)
    assert mode.agreed_mode(told, outcome, EVENT, print) == told
    assert asked.asked == []
