"""``mskv letters``: what waits is listed, shown and sent again, and what is left is said."""

import json
from typing import Any

import pytest

from mskv import exits
from mskv.errors import NotReachedError
from tests.fakes.mskv_world import World, refused, typed
from tests.unit.test_mskv_letter_records import letter

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


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mskv.approval._require_terminal", lambda: None)


def test_letters_that_wait_are_a_problem(world: World) -> None:
    world.answers["RedriveFunction"] = {"groups": [GROUP]}
    result = typed("letters")
    assert result.exit_code == exits.PROBLEM
    assert result.stdout.splitlines()[1].split() == [
        *("orders", "3", "2", "refused", "io.vantiq.x", "2026-11-28T12:00:00Z", "topic:/msk/orders")
    ]
    world.answers["RedriveFunction"] = {}
    assert (typed("letters").exit_code, typed("letters").stdout) == (exits.OK, "no dead letters wait\n")


@pytest.mark.parametrize("answer", [{"waiting": 3}, {"stopped": "the time is used up"}, {"unreadable": ["a"]}])
def test_where_letters_may_wait_it_is_not_said_that_none_do(world: World, answer: dict[str, Any]) -> None:
    world.answers["RedriveFunction"] = answer
    result = typed("letters")
    assert (result.exit_code, "no dead letters wait" in result.stdout) == (exits.PROBLEM, False)


def test_letters_whose_bucket_may_not_be_read_are_not_reached(world: World) -> None:
    world.aws.answers["list_objects_v2"] = refused("AccessDenied")
    assert isinstance(typed("letters", "show", "orders/3/7").exception, NotReachedError)


def test_a_letter_is_found_by_the_position_of_its_record(world: World) -> None:
    name = f"dead-letters/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5/orders/3/{1042:020}-0a1b.json"
    world.letters = [name]
    world.answers["RedriveFunction"] = {"letter": letter(b"no\x1b[31m JSON")}
    result = typed("letters", "show", "orders/3/1042")
    assert result.exit_code == exits.OK
    assert "message   no such field: id\n" in result.stdout
    assert "JSON" not in result.stdout
    assert world.events == [("RedriveFunction", {"action": "inspect", "name": name, "payload": True})]
    assert "value     no�[31m JSON (text)\n" in typed("letters", "show", "orders/3/1042", "--payload").stdout
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


def test_a_replay_that_the_function_continues_is_followed_to_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mskv.letters.time.sleep", lambda _: None)
    continuing = {"stopped": "the time is used up", "continues": True, "done": {"delivered": 1}}
    world.answers["RedriveFunction"] = {"groups": [GROUP]} | continuing
    future = 2**53
    hops = [
        {"hop": 0, "delivered": 1, "continues": True},
        {"hop": 1, "delivered": 5, "refused": 1, "stopped": "the time is used up", "continues": True},
        {"hop": 2, "delivered": 9, "refused": 1, "stopped": "", "continues": False},
    ]
    world.logs["RedriveFunction"] = [(future + number, json.dumps(hop)) for number, hop in enumerate(hops)]
    result = typed("letters", "replay", "orders", "--yes")
    assert result.stdout.endswith("9 delivered, 1 refused again\n")
    assert result.exit_code == exits.PROBLEM
    assert "5 delivered, 1 refused again (invocation 2 has ended)" in result.stderr
    assert [event["dry_run"] for _, event in world.events] == [True, False]


def test_what_any_invocation_of_a_replay_left_is_said_at_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mskv.letters.time.sleep", lambda _: None)
    continuing = {"stopped": "the time is used up", "continues": True, "unreadable": ["dead-letters/x"]}
    world.answers["RedriveFunction"] = {"groups": [GROUP]} | continuing
    hops = [
        {"hop": 1, "without_target": ["orders: no target"], "stopped": "the time is used up", "continues": True},
        {"hop": 2, "delivered": 9, "stopped": "", "continues": False},
    ]
    world.logs["RedriveFunction"] = [(2**53 + number, json.dumps(hop)) for number, hop in enumerate(hops)]
    result = typed("letters", "replay", "orders", "--yes")
    assert result.stdout.endswith(
        "9 delivered, 0 refused again\nunreadable: dead-letters/x\nno target: orders: no target\n"
    )
    assert result.exit_code == exits.PROBLEM


def test_a_replay_with_refused_letters_is_a_problem(world: World) -> None:
    world.answers["RedriveFunction"] = {"groups": [GROUP], "done": {"refused": 1}}
    assert typed("letters", "replay", "orders", "--yes").exit_code == exits.PROBLEM


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"without_target": ["orders: VANTIQ_TARGET names none"]}, "no target: orders: VANTIQ_TARGET names none"),
        ({"unreadable": ["dead-letters/x"]}, "unreadable: dead-letters/x"),
        ({"done": {"gone": 2}}, "2 of the mapping's failures are no longer in Kafka"),
        ({"stopped": "Vantiq is down"}, "stopped: Vantiq is down"),
        ({"stopped": "the time is used up", "continues": True}, "the function continues by itself"),
    ],
)
def test_a_replay_that_left_something_says_what(
    world: World, answer: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the log can't be read, the end of a replay that continues is not known.
    monkeypatch.setattr("mskv.letters.time.sleep", lambda _: None)
    world.logs["RedriveFunction"] = refused("AccessDeniedException")
    world.answers["RedriveFunction"] = {"groups": [GROUP]} | answer
    result = typed("letters", "replay", "orders", "--yes")
    assert result.exit_code == exits.PROBLEM
    assert sentence in result.stdout.partition("refused again")[2]
