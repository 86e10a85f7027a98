"""The everyday commands of ``mskv`` on a stack that AWS's fake answers for: what is asked, printed and returned."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from mskv import exits
from mskv.command_line import commands
from mskv.errors import NotReachedError
from mskv.options import configured
from mskv.output import printable
from tests.fakes.mskv_world import STACK, UUID, World

PLAN = {"steps": [{"action": "create", "topic": "orders"}], "cluster": "c"}
PLANNED = {"action": "plan", "status": "planned", "table": "create orders", "plan": PLAN}
APPLIED = {"action": "apply", "status": "applied", "table": "created orders", "plan": PLAN}
GROUP = {
    "topic": "orders",
    "partition": 3,
    "reason": "refused",
    "code": "io.vantiq.x",
    "target": "topic:/msk/orders",
    "letters": 2,
    "oldest": "2026-11-28T12:00:00Z",
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    return made


def typed(*arguments: str, answers: str | None = None) -> Result:
    return CliRunner(mix_stderr=False).invoke(commands, [*arguments, "--stack", STACK], input=answers)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mskv.approval._require_terminal", lambda: None)


def topics_answer(event: dict[str, Any]) -> dict[str, Any]:
    return {"plan": PLANNED, "apply": APPLIED}[event["action"]]


def test_a_probe_prints_the_verdicts_table_and_its_status_is_the_exit_status(world: World) -> None:
    world.answers["ProducerProbeFunction"] = {"verdict": {"status": "healthy"}, "table": "all pass"}
    result = typed("probe")
    assert (result.exit_code, result.stdout) == (exits.OK, "all pass\n")
    world.answers["ProducerProbeFunction"] = {"verdict": {"status": "degraded"}, "table": "broker 2 fails"}
    assert typed("probe").exit_code == exits.PROBLEM


def test_all_probes_are_one_result_with_both(world: World) -> None:
    for name in ("ProducerProbeFunction", "ConsumerProbeFunction"):
        world.answers[name] = {"verdict": {"status": "healthy"}, "table": name}
    assert typed("probe", "--all").stdout == "ProducerProbeFunction\n\nConsumerProbeFunction\n"
    assert json.loads(typed("probe", "--all", "-o", "json").stdout).keys() == {"producer", "consumer"}
    assert yaml.safe_load(typed("probe", "--consumer", "-o", "yaml").stdout)["table"] == "ConsumerProbeFunction"


def test_why_shows_errors_and_warnings_and_notes_only_when_wide(world: World) -> None:
    network = [
        {"severity": "error", "text": "no route", "remedy": "add one"},
        {"severity": "note", "text": "a note", "remedy": ""},
    ]
    answer = {"status": "down", "summary": "no broker", "findings": [], "network": network, "mapping": []}
    world.answers["DiagnoseFunction"] = answer | {"table": "everything"}
    result = typed("why")
    assert result.stdout == "DOWN: no broker\n  error: no route\n    -> add one\n"
    assert result.exit_code == exits.PROBLEM
    assert typed("why", "-o", "wide").stdout == "everything\n"


def test_lag_is_in_records_and_time_and_unknown_lag_is_a_problem(world: World) -> None:
    groups: list[Any] = [{"group": "msk-vantiq-orders", "records": 4211, "seconds": 360.0}]
    world.answers["ConsumerProbeFunction"] = {"groups": groups}
    result = typed("lag", "orders")
    assert (result.exit_code, result.stdout.splitlines()[1].split()) == (
        exits.OK,
        ["msk-vantiq-orders", "4,211", "6", "min"],
    )
    groups.append({"group": "msk-vantiq-other", "detail": "denied"})
    assert typed("lag").exit_code == exits.PROBLEM


@pytest.mark.parametrize("command", [("lag", "ordes"), ("letters", "ordes"), ("mapping", "disable", "ordes")])
def test_a_misspelt_topic_is_an_error_that_names_the_topics(world: World, command: tuple[str, ...]) -> None:
    world.answers["ConsumerProbeFunction"] = {"groups": []}
    result = typed(*command)
    assert result.exit_code == exits.USAGE
    assert "orders" in (result.stdout + result.stderr)


def test_topics_alone_is_the_plan(world: World) -> None:
    world.answers["TopicsFunction"] = topics_answer
    assert typed("topics").stdout == "create orders\n"
    assert world.events[-1] == ("TopicsFunction", {"action": "plan", "only": []})


def test_apply_shows_the_plan_asks_and_applies_exactly_that_plan(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    world.answers["TopicsFunction"] = topics_answer
    result = typed("topics", "apply", "--only", "orders", answers="y\n")
    assert result.exit_code == exits.OK
    assert result.stdout.startswith("create orders\n")
    assert result.stdout.endswith("created orders\n")
    assert [event for _, event in world.events] == [
        {"action": "plan", "only": ["orders"]},
        {"action": "apply", "plan": PLAN},
    ]


def test_a_plan_that_is_not_approved_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    world.answers["TopicsFunction"] = topics_answer
    assert typed("topics", "apply", answers="n\n").exit_code == exits.PROBLEM
    assert [event["action"] for _, event in world.events] == ["plan"]


def test_without_a_terminal_nobody_is_asked_and_nothing_is_changed(world: World) -> None:
    world.answers["TopicsFunction"] = topics_answer
    result = typed("topics", "apply")
    assert (result.exit_code, "use --yes" in (result.stdout + result.stderr)) == (exits.USAGE, True)
    assert [event["action"] for _, event in world.events] == ["plan"]


def test_a_plan_from_a_file_is_applied_as_it_is(world: World, tmp_path: Path) -> None:
    world.answers["TopicsFunction"] = topics_answer
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(PLANNED))
    assert typed("topics", "apply", "--plan", str(file), "--yes").stdout == "created orders\n"
    assert world.events == [("TopicsFunction", {"action": "apply", "plan": PLAN})]
    file.write_text('{"steps": 1}')
    assert typed("topics", "apply", "--plan", str(file), "--yes").exit_code == exits.USAGE


def test_a_plan_without_changes_asks_nothing(world: World) -> None:
    unchanged = {"steps": [{"action": "unchanged", "topic": "orders"}]}
    world.answers["TopicsFunction"] = PLANNED | {"plan": unchanged, "table": "unchanged orders"}
    result = typed("topics", "apply")
    assert (result.exit_code, result.stdout) == (exits.OK, "unchanged orders\n")


def test_drift_is_a_problem(world: World) -> None:
    drifted = {"status": "checked", "table": "t", "drift": {"missing": 1, "config": 0}}
    world.answers["TopicsFunction"] = drifted
    assert typed("topics", "check").exit_code == exits.PROBLEM
    world.answers["TopicsFunction"] = drifted | {"drift": {"missing": 0}}
    assert typed("topics", "check").exit_code == exits.OK


def test_deleting_a_topic_needs_its_name_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    world.answers["TopicsFunction"] = {"status": "deleted", "table": "deleted old"}
    assert typed("topics", "delete", "old", answers="odl\n").exit_code == exits.PROBLEM
    assert world.events == []
    assert typed("topics", "delete", "old", "--although", "not-empty", answers="old\n").exit_code == exits.OK
    (event,) = [event for _, event in world.events]
    assert event["delete"] == [{"topic": "old", "confirm": "old", "although": ["not-empty"]}]


def test_letters_that_wait_are_a_problem(world: World) -> None:
    world.answers["RedriveFunction"] = {"groups": [GROUP]}
    result = typed("letters")
    assert result.exit_code == exits.PROBLEM
    assert result.stdout.splitlines()[1].split() == [
        *("orders", "3", "2", "refused", "io.vantiq.x", "2026-11-28T12:00:00Z", "topic:/msk/orders")
    ]
    world.answers["RedriveFunction"] = {}
    assert (typed("letters").exit_code, typed("letters").stdout) == (exits.OK, "no dead letters wait\n")


def test_a_letter_is_found_by_the_position_of_its_record(world: World) -> None:
    name = f"dead-letters/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5/orders/3/{1042:020}-0a1b.json"
    world.letters = [name]
    world.answers["RedriveFunction"] = {"letter": {"reason": "refused", "message": "no\x1b[31m such field"}}
    result = typed("letters", "show", "orders/3/1042")
    assert result.exit_code == exits.OK
    assert "\x1b" not in result.stdout
    assert world.events == [("RedriveFunction", {"action": "inspect", "name": name, "payload": False})]
    assert typed("letters", "show", "orders/3/7").exit_code == exits.USAGE
    assert typed("letters", "show", "orders-3").exit_code == exits.USAGE


def test_a_replay_is_shown_approved_and_then_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)

    def redrive(event: dict[str, Any]) -> dict[str, Any]:
        if event["dry_run"]:
            return {"groups": [GROUP]}
        return {"done": {"delivered": 2}}

    world.answers["RedriveFunction"] = redrive
    result = typed("letters", "replay", "orders", answers="y\n")
    assert result.exit_code == exits.OK
    assert result.stdout.endswith("2 delivered, 0 refused again\n")
    assert [event["dry_run"] for _, event in world.events] == [True, False]


def test_a_replay_with_refused_letters_is_a_problem(world: World) -> None:
    world.answers["RedriveFunction"] = {"groups": [GROUP], "done": {"refused": 1}}
    assert typed("letters", "replay", "orders", "--yes").exit_code == exits.PROBLEM


def test_mappings_are_listed_and_one_that_fails_is_a_problem(world: World) -> None:
    assert world.mapping is not None
    assert typed("mapping").exit_code == exits.OK
    world.mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    result = typed("mapping")
    assert (result.exit_code, "Function call failed" in result.stdout) == (exits.PROBLEM, True)


def test_a_mapping_that_does_not_name_its_topic_is_known_by_its_logical_id(world: World) -> None:
    assert world.mapping is not None
    del world.mapping["Topics"]
    assert typed("mapping").stdout.splitlines()[1].startswith("orders")


def test_a_mapping_is_disabled_and_enabled_by_its_topic(world: World) -> None:
    assert typed("mapping", "disable", "orders").stdout == "orders: Disabling\n"
    assert typed("mapping", "enable", "orders").exit_code == exits.OK
    assert world.switched == [(UUID, False), (UUID, True)]


def test_a_function_that_raises_is_one_line_with_its_error(world: World) -> None:
    world.answers["TopicsFunction"] = {"errorType": "ConfigurationError", "errorMessage": "topics.yaml: line 3"}
    result = typed("topics")
    assert result.exit_code == exits.PROBLEM
    assert result.stderr.splitlines()[-1].endswith("ConfigurationError: topics.yaml: line 3")


def test_a_function_that_is_missing_is_not_reached(world: World) -> None:
    world.functions.remove("DiagnoseFunction")
    assert isinstance(typed("why").exception, NotReachedError)


def test_the_stack_is_that_of_samconfig_when_none_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Any] = []

    def place(*named: Any) -> Any:
        asked.append(named)
        return world.place()

    monkeypatch.setattr("mskv.place.on_aws", place)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MSKV_STACK", raising=False)
    assert CliRunner(mix_stderr=False).invoke(commands, ["mapping"]).exit_code == exits.USAGE
    (tmp_path / "samconfig.toml").write_text(
        '[default.global.parameters]\nstack_name = "msk"\n[default.deploy.parameters]\nregion = "eu-west-1"\n'
    )
    assert CliRunner(mix_stderr=False).invoke(commands, ["mapping"]).exit_code == exits.OK
    assert asked == [("msk", "eu-west-1", None)]


@pytest.mark.parametrize("text", ["[", "default = 1"])
def test_a_samconfig_of_another_form_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"samconfig\.toml can't be read"):
        configured(text)


def test_control_characters_never_reach_the_terminal() -> None:
    assert printable("a\x1b[2Jb\tc\n") == "a�[2Jb\tc\n"
