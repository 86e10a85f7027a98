"""Carry out a registration in Vantiq.

1. Look at every instance that is concerned and plan what is to change; a plan with a refusal changes nothing.
2. Write the changes in their order; the first that fails ends it.
3. Publish a test message through the source and wait until the source receives it.
4. Read the source back.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

from msk_toolkit.connect.registration import (
    RegistrationChange,
    has_refusal,
    plan_activation,
    plan_secret,
    plan_source,
    plan_target,
    render_registration,
)
from msk_toolkit.connect.round_trip import PublishesThrough, SourceUnderTest, Subscribe, TestResult, send_test_message
from msk_toolkit.connect.source_owner import MADE_HERE
from msk_toolkit.connect.vantiq_source import publishes_json
from msk_toolkit.errors import VantiqError
from msk_toolkit.msk.findings import Finding
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.errors import VantiqUnansweredError
from msk_toolkit.vantiq.resources import VantiqRefusedError
from msk_toolkit.vantiq.targets import target_resource


class SourceResources(PublishesThrough, Protocol):
    """See :class:`msk_toolkit.vantiq.resources.VantiqResources`."""

    def find(self, kind: str, name: str) -> dict[str, Any] | None: ...
    def create(self, kind: str, instance: dict[str, Any]) -> None: ...
    def update(self, kind: str, name: str, changes: dict[str, Any]) -> None: ...
    def set_active(self, source: str, *, active: bool) -> None: ...


_NOT_LOGGED_IN = 401
# From an instance as Vantiq has it, None where there is none, to what is to happen to it.
PlanInstance = Callable[[dict[str, Any] | None], RegistrationChange]


class DesiredRegistration(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be in Vantiq. It has no secret where the source needs none, and no source where only the targets are
    meant. Never printed.
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
        return f"DesiredRegistration({self.source})"

    __str__ = __repr__


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


class _Failures:
    """What Vantiq refuses or does not answer, a finding each; a failure is recognized by Vantiq's codes."""

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings
        self._codes: set[tuple[object, ...]] = set()

    def add(self, subject: str, error: VantiqError) -> None:
        self._findings.append(Finding("error", subject, str(error)))
        self._codes.add(_code(error))

    def add_unless_known(self, subject: str, error: VantiqError) -> None:
        """A failure that another call had as well is reported once."""
        if _code(error) not in self._codes:
            self.add(subject, error)


def _code(error: VantiqError) -> tuple[object, ...]:
    match error:
        case VantiqRefusedError():
            return (error.status, error.code)
        case VantiqUnansweredError():
            return (error.stage, error.cause)
        case _:
            return (str(error),)


class _Planner:
    """Looks at instances and plans; what Vantiq refuses to show becomes a finding and a refusal."""

    def __init__(self, resources: SourceResources, failures: _Failures) -> None:
        self._resources = resources
        self._failures = failures
        self.changes: list[RegistrationChange] = []

    def plan(self, kind: str, name: str, plan: PlanInstance) -> tuple[dict[str, Any] | None, RegistrationChange]:
        instance = None
        try:
            instance = self._resources.find(kind, name)
            change = plan(instance)
        except VantiqRefusedError as error:
            if error.status == _NOT_LOGGED_IN:
                raise  # the others would be refused alike
            self._failures.add(f"Vantiq {kind} {name}", error)
            change = RegistrationChange("refuse", kind, name, "could not be read")
        self.changes.append(change)
        return instance, change


def register(
    resources: SourceResources,
    subscribe: Subscribe,
    desired: DesiredRegistration,
    findings: list[Finding],
    *,
    write: bool,
) -> Registration:
    """Plan, and with ``write`` carry out, test and read back. A plan with a refusal changes nothing at all.

    Raises:
        VantiqError: Vantiq does not answer, or the token is not valid: there is no plan, and nothing was changed.
    """
    failures = _Failures(findings)
    changes = _planned(resources, desired, failures)
    done = None
    if write:
        done = _carry_out(resources, changes, failures)
    complete = done == sum(change.writes for change in changes)
    test = None
    if complete:
        test = _test(resources, subscribe, desired, findings)
    state = _source_state(resources, desired.source, failures)
    findings.extend(_state_findings(desired.source, state))
    return Registration(
        complete, [change.line() for change in changes], render_registration(changes, done), test, state
    )


def _test(
    resources: SourceResources, subscribe: Subscribe, desired: DesiredRegistration, findings: list[Finding]
) -> TestResult | None:
    if desired.test_topic is None:
        return None
    through = SourceUnderTest(desired.source, desired.test_topic, publishes_json(desired.config))
    return send_test_message(resources, subscribe, through, findings)


def _state_findings(source: str, state: SourceState | None) -> Iterator[Finding]:
    if state is not None and state.unavailable:
        text = (
            "Vantiq reports it as unavailable: its Kafka client cannot reach the brokers or log in; see the source's "
            "errors in Vantiq for the reason, and the probes for whether the brokers accept any client"
        )
        yield Finding("error", f"source {source}", text)


def _planned(resources: SourceResources, desired: DesiredRegistration, failures: _Failures) -> list[RegistrationChange]:
    """Every change that is needed, in their order: the secret, the source, what starts it, the targets."""
    planner = _Planner(resources, failures)
    if desired.source:
        _plan_the_source(planner, desired)
    for target in desired.targets:
        kind, name = target_resource(target)
        planner.plan(kind, name, partial(plan_target, target=target))
    return planner.changes


def _plan_the_source(planner: _Planner, desired: DesiredRegistration) -> None:
    secret, own_secret = None, None
    if desired.secret is not None:
        plan = partial(
            plan_secret,
            name=desired.secret,
            value=desired.secret_value,
            renew=desired.renew_secret,
            replace=desired.replace,
        )
        stored, secret = planner.plan("secrets", desired.secret, plan)
        if stored is not None and stored.get("description") == MADE_HERE:
            own_secret = desired.secret
    instance, source = planner.plan(
        "sources",
        desired.source,
        partial(
            plan_source, name=desired.source, config=desired.config, replace=desired.replace, own_secret=own_secret
        ),
    )
    activation = plan_activation(instance, source, secret)
    if source.step != "refuse" and activation.step != "none":
        planner.changes.append(activation)


def _carry_out(resources: SourceResources, changes: Sequence[RegistrationChange], failures: _Failures) -> int | None:
    """How many changes were done, in their order; the first that fails becomes a finding and ends it.

    None where the plan has a refusal.
    """
    if has_refusal(changes):
        return None
    done = 0
    for change in changes:
        try:
            _write(resources, change)
        except VantiqError as error:
            failures.add(f"Vantiq {change.kind} {change.name}", error)
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


def _source_state(resources: SourceResources, source: str, failures: _Failures) -> SourceState | None:
    if not source:
        return None
    try:
        instance = resources.find("sources", source)
    except VantiqError as error:
        failures.add_unless_known(f"source {source}", error)
        return None
    if instance is None:
        return SourceState(exists=False)
    return SourceState(True, instance.get("active"), instance.get("isUnavailable"), instance.get("type"))
