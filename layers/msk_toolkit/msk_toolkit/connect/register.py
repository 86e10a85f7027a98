"""Carry out a registration in Vantiq: look, plan, and only then write; publish a test message and see it arrive."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec

from msk_toolkit.connect.registration import (
    RegistrationChange,
    plan_activation,
    plan_secret,
    plan_source,
    plan_target,
    render_registration,
)
from msk_toolkit.connect.vantiq_source import publishes_json
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.msk.findings import Finding
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.resources import VantiqRefusedError
from msk_toolkit.vantiq.targets import target_resource


class SourceResources(Protocol):
    """See :class:`msk_toolkit.vantiq.resources.VantiqResources`."""

    def find(self, kind: str, name: str) -> dict[str, Any] | None: ...
    def create(self, kind: str, instance: dict[str, Any]) -> None: ...
    def update(self, kind: str, name: str, changes: dict[str, Any]) -> None: ...
    def set_active(self, source: str, *, active: bool) -> None: ...
    def publish_through(self, source: str, topic: str, message: dict[str, Any]) -> None: ...


class RegistrationTest(Protocol):
    """See :class:`msk_toolkit.vantiq.events.ReceivedEvents`."""

    def wait_for(self, wanted: str, seconds: float) -> Any: ...


# A consumer takes a while to start and join its group. The whole invocation has to end within a minute: SAM and the AWS
# CLI then give up and invoke the function once more.
_TEST_SECONDS = 40.0
_SECONDS_A_TRY = 5.0
_NOT_LOGGED_IN = 401
# Looks at an instance, decides what is to change, and answers what was there.
Decide = Callable[[str, str, Callable[[dict[str, Any] | None], RegistrationChange]], dict[str, Any] | None]
Subscribe = Callable[[str], AbstractContextManager[RegistrationTest]]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What shall stand in Vantiq: without a secret where the source needs none, without a source where only the targets
    are meant. Never printed.
    """

    source: str
    config: dict[str, Any]
    test_topic: str | None = None
    secret: str | None = None
    secret_value: str | None = None
    renew_secret: bool = False
    replace: list[str] = []
    targets: list[Target] = []

    def __repr__(self) -> str:
        return f"Wanted({self.source})"

    __str__ = __repr__


class TestResult(msgspec.Struct, frozen=True):
    """What became of the test message: published through the source, and received by it again."""

    __test__ = False  # no test class, whatever pytest thinks of its name

    topic: str
    published: bool
    received: bool
    event: Any = None


class SourceState(msgspec.Struct, frozen=True):
    """The source as Vantiq has it afterwards."""

    exists: bool
    active: bool | None = None
    unavailable: bool | None = None
    type: str | None = None


class Registration(msgspec.Struct, frozen=True):
    """The plan, whether all of it was carried out, and what the source does now."""

    applied: bool
    changes: list[str]
    table: str
    test: TestResult | None = None
    state: SourceState | None = None


def plan_registration(resources: SourceResources, wanted: Wanted, findings: list[Finding]) -> list[RegistrationChange]:
    """Every change that is needed; what Vantiq refuses to show becomes a finding and a refusal.

    Raises:
        VantiqError: Vantiq does not answer, or takes the token for nothing.
    """
    changes: list[RegistrationChange] = []

    def decide(
        kind: str, name: str, plan: Callable[[dict[str, Any] | None], RegistrationChange]
    ) -> dict[str, Any] | None:
        try:
            found = resources.find(kind, name)
        except VantiqRefusedError as error:
            if error.status == _NOT_LOGGED_IN:
                raise  # the others would be refused alike
            findings.append(Finding("error", f"Vantiq {kind} {name}", str(error)))
            changes.append(RegistrationChange("refuse", kind, name, "could not be looked at"))
            return None
        changes.append(plan(found))
        return found

    if wanted.source:
        _plan_the_source(wanted, changes, decide)
    for target in wanted.targets:
        kind, name = target_resource(target)
        decide(kind, name, lambda found, target=target: plan_target(found, target))  # type: ignore[misc]
    return changes


def _plan_the_source(wanted: Wanted, changes: list[RegistrationChange], decide: Decide) -> None:
    """The secret, the source, and what starts it."""
    secret = wanted.secret
    if secret is not None:
        value, renew = wanted.secret_value, wanted.renew_secret
        decide("secrets", secret, lambda found: plan_secret(found, secret, value, renew=renew, replace=wanted.replace))
    source = decide(
        "sources", wanted.source, lambda found: plan_source(found, wanted.source, wanted.config, wanted.replace)
    )
    activation = plan_activation(source, changes[-1], changes[0] if wanted.secret else None)
    if changes[-1].step != "refuse" and activation.step != "none":
        changes.append(activation)


def register(
    resources: SourceResources, subscribe: Subscribe, wanted: Wanted, findings: list[Finding], *, write: bool
) -> Registration:
    """Plan, and with ``write`` carry out, test and read back. A plan with a refusal changes nothing at all.

    Raises:
        VantiqError: there is no plan, see :func:`plan_registration`; nothing was changed.
    """
    changes = plan_registration(resources, wanted, findings)
    lines = [change.line() for change in changes]
    allowed = write and not any(change.step == "refuse" for change in changes)
    done = _carry_out(resources, changes, findings) if allowed else None
    complete = done == sum(change.writes for change in changes)
    test = None
    if complete and wanted.test_topic is not None:
        test = _round_trip(resources, subscribe, wanted, wanted.test_topic, findings)
    state = _state(resources, wanted.source, findings) if wanted.source else None
    if state is not None and state.unavailable:
        text = (
            "Vantiq says that it is unavailable: its Kafka client can't reach the brokers or log in; the source's "
            "errors in Vantiq say why, and the probes whether the brokers let anybody in"
        )
        findings.append(Finding("error", f"source {wanted.source}", text))
    return Registration(complete, lines, render_registration(changes, done), test, state)


def _carry_out(resources: SourceResources, changes: list[RegistrationChange], findings: list[Finding]) -> int:
    """How many changes were done, in their order; the first that fails becomes a finding and ends it."""
    done = 0
    for change in changes:
        try:
            _write(resources, change)
        except VantiqError as error:
            findings.append(Finding("error", f"Vantiq {change.kind} {change.name}", str(error)))
            break
        done += change.writes
    return done


def _write(resources: SourceResources, change: RegistrationChange) -> None:
    match change.step:
        case "create":
            resources.create(change.kind, change.instance)
        case "update":
            resources.update(change.kind, change.name, change.instance)
        case "activate":
            resources.set_active(change.name, active=True)
        case "restart":
            resources.set_active(change.name, active=False)
            resources.set_active(change.name, active=True)
        case "none" | "refuse":
            pass


def _round_trip(
    resources: SourceResources, subscribe: Subscribe, wanted: Wanted, topic: str, findings: list[Finding]
) -> TestResult:
    """Test publish and test subscribe in one: a message that nobody else sends, out through the source and in again."""
    mark = f"msk-vantiq-toolkit test {uuid.uuid4().hex}"
    message = {"key": "msk-vantiq-toolkit", "value": {"test": mark} if publishes_json(wanted.config) else mark}
    source, published, event, last = wanted.source, False, None, ""
    patience = Deadline(_TEST_SECONDS)
    try:
        with subscribe(source) as arrivals:
            # A source that has just been started reads from where the topic ends once it has joined its group, so
            # the first message may pass before.
            while event is None and not patience.expired:
                resources.publish_through(source, topic, message)
                published = True
                event = arrivals.wait_for(mark, min(_SECONDS_A_TRY, patience.remaining()))
    except VantiqError as error:
        last = str(error)
    if event is None:
        text = f"the test message could not be sent: {last}"
        if published:
            text = (
                f"the test message went out through it and did not come back from {topic} in time; the source stays "
                "registered: look at its errors in Vantiq, and whether its consumer.topics name that topic"
            ) + (f"; in the end: {last}" if last else "")
        findings.append(Finding("error", f"source {source}", text))
    return TestResult(topic, published, event is not None, event)


def _state(resources: SourceResources, source: str, findings: list[Finding]) -> SourceState | None:
    try:
        found = resources.find("sources", source)
    except VantiqError as error:
        text = str(error)
        if text not in {finding.text for finding in findings}:
            findings.append(Finding("error", f"source {source}", text))
        return None
    if found is None:
        return SourceState(exists=False)
    return SourceState(True, found.get("active"), found.get("isUnavailable"), found.get("type"))
