"""The state of the whole path: what is wrong, worst first, with cause, remedy, command and owner."""

import json
import os
from pathlib import Path

import msgspec
import pytest
from msk_toolkit.status.facts import (
    AlarmFact,
    CheckLine,
    Deliveries,
    Fact,
    LetterCount,
    LetterFacts,
    PathFacts,
    SetAsideLine,
)
from msk_toolkit.status.judge import path_status
from msk_toolkit.status.model import PathStatus, Problem

from tests.fakes.path_facts import (
    NOW,
    ORDERS,
    SENSORS,
    delivered,
    failed,
    faulty_facts,
    healthy_facts,
    mapping,
    readings,
    unknown_facts,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "status"
SYSTEMS = {"healthy": healthy_facts, "faults": faulty_facts, "unknown": unknown_facts}
OPTION = "--stack msk-vantiq --region eu-central-1"


def status_with(**facts: object) -> PathStatus:
    """The status of a healthy system but for these facts."""
    return path_status(msgspec.structs.replace(healthy_facts(), **facts))


def only_problem(**facts: object) -> Problem:
    (problem,) = status_with(**facts).problems
    return problem


def log_of(*lines: object) -> Fact[Deliveries]:
    return Fact(msgspec.structs.replace(Deliveries(since=NOW - 7200), lines=list(lines)))


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_is_described_as_its_golden_file_says(name: str) -> None:
    described = msgspec.to_builtins(path_status(SYSTEMS[name]()))
    # It changes with each release.
    described["version"] = "VERSION"
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    text = text.replace(f"/blob/v{_version()}/", "/blob/vVERSION/")
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def _version() -> str:
    from msk_toolkit import __version__

    return __version__


def test_what_the_function_answers_can_be_read_back() -> None:
    status = path_status(faulty_facts())
    assert msgspec.json.decode(msgspec.json.encode(status), type=PathStatus) == status


def test_a_system_without_faults_is_healthy_and_has_no_problems() -> None:
    status = path_status(healthy_facts())
    assert (status.health, status.problems, status.unread) == ("healthy", [], [])
    assert status.summary == "Records of 2 topics reach Vantiq."


def test_several_faults_come_worst_first_and_each_says_what_to_do() -> None:
    status = path_status(faulty_facts())
    assert status.health == "down"
    assert [(problem.severity, problem.part, problem.cause) for problem in status.problems] == [
        ("error", "mapping", "mapping-disabled"),
        ("error", "forwarder", "vantiq-token-refused"),
        ("warning", "brokers", "connection-refused"),
        ("warning", "letters", "letters-waiting"),
        ("warning", "topics", "topics-drifted"),
    ]
    for problem in status.problems:
        assert all((problem.remedy, problem.owner, problem.log_group))
        assert problem.command.endswith(OPTION)
        assert problem.runbook.endswith(f"docs/runbook.md#{problem.cause}")


def test_a_refused_token_says_since_when_and_how_often() -> None:
    problem = only_problem(
        deliveries=log_of(delivered(NOW - 200, "orders-0"), failed(NOW - 150, "orders-0"), failed(NOW - 50, "orders-0"))
    )
    assert (problem.cause, problem.topics, problem.tries) == ("vantiq-token-refused", [ORDERS], 2)
    assert (problem.since, problem.since_at_least) == ("2026-11-28T02:57:30Z", False)
    assert problem.command == f"mskv token set {OPTION}"


def test_a_failure_that_was_followed_by_a_complete_delivery_is_over() -> None:
    lines = [failed(NOW - 150, "orders-0"), delivered(NOW - 50, "orders-0")]
    status = status_with(deliveries=log_of(*lines))
    assert status.health == "healthy"
    assert status.topics[0].last_error is None


def test_a_partition_that_does_not_get_on_is_not_hidden_by_one_that_does() -> None:
    lines = [failed(NOW - 150, "orders-0"), failed(NOW - 100, "orders-0"), delivered(NOW - 50, "orders-1")]
    topics = {topic.topic: topic for topic in status_with(deliveries=log_of(*lines)).topics}
    assert topics[ORDERS].state == "failing"
    assert topics[ORDERS].last_delivery == "2026-11-28T02:59:10Z"


def test_a_fault_that_may_pass_is_a_warning_until_the_third_attempt() -> None:
    lines = [failed(NOW - 90 + 10 * number, "orders-0", "forwarder-too-slow", "late") for number in range(3)]
    assert only_problem(deliveries=log_of(*lines[:2])).severity == "warning"
    assert only_problem(deliveries=log_of(*lines)).severity == "error"


def test_a_server_error_that_lasted_a_whole_invocation_is_an_error_at_once() -> None:
    assert only_problem(
        deliveries=log_of(failed(NOW - 90, "orders-0", "vantiq-unavailable", "retriable"))
    ).severity == ("error")


def test_the_rate_of_a_topic_that_fails_is_that_since_the_failure() -> None:
    lines = [delivered(NOW - 50, "orders-0"), failed(NOW - 40, "orders-0")]
    topics = {topic.topic: topic for topic in status_with(deliveries=log_of(*lines)).topics}
    assert topics[ORDERS].out_per_second == 0.0


def test_the_same_fault_of_several_topics_is_one_problem() -> None:
    problem = only_problem(deliveries=log_of(failed(NOW - 60, "orders-0"), failed(NOW - 50, "sensor-readings-1")))
    assert problem.topics == [ORDERS, SENSORS]


def test_a_cause_of_another_version_of_the_toolkit_is_replaced_by_what_its_kind_means() -> None:
    problem = only_problem(deliveries=log_of(failed(NOW - 60, "orders-0", "invented-later", "late")))
    assert problem.cause == "forwarder-too-slow"


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"state": "Disabled"}, "mapping-disabled"),
        ({"state": "Disabled", "reason": "EVENT_SOURCE_AUTHN_ERROR"}, "mapping-cannot-log-in"),
        ({"result": "PROBLEM: SASL authentication failed"}, "mapping-cannot-log-in"),
        ({"result": "PROBLEM: Connection error. Please check your event source connection configuration."},
         "mapping-cannot-connect"),
        ({"result": "PROBLEM: something new"}, "mapping-failing"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_poll_is_an_error_of_its_topic(fields: dict[str, str], cause: str) -> None:
    mappings = {ORDERS: mapping(ORDERS, **fields), SENSORS: mapping(SENSORS)}
    status = status_with(mappings=Fact(mappings))
    (problem,) = status.problems
    assert (problem.severity, problem.cause, problem.topics) == ("error", cause, [ORDERS])
    assert (status.topics[0].topic, status.topics[0].state) == (ORDERS, "not-polling")
    assert status.topics[0].last_error is not None
    assert status.topics[0].last_error.command == problem.command


def test_enabling_is_a_command_that_can_be_copied() -> None:
    problem = only_problem(mappings=Fact({ORDERS: mapping(ORDERS), SENSORS: mapping(SENSORS, state="Disabled")}))
    assert problem.command == f"mskv mapping enable sensor-readings {OPTION}"


def test_a_topic_without_a_mapping_is_an_error() -> None:
    assert only_problem(mappings=Fact({ORDERS: mapping(ORDERS)})).cause == "mapping-missing"


def test_a_mapping_whose_function_fails_is_explained_by_the_forwarder_alone() -> None:
    mappings = {ORDERS: mapping(ORDERS, result="PROBLEM: Function call failed"), SENSORS: mapping(SENSORS)}
    problem = only_problem(mappings=Fact(mappings), deliveries=log_of(failed(NOW - 60, "orders-0")))
    assert problem.part == "forwarder"


def test_lag_that_nothing_explains_is_a_problem_of_its_own() -> None:
    groups = {f"msk-vantiq-{ORDERS}": readings(50, 900.0), f"msk-vantiq-{SENSORS}": readings(0, 0.0)}
    problem = only_problem(groups=Fact(groups), deliveries=log_of(delivered(NOW - 70, "orders-0")))
    assert (problem.cause, problem.since) == ("lag-grows", "2026-11-28T02:44:00Z")
    assert problem.sentence == "orders: 50 records wait, the oldest for 15 min, and they do not get fewer."


def test_lag_is_over_when_as_many_records_as_waited_were_delivered() -> None:
    groups = {f"msk-vantiq-{ORDERS}": readings(50, 900.0), f"msk-vantiq-{SENSORS}": readings(0, 0.0)}
    lines = [delivered(NOW - 30, "orders-0", 20), delivered(NOW - 20, "orders-1", 30)]
    status = status_with(groups=Fact(groups), deliveries=log_of(*lines))
    assert status.health == "healthy"


def test_rates_and_lag_are_those_of_the_last_minutes() -> None:
    topics = {topic.topic: topic for topic in path_status(healthy_facts()).topics}
    sensors = topics[SENSORS]
    assert (sensors.in_per_second, sensors.out_per_second) == (2.0, 5.0)
    assert (sensors.behind_records, sensors.behind_seconds, sensors.behind_age_seconds) == (12, 0.4, 60.0)


def test_a_rate_that_is_not_known_says_why() -> None:
    groups = {f"msk-vantiq-{ORDERS}": readings(0, 0.0)[1:]}
    topics = {topic.topic: topic for topic in status_with(groups=Fact(groups)).topics}
    assert topics[ORDERS].in_per_second is None
    assert topics[ORDERS].rates_why == "the consumer probe has reported this group only once"
    assert (topics[SENSORS].state, topics[SENSORS].behind_records) == ("in-step", None)
    assert topics[SENSORS].behind_why == "the consumer probe has not reported this group"


def test_a_topic_that_has_had_no_record_is_idle_if_lambda_says_so() -> None:
    facts: dict[str, object] = {"groups": Fact({}), "deliveries": log_of(delivered(NOW - 50, "orders-0"))}
    states = {topic.topic: topic.state for topic in status_with(**facts).topics}
    assert states == {ORDERS: "in-step", SENSORS: "idle"}
    unsure = {ORDERS: mapping(ORDERS), SENSORS: mapping(SENSORS, state="Updating")}
    assert status_with(**facts, mappings=Fact(unsure)).health == "unknown"


def test_a_function_that_failed_without_a_word_is_a_problem_of_its_mapping() -> None:
    mappings = {ORDERS: mapping(ORDERS, result="PROBLEM: Function call failed"), SENSORS: mapping(SENSORS)}
    problem = only_problem(mappings=Fact(mappings))
    assert (problem.cause, problem.severity, problem.topics) == ("mapping-failing", "warning", [ORDERS])


def test_letters_name_their_topic_and_the_command_that_shows_them() -> None:
    letters = LetterFacts([LetterCount(ORDERS, 1, NOW - 60, NOW - 60)], at_least=True)
    status = status_with(letters=Fact(letters))
    (problem,) = status.problems
    assert problem.sentence == "At least 1 record of orders was set aside and waits as a dead letter."
    assert problem.command == f"mskv letters orders {OPTION}"
    assert (status.letters.waiting, status.letters.at_least) == (1, True)


def test_letters_say_why_the_last_of_them_was_set_aside() -> None:
    letters = LetterFacts([LetterCount(ORDERS, 2, NOW - 60, NOW - 60)])
    refusals = [
        SetAsideLine(NOW - 60, "orders-3", 17, "refused", 400, "io.vantiq.bad"),
        SetAsideLine(NOW - 50, "sensors-1", 2),
    ]
    problem = only_problem(letters=Fact(letters), refusals=Fact(refusals))
    assert problem.detail == "the last at 02:59 UTC: Vantiq answered 400 io.vantiq.bad (offset 17 of orders-3)"


def test_a_check_of_the_topics_that_no_longer_runs_is_a_problem() -> None:
    problem = only_problem(declared=Fact(CheckLine(NOW - 8000, "no drift: all 3 declared topics match")))
    assert problem.cause == "topics-unchecked"


def test_an_unfit_target_is_reported_once_also_where_the_forwarder_reports_it() -> None:
    unfit = CheckLine(NOW - 60, "targets: 1 fit, 1 unfit, 0 unknown", ["! topic:/msk/orders: unfit"], well=False)
    assert only_problem(targets=Fact(unfit)).cause == "target-unfit"
    log = log_of(failed(NOW - 60, "orders-0", "target-unfit"))
    assert only_problem(targets=Fact(unfit), deliveries=log).part == "forwarder"


def test_an_alarm_is_a_problem_only_where_nothing_else_explains_it() -> None:
    alarms = Fact([AlarmFact("msk-vantiq-probes", True, NOW - 60)])
    assert only_problem(alarms=alarms).part == "alarms"
    status = path_status(msgspec.structs.replace(faulty_facts(), alarms=alarms))
    assert "alarms" not in {problem.part for problem in status.problems}
    assert [alarm.name for alarm in status.alarms.on] == ["msk-vantiq-probes"]


def test_nothing_known_is_not_healthy_and_every_gap_has_its_reason() -> None:
    status = path_status(unknown_facts())
    assert status.health == "unknown"
    assert {problem.severity for problem in status.problems} == {"note"}
    assert len(status.unread) == 3


def test_a_silent_probe_is_a_warning_and_its_old_verdict_no_longer_counts() -> None:
    facts: PathFacts = healthy_facts()
    old = [msgspec.structs.replace(last, age_seconds=4000.0) for last in facts.probes]
    status = path_status(msgspec.structs.replace(facts, probes=old))
    assert [problem.cause for problem in status.problems] == ["probe-silent", "probe-silent"]
    assert (status.brokers.health, status.brokers.summary) == ("unknown", "the probes have stopped reporting")
