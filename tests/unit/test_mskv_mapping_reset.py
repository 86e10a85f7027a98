"""``mskv mapping reset``: off, planned, approved, moved, on again; and on again whatever goes wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from mskv.commands.mapping import place_to_read_on
from tests.fakes.mskv_world import UUID, World, refused, typed

MOVE = {"partition": 0, "committed": 60, "target": 10, "first": 10, "end": 100, "repeated": 50, "skipped": 0}
SKIP = {"partition": 0, "committed": 60, "target": 100, "first": 10, "end": 100, "repeated": 0, "skipped": 40}
TOPICS = "TopicsFunction"


class Stack(World):
    """A world whose mapping is switched at once, and whose group has members until it was asked ``leaves`` times."""

    def __init__(self, move: dict[str, Any], leaves: int = 0) -> None:
        super().__init__()
        self.move = move
        self.leaves = leaves
        self.answers[TOPICS] = self.answer

    def answer(self, event: dict[str, Any]) -> Any:
        plan = {"group": "shop-orders", "moves": [self.move], "state": "Empty"}
        plan |= {"repeated": self.move["repeated"], "skipped": self.move["skipped"]}
        if event["action"] == "move_offsets":
            return plan | {"status": "moved", "table": "MOVED"}
        self.leaves -= 1
        if self.leaves >= 0:
            plan["state"] = "Stable"
        return plan | {"status": "planned", "table": "PLAN"}

    def _update_mapping(self, *, UUID: str, Enabled: bool) -> dict[str, Any]:  # noqa: N803 - AWS's own names
        assert self.mapping is not None
        self.switched.append((UUID, Enabled))
        self.mapping["State"] = "Enabled" if Enabled else "Disabled"
        return {"UUID": UUID, "State": "Enabling" if Enabled else "Disabling"}

    @property
    def actions(self) -> list[str]:
        return [event["action"] for name, event in self.events if name == TOPICS]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def reset(world: World, *options: str, answers: str | None = None) -> Result:
        monkeypatch.setattr("mskv.place.on_aws", lambda *_: world.place())
        if answers is not None:
            monkeypatch.setattr("mskv.approval._require_terminal", lambda: None)
        return typed("mapping", "reset", "orders", *options, answers=answers)

    return reset


def test_it_is_off_while_the_offsets_are_moved_and_on_again_afterwards(run: Callable[..., Result]) -> None:
    world = Stack(MOVE, leaves=3)
    result = run(world, "--to", "beginning", "--yes")
    assert result.exit_code == 0, result.stderr
    assert world.switched == [(UUID, False), (UUID, True)]
    # Asked before anything is changed, and then until the group's members had left.
    assert world.actions == ["plan_offsets"] * 4 + ["move_offsets"]
    assert world.events[-1][1] == {"action": "move_offsets", "topic": "orders", "moves": [MOVE], "skip": False}
    assert "PLAN" in result.stdout
    assert result.stdout.endswith("MOVED\nThe mapping of orders is Enabling.\n")
    assert "is turned on again; the offsets were moved" in result.stderr


def test_a_dry_run_switches_and_moves_nothing(run: Callable[..., Result]) -> None:
    world = Stack(SKIP)
    result = run(world, "--to", "end", "--dry-run")
    assert (result.exit_code, world.switched, world.actions) == (0, [], ["plan_offsets"])
    assert "The mapping is on: the committed offsets move" in result.stdout


def test_a_mapping_that_was_off_stays_off(run: Callable[..., Result]) -> None:
    world = Stack(MOVE)
    assert world.mapping is not None
    world.mapping["State"] = "Disabled"
    result = run(world, "--to", "beginning", "--yes")
    assert (result.exit_code, world.switched) == (0, [])
    assert result.stdout.endswith("The mapping of orders is Disabled.\n")


def test_without_anyone_to_ask_nothing_is_touched(run: Callable[..., Result]) -> None:
    world = Stack(MOVE)
    result = run(world, "--to", "beginning")
    assert (result.exit_code, world.events, world.switched) == (2, [], [])
    assert "use --yes" in result.stderr


@pytest.mark.parametrize(("move", "answer"), [(MOVE, "n\n"), (SKIP, "y\n"), (SKIP, "41\n")])
def test_a_no_leaves_everything_as_it_was(run: Callable[..., Result], move: dict[str, Any], answer: str) -> None:
    world = Stack(move)
    result = run(world, "--to", "end", answers=answer)
    assert result.exit_code == 1
    assert "move_offsets" not in world.actions
    assert world.switched == [(UUID, False), (UUID, True)]
    assert "turned on again; no offset was moved" in result.stderr


def test_records_are_skipped_when_their_number_was_typed(run: Callable[..., Result]) -> None:
    world = Stack(SKIP)
    result = run(world, "--to", "end", answers="40\n")
    assert "40 records are skipped and never forwarded" in result.stderr
    assert (result.exit_code, world.events[-1][1]["skip"]) == (0, True)


def test_yes_alone_skips_no_record(run: Callable[..., Result]) -> None:
    world = Stack(SKIP)
    result = run(world, "--to", "end", "--yes")
    assert (result.exit_code, "move_offsets" in world.actions) == (2, False)
    assert "40 records would be skipped and never forwarded: add --skip" in result.stderr
    assert world.switched[-1] == (UUID, True)
    assert run(world, "--to", "end", "--yes", "--skip").exit_code == 0
    assert world.actions[-1] == "move_offsets"


def test_a_plan_that_is_refused_touches_nothing(run: Callable[..., Result]) -> None:
    world = Stack(MOVE)
    world.answers[TOPICS] = {"status": "refused", "group": "g", "problems": ["partition 9"], "table": "! partition 9"}
    result = run(world, "--to", "9=1", "--yes")
    assert (result.exit_code, world.switched, result.stdout) == (1, [], "! partition 9\n")


def test_a_failure_while_moving_turns_it_on_again_and_says_what_is_not_known(run: Callable[..., Result]) -> None:
    world = Stack(MOVE)

    def answer(event: dict[str, Any]) -> Any:
        if event["action"] == "move_offsets":
            return {"errorMessage": "no answer", "errorType": "StageError"}
        return world.answer(event)

    world.answers[TOPICS] = answer
    result = run(world, "--to", "beginning", "--yes")
    assert result.exit_code == 1
    assert world.switched == [(UUID, False), (UUID, True)]
    assert "whether the offsets were moved is not known" in result.stderr


def test_a_group_that_others_use_is_given_up_and_the_mapping_is_on_again(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(0, 100_000, 30))
    monkeypatch.setattr("time.monotonic", lambda: float(next(ticks)))
    world = Stack(MOVE, leaves=10_000)
    result = run(world, "--to", "beginning", "--yes")
    assert "group shop-orders still has members (it is Stable)" in result.stderr
    assert (result.exit_code, world.switched[-1]) == (1, (UUID, True))


def test_a_mapping_that_lambda_does_not_turn_off_is_on_and_nothing_was_moved(run: Callable[..., Result]) -> None:
    world = Stack(MOVE)
    switch = world.aws.answers["update_event_source_mapping"]

    def in_use(**asked: Any) -> Any:
        if not asked["Enabled"]:
            raise refused("ResourceInUseException", "it is being updated")
        return switch(**asked)

    world.aws.answers["update_event_source_mapping"] = in_use
    result = run(world, "--to", "beginning", "--yes")
    assert (result.exit_code, world.switched) == (1, [(UUID, True)])
    assert "ResourceInUseException: it is being updated" in result.stderr
    assert "move_offsets" not in world.actions


def test_a_mapping_that_stays_half_off_is_named_with_the_command_that_turns_it_on(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(0, 100_000, 30))
    monkeypatch.setattr("time.monotonic", lambda: float(next(ticks)))
    world = Stack(MOVE)

    def disabling(**asked: Any) -> Any:
        assert world.mapping is not None
        world.mapping["State"] = "Disabling"
        return {"State": "Disabling"}

    world.aws.answers["update_event_source_mapping"] = disabling
    result = run(world, "--to", "beginning", "--yes")
    assert result.exit_code == 1
    assert "NOT on again; no offset was moved. Turn it on: mskv mapping enable orders" in result.stderr


def test_a_mapping_in_transition_is_left_alone(run: Callable[..., Result]) -> None:
    world = Stack(MOVE)
    assert world.mapping is not None
    world.mapping["State"] = "Updating"
    result = run(world, "--to", "beginning", "--yes")
    assert (result.exit_code, world.switched) == (1, [])
    assert "the mapping of orders is Updating: wait" in result.stderr


@pytest.mark.parametrize("to", [("soon",), ("beginning", "end"), ("0=1", "end"), ("a=1",), ("0=-1",)])
def test_what_is_no_place_to_read_on_is_refused(run: Callable[..., Result], to: tuple[str, ...]) -> None:
    world = Stack(MOVE)
    options = [option for text in to for option in ("--to", text)]
    result = run(world, *options, "--yes")
    assert (result.exit_code, world.events) == (2, [])


def test_times_and_offsets_reach_the_function_as_it_takes_them() -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert place_to_read_on(["2h"], now) == {"to": "time", "time": round(now.timestamp() - 7200) * 1000}
    offsets = [{"partition": 0, "offset": 1500}, {"partition": 1, "offset": 7}]
    assert place_to_read_on(["0=1500", "1=7"], now) == {"to": "offsets", "offsets": offsets}
