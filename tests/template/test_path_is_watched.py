"""What fails silently is mailed by default: mappings that are off, growing lag, letters, records that expire."""

from itertools import chain, repeat
from typing import Any

import msgspec
import pytest
from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.probe.last_run import LastRun
from msk_toolkit.status.facts import (
    AlarmFact,
    CheckLine,
    Fact,
    GroupReading,
    LetterCount,
    LetterFacts,
    PathFacts,
)

from local.cost.emf import measured
from tests.fakes.path_facts import NOW, ORDERS, SENSORS, healthy_facts, mapping, readings
from tests.fakes.probe_runs import run_of
from tests.fakes.vantiq_fake import at_offset, refusal
from tests.template.alarm_days import HOUR, PROBES, TWO, Batch, Day
from tests.template.functions_that_tell import Functions, failing

BEHIND = readings(400, 900.0)


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Functions:
    return Functions(monkeypatch, capsys)


def path(**facts: Any) -> PathFacts:
    """A path that works, but for these facts."""
    return msgspec.structs.replace(healthy_facts(), **facts)


def with_mapping(state: MappingState | None) -> PathFacts:
    """The topic orders has this mapping, or none."""
    others = {SENSORS: mapping(SENSORS)}
    return path(mappings=Fact(others | ({ORDERS: state} if state else {})))


def with_lag(*lag: GroupReading) -> PathFacts:
    return path(groups=Fact({f"msk-vantiq-{ORDERS}": lag, f"msk-vantiq-{SENSORS}": readings(0, 0.0)}))


STOPPED = {
    "disabled": with_mapping(mapping(ORDERS, state="Disabled")),
    "missing": with_mapping(None),
    "cannot log in": with_mapping(mapping(ORDERS, result="PROBLEM: SASL authentication failed")),
    "lag that only grows": with_lag(readings(300, 700.0)[0], BEHIND[1]),
}


def with_letters(number: int) -> PathFacts:
    """The letters' alarm is on, and so many letters wait."""
    letters = LetterFacts([LetterCount(ORDERS, number, NOW - 600, NOW - 60)] if number else [])
    on = AlarmFact("msk-vantiq-DeadLetterAlarm-1AB2", is_on=True, since=NOW - 300)
    return path(letters=Fact(letters), alarms=Fact([on]))


def values(printed: str) -> dict[tuple[str, str], float]:
    """By metric and service, what was published."""
    measurements = measured(printed.splitlines())
    return {(one.metric.name, dict(one.metric.dimensions)["service"]): one.values[0] for one in measurements}


def test_a_healthy_look_publishes_one_metric(functions: Functions) -> None:
    assert values(functions.look(healthy_facts())) == {("TopicsStopped", "shop-status"): 0.0}


@pytest.mark.parametrize("stopped", STOPPED.values(), ids=STOPPED)
def test_a_topic_that_is_not_read_is_mailed_by_default_and_once(functions: Functions, stopped: PathFacts) -> None:
    # Without heartbeats, as is the default.
    day = Day(functions, HeartbeatTarget="")
    day.go_on(HOUR)
    day.runs["look"] = functions.look(stopped)
    assert day.go_on(20) == ["ForwardingStoppedAlarm"]
    assert day.go_on(3 * HOUR) == []
    day.runs["look"] = functions.look(healthy_facts())
    assert day.go_on(10) == []
    assert day.world.states["ForwardingStoppedAlarm"] == "OK"


@pytest.mark.parametrize(("every", "looks"), [(1, 10), (5, 2), (8, 1), (9, 1), (10, 1)])
def test_a_mapping_that_is_off_for_a_moment_is_no_mail(functions: Functions, every: int, looks: int) -> None:
    day = Day(functions, every)
    day.go_on(HOUR)
    off, on = functions.look(STOPPED["disabled"]), functions.look(healthy_facts())
    day.runs["look"] = chain([off] * looks, repeat(on))
    assert day.go_on(HOUR) == []


def test_a_backlog_that_is_worked_off_is_no_mail(functions: Functions) -> None:
    falling = [GroupReading(NOW - 360, 9_000, 3_000.0), GroupReading(NOW - 60, 7_000, 2_900.0)]
    assert values(functions.look(with_lag(*falling)))["TopicsStopped", "shop-status"] == 0.0


def test_lag_of_a_long_batch_window_is_no_mail(functions: Functions) -> None:
    gathering = with_lag(*readings(400, 290.0))
    assert values(functions.look(gathering))["TopicsStopped", "shop-status"] == 0.0


def test_where_no_broker_works_only_a_mapping_that_is_off_is_mailed_beside_the_probes_alarm(
    functions: Functions,
) -> None:
    down = [failing(broker, "tcp", "connection-refused") for broker in (1, 2, 3)]
    probes = [LastRun(f"{name} probe", run_of(*down), 60.0) for name in ("Producer", "Consumer")]
    unreached = with_mapping(
        mapping(ORDERS, result="PROBLEM: Connection error. Please check your event source connection")
    )
    for facts, stopped in ((unreached, 0.0), (STOPPED["lag that only grows"], 0.0), (STOPPED["disabled"], 1.0)):
        looked = values(functions.look(msgspec.structs.replace(facts, probes=probes)))
        assert looked["TopicsStopped", "shop-status"] == stopped


@pytest.mark.parametrize("every", [1, 5, 7, 8, 9, 10])
def test_brokers_that_stop_are_the_probes_mail_alone_though_a_look_may_come_first(
    functions: Functions, every: int
) -> None:
    day = Day(functions, every, HeartbeatTarget="")
    day.go_on(HOUR)
    down = [failing(broker, "tcp", "connection-refused") for broker in (1, 2, 3)]
    unreached = with_mapping(
        mapping(ORDERS, result="PROBLEM: Connection error. Please check your event source connection configuration.")
    )
    stopped = LastRun("Producer probe", run_of(*down), 60.0)
    # A look starts with the probes, and reads what they reported the time before.
    first, later = (
        functions.look(facts) for facts in (unreached, msgspec.structs.replace(unreached, probes=[stopped]))
    )
    for probe in PROBES:
        day.runs[probe] = functions.probe(probe, *down)
    day.runs["look"] = chain([first], repeat(later))
    assert day.go_on(3 * HOUR) == ["ProbesAlarm"]
    # At the end, the other way round: the mapping still reports what was.
    for probe in PROBES:
        day.runs[probe] = functions.probe(probe)
    day.runs["look"] = chain([later, first], repeat(functions.look(healthy_facts())))
    assert day.go_on(3 * HOUR) == []


@pytest.mark.parametrize(
    ("stage", "cause", "stopped"), [("sasl", "authentication-failed", 0.0), ("tcp", "connection-refused", 1.0)]
)
def test_a_password_that_the_brokers_refuse_is_the_probes_mail_alone(
    functions: Functions, stage: str, cause: str, stopped: float
) -> None:
    probes = [LastRun("Producer probe", run_of(*(failing(broker, stage, cause) for broker in (1, 2, 3))), 60.0)]
    looked = functions.look(msgspec.structs.replace(STOPPED["cannot log in"], probes=probes))
    assert values(looked)["TopicsStopped", "shop-status"] == stopped


@pytest.mark.parametrize("unread", ["mappings", "groups"])
def test_what_can_not_be_read_is_no_zero_but_mailed_as_not_known(functions: Functions, unread: str) -> None:
    looked = functions.look(path(**{unread: Fact(why="AccessDeniedException")}))
    assert ("TopicsStopped", "shop-status") not in values(looked)
    day = Day(functions)
    day.go_on(HOUR)
    day.runs["look"] = looked
    assert day.go_on(20) == ["ForwardingStoppedAlarm"]


def test_a_dead_letter_is_mailed_at_once_and_its_alarm_stays_on_until_it_was_replayed(functions: Functions) -> None:
    day = Day(functions)
    day.go_on(10)
    day.forwarded(Batch(*functions.forward(TWO, at_offset(1, refusal(400)))))
    assert day.go_on(2) == ["DeadLetterAlarm"]
    day.runs["look"] = functions.look(with_letters(1))
    assert day.go_on(6 * HOUR) == []
    still = day.world.states["DeadLetterAlarm"]
    assert still == "ALARM"
    # It was replayed; the alarm is still on when the next looks find nothing.
    day.runs["look"] = functions.look(with_letters(0))
    assert day.go_on(21) == []
    assert day.world.states["DeadLetterAlarm"] == "OK"


def test_letters_are_published_in_the_forwarders_name_and_their_end_only_while_the_alarm_is_on(
    functions: Functions,
) -> None:
    name = ("LettersWaiting", "shop-forwarder")
    assert values(functions.look(with_letters(3)))[name] == 3.0
    assert values(functions.look(with_letters(0)))[name] == 0.0
    assert name not in values(functions.look(path(letters=Fact(why="AccessDenied"))))


def with_retention(seconds: float, lag: list[GroupReading]) -> PathFacts:
    check = CheckLine(NOW - 660, "no drift", retention={ORDERS: seconds})
    return msgspec.structs.replace(with_lag(*lag), declared=Fact(check))


def test_records_that_their_retention_will_delete_before_delivery_are_mailed_beside_the_outage(
    functions: Functions,
) -> None:
    day = Day(functions)
    outage = Batch(*functions.forward(TWO, at_offset(0, refusal(503))))
    assert day.go_on(30, outage) == ["ForwarderAlarm"]
    # The retention was cut to a minute by hand; the oldest record that waits is 15 minutes old.
    day.runs["look"] = functions.look(with_retention(60.0, BEHIND))
    assert "RecordsExpireAlarm" in day.go_on(10, outage)


@pytest.mark.parametrize(
    ("retention", "lag", "expiring"),
    [
        (604_800.0, BEHIND, False),
        (604_800.0, readings(400, 302_401.0), True),
        (60.0, readings(400, 900.0), True),
        # Just arrived: the time between two commits.
        (60.0, readings(3, 45.0), False),
        (60.0, readings(0, 0.0), False),
    ],
)
def test_half_of_the_retention_is_the_limit(
    functions: Functions, retention: float, lag: list[GroupReading], expiring: bool
) -> None:
    published = values(functions.look(with_retention(retention, lag)))
    assert (("TopicsExpiring", "shop-status") in published) is expiring
