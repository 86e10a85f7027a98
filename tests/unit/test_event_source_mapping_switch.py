"""A mapping is enabled or not as Lambda's API says, and goes on as before while that does not answer."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local.event_source_mapping.switch import Switch


class Service:
    """Lambda, and a clock."""

    def __init__(self) -> None:
        self.state = "Enabled"
        self.error: Exception | None = None
        self.asked = 0
        self.now = 100.0

    def describe(self) -> dict[str, Any]:
        self.asked += 1
        if self.error:
            raise self.error
        return {"UUID": "1", "State": self.state}

    def passes(self, seconds: float, switch: Callable[[], bool]) -> bool:
        self.now += seconds
        return switch()


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "GetEventSourceMapping")


@pytest.mark.parametrize(
    ("state", "enabled"),
    [("Enabled", True), ("Creating", True), ("Enabling", True), ("Disabling", False), ("Disabled", False)],
)
def test_a_mapping_is_enabled_as_the_api_says(state: str, enabled: bool) -> None:
    service = Service()
    service.state = state
    assert Switch(service.describe, lambda: service.now)() == enabled


def test_the_api_is_asked_once_a_second_however_often_a_batch_is() -> None:
    service = Service()
    switch = Switch(service.describe, lambda: service.now)
    assert [service.passes(0.1, switch) for _ in range(8)] == [True] * 8
    assert service.asked == 1
    service.state = "Disabled"
    assert not service.passes(1.0, switch)
    assert service.asked == 2


@pytest.mark.parametrize("state", ["Enabled", "Disabled"])
@pytest.mark.parametrize("error", [client_error("ServiceException"), EndpointConnectionError(endpoint_url="http://x")])
def test_the_last_known_state_holds_while_the_api_does_not_answer(state: str, error: Exception) -> None:
    service = Service()
    service.state = state
    switch = Switch(service.describe, lambda: service.now)
    known = switch()
    service.error = error
    assert service.passes(2.0, switch) == known


def test_a_deleted_mapping_reads_no_more() -> None:
    service = Service()
    switch = Switch(service.describe, lambda: service.now)
    assert switch()
    service.error = client_error("ResourceNotFoundException")
    assert not service.passes(2.0, switch)
