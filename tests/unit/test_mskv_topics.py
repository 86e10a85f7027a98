"""``mskv topics``: a plan is shown and applied as it was shown, and what would be refused is a problem."""

import json
from pathlib import Path
from typing import Any

import pytest
from msk_toolkit.topics.declaration import read_declaration

from mskv import exits
from tests.fakes.mskv_world import World, typed

PLAN = {"steps": [{"action": "create", "topic": "orders"}], "cluster": "c"}
PLANNED = {"action": "plan", "status": "planned", "table": "create orders", "plan": PLAN}
APPLIED = {"action": "apply", "status": "applied", "table": "created orders", "plan": PLAN}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    return made


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mskv.approval._require_terminal", lambda: None)


def topics_answer(event: dict[str, Any]) -> dict[str, Any]:
    return {"plan": PLANNED, "apply": APPLIED}[event["action"]]


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
        {"action": "apply", "plan": PLAN, "only": ["orders"]},
    ]


def test_a_refused_topic_holds_the_others_back_and_the_command_for_them_is_printed(world: World) -> None:
    steps = [
        {"action": "update", "topic": "orders"},
        {"action": "refused", "topic": "events"},
        {"action": "unchanged", "topic": "users"},
    ]
    world.answers["TopicsFunction"] = {**PLANNED, "table": "1 refused", "plan": {"steps": steps}}
    result = typed("topics", "apply", "--yes")
    assert (result.exit_code, result.stdout) == (exits.PROBLEM, "1 refused\n")
    assert result.stderr.endswith("without the refused topics: mskv topics apply --only orders\n")
    assert [event["action"] for _, event in world.events] == ["plan"]


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
    assert typed("topics", "apply", "--plan", str(file), "--yes").stdout == "create orders\ncreated orders\n"
    assert world.events == [("TopicsFunction", {"action": "apply", "plan": PLAN, "only": ["orders"]})]
    file.write_text(json.dumps(PLAN))
    assert json.loads(typed("topics", "apply", "--plan", str(file), "--yes", "-o", "json").stdout) == APPLIED


@pytest.mark.parametrize(
    "content", [b'{"steps": 1}', b'{"steps": ["orders"]}', b'{"steps": [{"topic": "orders"}]}', b"[]", b"\xff", b"{"]
)
def test_a_file_without_a_plan_is_a_usage_error_and_nothing_is_applied(
    world: World, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(content)
    result = typed("topics", "apply", "--plan", str(file), "--yes")
    assert (result.exit_code, str(file) in result.stderr, world.events) == (exits.USAGE, True, [])


REFUSED_STEP = {"plan": {"steps": [*PLAN["steps"], {"action": "refused", "topic": "old"}]}}


@pytest.mark.parametrize("fault", [REFUSED_STEP, {"problems": ["not authorized"]}])
@pytest.mark.parametrize("command", [(), ("apply", "--yes"), ("check",)])
def test_a_plan_that_would_be_refused_is_a_problem_and_is_not_applied(
    world: World, command: tuple[str, ...], fault: dict[str, Any]
) -> None:
    world.answers["TopicsFunction"] = PLANNED | fault
    assert typed("topics", *command).exit_code == exits.PROBLEM
    assert {event["action"] for _, event in world.events} <= {"plan", "check"}


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


EXPORTED = [
    {
        "name": "a",
        "partitions": 6,
        "replication_factor": 3,
        "config": {"retention.ms": "7d", "min.insync.replicas": "2"},
    },
    {"name": "b.c", "partitions": 1, "replication_factor": 1, "note": "odd\n\x1b: x"},
    {"name": "1", "partitions": 1, "replication_factor": 3, "config": {"preallocate": "true", "x": "0777", "y": "0.5"}},
]
FILE = """\
topics:
  - name: a
    partitions: 6
    replication_factor: 3
    config:
      retention.ms: 7d
      min.insync.replicas: 2

  # odd �: x
  - name: b.c
    partitions: 1
    replication_factor: 1

  - name: '1'
    partitions: 1
    replication_factor: 3
    config:
      preallocate: true
      x: '0777'
      y: '0.5'
"""


def test_an_export_is_written_as_a_topics_file_from_all_pages(world: World, tmp_path: Path) -> None:
    def pages(event: dict[str, Any]) -> dict[str, Any]:
        number = {None: 0, "a": 1, "b.c": 2}[event.get("after")]
        return {"topics": [EXPORTED[number]], "nextAfter": ["a", "b.c", ""][number]}

    world.answers["TopicsFunction"] = pages
    file = tmp_path / "topics.yaml"
    result = typed("topics", "export", str(file), "--only", "a")
    assert (result.exit_code, result.stdout) == (exits.OK, f"{file}: 3 topics\nb.c: odd �: x\n")
    header, _, rest = file.read_text().partition("\n")
    assert header.startswith("# Exported from arn:aws:kafka:")
    assert rest == FILE
    assert [topic.name for topic in read_declaration(file)] == ["a", "b.c", "1"]
    assert world.events[0] == ("TopicsFunction", {"action": "export", "only": ["a"]})
    assert typed("topics", "export", str(file)).exit_code == exits.USAGE
    assert typed("topics", "export", str(file), "--force").exit_code == exits.OK


def test_an_export_without_a_file_is_printed_and_what_can_not_be_read_is_a_problem(world: World) -> None:
    world.answers["TopicsFunction"] = {"topics": [], "problems": ["a: not authorized"]}
    result = typed("topics", "export")
    assert (result.exit_code, result.stdout.splitlines()[1:]) == (exits.PROBLEM, ["topics: []"])
    assert "not exported: a: not authorized\n" in result.stderr


def test_deleting_a_topic_needs_its_name_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    world.answers["TopicsFunction"] = {"status": "deleted", "table": "deleted old"}
    assert typed("topics", "delete", "old", answers="odl\n").exit_code == exits.PROBLEM
    assert world.events == []
    assert typed("topics", "delete", "old", "--although", "not-empty", answers="old\n").exit_code == exits.OK
    (event,) = [event for _, event in world.events]
    assert event["delete"] == [{"topic": "old", "confirm": "old", "although": ["not-empty"]}]
