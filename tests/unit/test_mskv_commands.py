"""The everyday commands of ``mskv`` on a stack that AWS's fake answers for: what is asked, printed and returned."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from msk_toolkit.offsets.starts import starts_text

from mskv import exits
from mskv.command_line import commands
from mskv.errors import NotReachedError
from mskv.facts import Mapping, Resource, Stack
from mskv.mappings import named
from mskv.options import configured
from mskv.output import printable
from tests.fakes.mskv_world import UUID, World, typed


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    return made


def probed(status: str, table: str) -> dict[str, Any]:
    return {"verdict": {"status": status, "summary": table}, "table": table}


def test_a_probe_prints_the_verdicts_table_and_its_status_is_the_exit_status(world: World) -> None:
    world.answers["ProducerProbeFunction"] = probed("healthy", "all pass")
    result = typed("probe")
    assert (result.exit_code, result.stdout) == (exits.OK, "all pass\n")
    world.answers["ProducerProbeFunction"] = probed("degraded", "broker 2 fails")
    assert typed("probe").exit_code == exits.PROBLEM


def test_all_probes_are_one_result_with_both(world: World) -> None:
    for name in ("ProducerProbeFunction", "ConsumerProbeFunction"):
        world.answers[name] = probed("healthy", name)
    assert typed("probe", "--all").stdout == "ProducerProbeFunction\n\nConsumerProbeFunction\n"
    assert json.loads(typed("probe", "--all", "-o", "json").stdout).keys() == {"producer", "consumer"}
    assert yaml.safe_load(typed("probe", "--consumer", "-o", "yaml").stdout)["table"] == "ConsumerProbeFunction"


def test_why_prints_the_functions_table_and_asks_for_notes_only_when_wide(world: World) -> None:
    world.answers["DiagnoseFunction"] = {"status": "down", "summary": "no broker", "table": "DOWN: no broker"}
    result = typed("why")
    assert (result.stdout, result.exit_code) == ("DOWN: no broker\n", exits.PROBLEM)
    assert world.events == [("DiagnoseFunction", {})]
    for wide in (["-o", "wide"], ["--verbose"]):
        typed("why", *wide)
        assert world.events[-1] == ("DiagnoseFunction", {"verbose": True})
    world.answers["DiagnoseFunction"] = {"status": "healthy", "summary": "fine", "table": "HEALTHY: fine"}
    assert typed("why").exit_code == exits.OK


def test_lag_is_in_records_and_time_and_unknown_lag_is_a_problem(world: World) -> None:
    groups: list[Any] = [{"group": "shop-orders", "records": 4211, "seconds": 360.0}]
    world.answers["ConsumerProbeFunction"] = {"groups": groups}
    result = typed("lag", "orders")
    assert (result.exit_code, result.stdout.splitlines()[1].split()) == (
        exits.OK,
        ["shop-orders", "4,211", "6", "min"],
    )
    groups.append({"group": "shop-other", "detail": "denied"})
    assert typed("lag").exit_code == exits.PROBLEM


def test_the_lag_of_a_topic_is_not_that_of_another_whose_name_ends_alike(world: World) -> None:
    groups = [{"group": f"shop-{topic}", "records": 0, "seconds": 0.0} for topic in ("orders", "new-orders")]
    world.answers["ConsumerProbeFunction"] = {"groups": groups}
    assert json.loads(typed("lag", "orders", "-o", "json").stdout) == groups[:1]


def test_the_lag_of_a_topic_is_that_of_its_group_whose_prefix_is_the_stacks_own(world: World) -> None:
    world.parameters["ConsumerGroupPrefix"] = "team."
    world.answers["ConsumerProbeFunction"] = {"groups": [{"group": "team.orders", "records": 3}]}
    assert "team.orders" in typed("lag", "orders").stdout


def test_no_lag_at_all_is_a_problem(world: World) -> None:
    world.answers["ConsumerProbeFunction"] = {"groups": []}
    result = typed("lag")
    assert (result.exit_code, "mskv probe --consumer" in result.stdout) == (exits.PROBLEM, True)


@pytest.mark.parametrize(
    "command", [("lag", "ordes"), ("letters", "ordes"), ("mapping", "ordes"), ("mapping", "disable", "ordes")]
)
def test_a_misspelt_topic_is_an_error_that_names_the_topics(world: World, command: tuple[str, ...]) -> None:
    world.answers["ConsumerProbeFunction"] = {"groups": []}
    result = typed(*command)
    assert result.exit_code == exits.USAGE
    assert "orders" in (result.stdout + result.stderr)


def test_mappings_are_listed_and_one_that_fails_is_a_problem(world: World) -> None:
    assert world.mapping is not None
    assert typed("mapping").exit_code == exits.OK
    world.mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    result = typed("mapping")
    assert (result.exit_code, "Function call failed" in result.stdout) == (exits.PROBLEM, True)


def test_groups_that_did_not_start_where_the_stack_says_are_named_with_the_mappings(world: World) -> None:
    world.outputs["StartingPositions"] = "2 new mappings start at TRIM_HORIZON: their groups have no committed offsets"
    assert "StartingPosition" not in typed("mapping").stdout
    world.outputs["StartingPositions"] = starts_text(["shop-orders"], 1, "LATEST")
    assert "these groups go on at theirs: shop-orders" in typed("mapping").stdout.splitlines()[-1]


def test_a_mapping_that_does_not_name_its_topic_is_known_by_its_logical_id(world: World) -> None:
    assert world.mapping is not None
    del world.mapping["Topics"]
    assert typed("mapping").stdout.splitlines()[1].startswith("orders")


def test_the_heartbeats_mapping_is_known_by_the_probes_topic() -> None:
    heartbeat = Resource("HeartbeatMapping", "1", "AWS::Lambda::EventSourceMapping")
    stack = Stack(
        name="shop",
        region="eu-central-1",
        account="1",
        status="",
        parameters={"ProbeTopic": "msk-toolkit-heartbeat", "ForwardTopics": "orders"},
        resources=(heartbeat,),
    )
    (mapping,) = named(stack, [Mapping(id="1", topics=(), state="Enabled")])
    assert mapping.topics == ("msk-toolkit-heartbeat",)


def test_the_mapping_of_one_topic_is_listed(world: World) -> None:
    assert typed("mapping", "orders").stdout.splitlines()[1:] == typed("mapping").stdout.splitlines()[1:]


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
