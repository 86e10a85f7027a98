"""When a registration starts Vantiq's source, or stops and starts it."""

from typing import Any

import pytest
from msk_toolkit.connect.register import DesiredRegistration, register
from msk_toolkit.connect.source_owner import MADE_HERE
from msk_toolkit.errors import VantiqError
from msk_toolkit.msk.findings import Finding
from msk_toolkit.vantiq.errors import VantiqUnansweredError
from msk_toolkit.vantiq.resources import VantiqRefusedError

CONFIG = {
    "bootstrap.servers": "sb://b-1:9096",
    "sasl.jaas.config": 'x required username="u" password="@secrets(MskPassword)";',
}


class Calls:
    """A Vantiq that has a source, and its secret or none, and notes what is asked of it: the stand-in restarts a
    source at every change, which no document promises."""

    def __init__(self, source: dict[str, Any], secret: dict[str, Any] | None) -> None:
        self._instances = {"sources": {"type": "KAFKA", "config": CONFIG} | source, "secrets": secret}
        self.made: list[str] = []

    def find(self, kind: str, name: str) -> dict[str, Any] | None:
        return self._instances[kind]

    def create(self, kind: str, instance: dict[str, Any]) -> None:
        self.made.append(f"create {kind}")

    def update(self, kind: str, name: str, changes: dict[str, Any]) -> None:
        self.made.append(f"update {kind}")

    def set_active(self, source: str, *, active: bool) -> None:
        self.made.append("activate" if active else "deactivate")

    def within(self, seconds: float) -> "Calls":
        return self

    def publish_through(self, source: str, topic: str, message: dict[str, Any]) -> None: ...


ACTIVE = {"active": True, "isUnavailable": False}
UNAVAILABLE = {"active": True, "isUnavailable": True}
OLD = {"config": CONFIG | {"bootstrap.servers": "sb://b-1:9092"}}
MINE = {"description": MADE_HERE}
RESTART = ["deactivate", "activate"]


@pytest.mark.parametrize(
    ("source", "secret", "renew", "made"),
    [
        (ACTIVE, MINE, False, []),
        (ACTIVE | OLD, MINE, False, ["update sources", *RESTART]),
        (ACTIVE, MINE, True, ["update secrets", *RESTART]),
        (ACTIVE, None, False, ["create secrets", *RESTART]),
        (UNAVAILABLE, MINE, False, RESTART),
        (UNAVAILABLE, None, False, ["create secrets", *RESTART]),
        (UNAVAILABLE | OLD, MINE, True, ["update secrets", "update sources", *RESTART]),
        ({"active": False}, None, False, ["create secrets", "activate"]),
        ({"active": False, "isUnavailable": True} | OLD, MINE, False, ["update sources", "activate"]),
        ({}, MINE, False, ["activate"]),
    ],
)
def test_an_active_source_is_stopped_and_started_when_it_has_failed_or_has_something_new_to_read(
    source: dict[str, Any], secret: dict[str, Any] | None, renew: bool, made: list[str]
) -> None:
    there = Calls(source, secret)
    desired = DesiredRegistration(
        source="Msk", config=CONFIG, secret="MskPassword", secret_value="x", renew_secret=renew
    )
    registration = register(there, lambda _: pytest.fail("there is nothing to test"), desired, [], write=True)
    assert registration.applied
    assert there.made == made


def test_a_plan_says_why_a_source_is_restarted() -> None:
    desired = DesiredRegistration(source="Msk", config=CONFIG)
    registration = register(Calls(UNAVAILABLE, None), lambda _: pytest.fail("none"), desired, [], write=False)
    assert registration.table == (
        "= sources Msk: up to date\n"
        "~ sources Msk: restart (deactivate, activate), since Vantiq reports it as unavailable\n"
        "Plan: 0 to create, 0 to update, 0 to activate, 1 to restart, 0 to refuse. Nothing was changed."
    )


class Failing(Calls):
    """A Vantiq that fails at the first change, and again when the source is read back."""

    def __init__(self, at_the_change: VantiqError, afterwards: VantiqError) -> None:
        super().__init__({}, None)
        self._at_the_change, self._afterwards = at_the_change, afterwards

    def find(self, kind: str, name: str) -> dict[str, Any] | None:
        if self.made:
            raise self._afterwards
        return super().find(kind, name)

    def set_active(self, source: str, *, active: bool) -> None:
        self.made.append("tried")
        raise self._at_the_change


def unanswered(stage: Any, cause: str) -> VantiqUnansweredError:
    return VantiqUnansweredError(stage, cause, "vantiq.example:443", "in other words", maybe_taken=stage == "answer")


@pytest.mark.parametrize(
    ("at_the_change", "afterwards", "findings"),
    [
        (VantiqRefusedError("activating", 500, "x"), VantiqRefusedError("reading", 500, "x"), 1),
        (VantiqRefusedError("activating", 500, "x"), VantiqRefusedError("reading", 403, ""), 2),
        (unanswered("tcp", "connect-timeout"), unanswered("tcp", "connect-timeout"), 1),
        (unanswered("answer", "answer-timeout"), unanswered("tcp", "connect-timeout"), 2),
        (unanswered("tcp", "connect-timeout"), VantiqError("the answer is not JSON"), 2),
        (VantiqError("the answer is not JSON"), VantiqError("the answer is not JSON"), 1),
    ],
)
def test_a_failure_is_reported_once_whatever_its_text_and_another_one_as_well(
    at_the_change: VantiqError, afterwards: VantiqError, findings: int
) -> None:
    reported: list[Finding] = []
    desired = DesiredRegistration(source="Msk", config=CONFIG)
    registration = register(
        Failing(at_the_change, afterwards), lambda _: pytest.fail("nothing to test"), desired, reported, write=True
    )
    assert (registration.applied, registration.state) == (False, None)
    assert [finding.text for finding in reported] == [str(error) for error in (at_the_change, afterwards)][:findings]
