"""From what a function sees to the mail: real handlers publish, and the template's alarms judge, minute by minute."""

import time
from itertools import cycle
from typing import Any

import pytest
from msk_toolkit.causes import fault_class
from msk_toolkit.stage import FaultClass
from msk_toolkit.topics.custom_resource_result import CustomResourceResult
from msk_toolkit.topics.telemetry import report_answer

from tests.fakes.kafka_events import record
from tests.fakes.vantiq_fake import at_offset, refusal
from tests.template.alarm_days import FAULTS, HEALTHY, HOUR, PROBES, TWO, Batch, Day, seen
from tests.template.functions_that_tell import MISSING, SETTLED, UNFIT, UNKNOWN, Functions, failing, warning


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Functions:
    return Functions(monkeypatch, capsys)


def test_the_faults_are_of_every_class() -> None:
    assert {each: fault_class(*place) for each, place in FAULTS.items()} == {each: each for each in FAULTS}
    assert set(FAULTS) == set(FaultClass)


@pytest.mark.parametrize("every", [1, 5, 10])
def test_a_healthy_stack_mails_nothing_from_its_creation_on(functions: Functions, every: int) -> None:
    day = Day(functions, every)
    assert day.go_on(6 * HOUR, Batch(*functions.forward(TWO))) == []
    assert "ALARM" not in day.world.states.values()


def test_what_has_not_run_yet_mails_nothing_in_its_first_half_hour(functions: Functions) -> None:
    day = Day(functions, HeartbeatTarget="topic:/heart")
    day.runs = {}
    assert day.go_on(44) == []
    # And then it does: who never runs is silent.
    assert set(day.go_on(90)) == {"ProbesAlarm", "TopicsDriftedAlarm", "ForwardingStoppedAlarm"}


@pytest.mark.parametrize("every", [1, 5, 10])
@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("fault", list(FaultClass))
def test_each_class_of_fault_of_each_probe_is_mailed(
    functions: Functions, probe: str, fault: FaultClass, every: int
) -> None:
    day = Day(functions, every)
    assert day.go_on(HOUR) == []
    day.runs[probe] = functions.probe(probe, *seen(*FAULTS[fault]))
    assert day.go_on(30) == [f"{probe.capitalize()}LossAlarm" if fault == "loss" else "ProbesAlarm"]
    # One mail, however long it lasts.
    assert day.go_on(2 * HOUR) == []
    day.runs[probe] = functions.probe(probe)
    assert day.go_on(HOUR) == []
    assert "ALARM" not in day.world.states.values()


@pytest.mark.parametrize("probe", PROBES)
def test_a_broker_that_fails_in_another_way_each_time_is_mailed_too(functions: Functions, probe: str) -> None:
    day = Day(functions)
    day.runs[probe] = cycle(
        [functions.probe(probe, *seen(*FAULTS[fault])) for fault in (FaultClass.NETWORK, FaultClass.BROKER)]
    )
    assert day.go_on(30) == ["ProbesAlarm"]


@pytest.mark.parametrize("every", [5, 10])
@pytest.mark.parametrize("probe", PROBES)
def test_what_passes_before_the_next_run_is_no_mail(functions: Functions, probe: str, every: int) -> None:
    day = Day(functions, every)
    day.go_on(HOUR)
    day.runs[probe] = cycle([functions.probe(probe, *seen(*FAULTS[FaultClass.BROKER])), functions.probe(probe)])
    assert day.go_on(3 * HOUR) == []


def test_a_loss_is_mailed_though_another_fault_is_on(functions: Functions) -> None:
    day = Day(functions)
    day.runs["producer"] = functions.probe("producer", *seen(*FAULTS[FaultClass.NETWORK]))
    assert day.go_on(HOUR) == ["ProbesAlarm"]
    day.runs["consumer"] = functions.probe("consumer", *HEALTHY, gaps=2)
    assert day.go_on(15) == ["ConsumerLossAlarm"]


def test_a_certificate_that_expires_soon_is_one_mail_for_days_and_hides_nothing(functions: Functions) -> None:
    day = Day(functions, 10)
    expiring = [*HEALTHY[:2], warning(3, "tls", "tls-expires-soon")]
    day.runs["producer"] = functions.probe("producer", *expiring)
    assert day.go_on(5 * HOUR) == ["CertificateAlarm"]
    day.runs["producer"] = functions.probe("producer", *expiring, failing(4, *FAULTS[FaultClass.NETWORK]))
    assert day.go_on(HOUR) == ["ProbesAlarm"]


@pytest.mark.parametrize("probe", PROBES)
def test_a_silent_probe_is_mailed_when_half_an_hour_is_over(functions: Functions, probe: str) -> None:
    day = Day(functions)
    day.go_on(HOUR)
    day.runs[probe] = None
    assert day.go_on(25) == []
    assert day.go_on(15) == ["ProbesAlarm"]


def test_drift_is_mailed_at_the_check_that_finds_it_and_so_is_a_check_that_is_silent(functions: Functions) -> None:
    day = Day(functions)
    day.go_on(3 * HOUR)
    day.runs["check"] = functions.check(SETTLED, MISSING)
    assert day.go_on(31) == ["TopicsDriftedAlarm"]
    day.runs["check"] = functions.check(SETTLED)
    assert day.go_on(3 * HOUR) == []
    assert day.world.states["TopicsDriftedAlarm"] == "OK"
    day.runs["check"] = None
    assert day.go_on(90) == []
    assert day.go_on(35) == ["TopicsDriftedAlarm"]


def test_drift_that_is_there_from_the_start_is_mailed_before_the_warm_up_is_over(functions: Functions) -> None:
    day = Day(functions)
    day.runs["check"] = functions.check(MISSING)
    assert day.go_on(31) == ["TopicsDriftedAlarm"]


def test_an_unfit_target_is_mailed_at_the_first_check_that_finds_it_and_once_only(functions: Functions) -> None:
    day = Day(functions)
    day.runs["targets"] = functions.check_targets(UNFIT)
    # Before any record has come.
    assert day.go_on(11) == ["TargetsUnfitAlarm"]
    assert day.go_on(6 * HOUR) == []
    day.runs["targets"] = functions.check_targets()
    assert day.go_on(5 * HOUR) == []
    assert day.world.states["TargetsUnfitAlarm"] == "OK"


def test_a_target_that_can_not_be_judged_and_a_silent_check_are_no_mail_of_their_own(functions: Functions) -> None:
    day = Day(functions)
    day.runs["targets"] = functions.check_targets(UNKNOWN)
    assert day.go_on(3 * HOUR) == []
    day.runs["targets"] = None
    assert day.go_on(3 * HOUR) == []


def test_a_failure_that_was_kept_from_a_stack_that_rolls_back_is_mailed(
    functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    topics = functions.module("topics")
    day = Day(functions)
    report_answer("Update", CustomResourceResult("SUCCESS", "kept", excused=True), topics.logger, topics.metrics)
    day.world.printed(capsys.readouterr().out)
    assert day.go_on(10) == ["TopicsNotRestoredAlarm"]


OUTAGE, HELD = at_offset(1, refusal(401)), at_offset(1, refusal(503))


@pytest.mark.parametrize("mode", ["on-demand", "provisioned"])
@pytest.mark.parametrize("fault", [OUTAGE, HELD])
def test_records_that_do_not_reach_vantiq_are_one_mail_in_either_mode(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: str, fault: Any
) -> None:
    functions = Functions(monkeypatch, capsys, POLLER_MODE=mode)
    day, fine = Day(functions), Batch(*functions.forward(TWO))
    assert day.go_on(30, fine) == []
    assert day.go_on(30, Batch(*functions.forward(TWO, fault))) == ["ForwarderAlarm"]
    assert day.go_on(30, fine) == []
    assert day.world.states["ForwarderAlarm"] == "OK"


@pytest.mark.parametrize("mode", ["on-demand", "provisioned"])
@pytest.mark.parametrize("minutes", range(30, 35))
def test_an_outage_that_ends_with_the_last_record_is_not_mailed_again_in_the_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: str, minutes: int
) -> None:
    functions = Functions(monkeypatch, capsys, POLLER_MODE=mode)
    day = Day(functions)
    assert day.go_on(minutes, Batch(*functions.forward(TWO, OUTAGE))) == ["ForwarderAlarm"]
    assert day.go_on(1, Batch(*functions.forward(TWO))) == []
    # Periods slide: the one with the first success holds errors as well, and behind it there is no data.
    assert day.go_on(HOUR) == []
    assert day.world.states["ForwarderAlarm"] == "OK"


def test_a_forwarder_that_can_not_start_is_mailed(functions: Functions) -> None:
    day = Day(functions)
    assert day.go_on(30, Batch("", failed=True)) == ["ForwarderAlarm"]


def test_a_record_that_comes_again_now_and_then_is_no_mail(functions: Functions) -> None:
    day = Day(functions)
    done, comes_again = (Batch(functions.forward(TWO, *faults)[0], failed=False) for faults in ([], [HELD]))
    # Once in ten minutes a batch is not done at once.
    assert day.go_on(3 * HOUR, cycle([comes_again, *[done] * 9])) == []


@pytest.fixture
def with_heartbeats(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Functions:
    return Functions(monkeypatch, capsys, HEARTBEAT_TOPIC="heart", HEARTBEAT_TARGET="topic:/heart")


def heartbeat(functions: Functions, seconds_ago: float) -> Batch:
    written = int((time.time() - seconds_ago) * 1000)
    return Batch(*functions.forward([record(0, topic="heart") | {"timestamp": written}]))


def test_late_and_missing_heartbeats_are_mailed_where_nothing_else_says_why(with_heartbeats: Functions) -> None:
    day = Day(with_heartbeats, HeartbeatTarget="topic:/heart")
    fine, late = (heartbeat(with_heartbeats, seconds) for seconds in (1, 90))
    assert day.go_on(2 * HOUR, fine) == []
    assert day.go_on(20, late) == ["HeartbeatAlarm"]
    assert day.go_on(HOUR, fine) == []
    assert day.go_on(25) == []
    assert day.go_on(15) == ["HeartbeatAlarm"]


def test_heartbeats_that_nobody_writes_are_the_producer_probes_mail_alone(with_heartbeats: Functions) -> None:
    day = Day(with_heartbeats, HeartbeatTarget="topic:/heart")
    day.go_on(HOUR, heartbeat(with_heartbeats, 1))
    day.runs["producer"] = with_heartbeats.probe("producer", *seen(*FAULTS[FaultClass.NETWORK]))
    assert day.go_on(2 * HOUR) == ["ProbesAlarm"]
