"""``mskv connect``: client files that only their owner can read and git never sees, and a source after its plan."""

import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mskv import exits
from mskv.command_line import commands
from tests.fakes.mskv_world import STACK, World

FILES = {"client.properties": "password=hush\n", "kcat.conf": "hush\n"}
ANSWER: dict[str, Any] = {
    "auth_modes": [
        {
            "mode": "scram",
            "state": "on",
            "vantiq": {"usable": True, "known": True, "reason": "SASL"},
            "forwarder": {"usable": True, "known": True, "reason": "SASL"},
        }
    ],
    "client": {"files": FILES},
    "registration": None,
    "findings": [],
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    made.answers["ConnectFunction"] = ANSWER
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    return made


def typed(*arguments: str, answers: str | None = None) -> Result:
    return CliRunner(mix_stderr=False).invoke(commands, ["connect", *arguments, "--stack", STACK], input=answers)


def test_connect_alone_shows_the_auth_modes(world: World) -> None:
    result = typed()
    assert result.stdout.splitlines()[1].split() == ["scram", "on", "yes", "yes"]
    assert result.exit_code == exits.OK


ACLS = ["kafka-acls.sh --add --topic orders --group shop-orders"]


@pytest.mark.parametrize(
    ("pollers", "printed"),
    [
        ({"acls": ACLS, "notes": ["heed this"]}, f"# heed this\n{ACLS[0]}\n"),
        ({"statements": [{"Sid": "A"}], "notes": []}, '[\n  {\n    "Sid": "A"\n  }\n]\n'),
    ],
)
def test_what_the_pollers_need_is_printed_ready_to_paste(world: World, pollers: dict[str, Any], printed: str) -> None:
    world.answers["ConnectFunction"] = ANSWER | {"pollers": pollers}
    assert (typed("access").stdout, world.events[-1][1]) == (printed, {"action": "describe"})
    assert json.loads(typed("access", "-o", "json").stdout) == pollers


def test_an_older_function_that_says_nothing_of_the_pollers_is_named(world: World) -> None:
    result = typed("access")
    assert (result.exit_code, "deploy this version" in result.stderr) == (exits.PROBLEM, True)


def test_client_files_are_readable_by_their_owner_alone(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "clients"
    result = typed("files", str(folder))
    assert result.exit_code == exits.OK, result.stderr
    assert {path.name: path.read_text() for path in folder.iterdir()} == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert "hush" not in result.stdout + result.stderr
    assert world.events == [("ConnectFunction", {"include": ["password"]})]


def test_files_that_are_there_are_not_replaced_unless_forced(world: World, tmp_path: Path) -> None:
    (tmp_path / "kcat.conf").write_text("mine")
    (tmp_path / "kcat.conf").chmod(0o644)
    assert typed("files", str(tmp_path)).exit_code == exits.USAGE
    assert [path.name for path in tmp_path.iterdir()] == ["kcat.conf"]
    assert typed("files", str(tmp_path), "--force", "-o", "json").exit_code == exits.OK
    assert stat.S_IMODE((tmp_path / "kcat.conf").stat().st_mode) == 0o600


def test_a_folder_that_git_tracks_is_refused_before_anything_is_asked(world: World, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    result = typed("files", str(tmp_path / "new" / "clients"))
    assert (result.exit_code, "git would track" in result.stderr) == (exits.USAGE, True)
    assert (world.events, list(tmp_path.glob("new"))) == ([], [])
    (tmp_path / ".gitignore").write_text("new/\n")
    assert typed("files", str(tmp_path / "new" / "clients")).exit_code == exits.OK


def test_without_files_the_findings_say_why(world: World, tmp_path: Path) -> None:
    finding = {"severity": "note", "subject": "client files", "text": "IAM needs Amazon's own login module"}
    world.answers["ConnectFunction"] = ANSWER | {"client": None, "findings": [finding]}
    result = typed("files", str(tmp_path))
    assert (result.exit_code, "IAM needs Amazon's own login module" in result.stderr) == (exits.PROBLEM, True)


def test_findings_are_said_beside_the_files_that_were_written(world: World, tmp_path: Path) -> None:
    finding = {"severity": "error", "subject": "secret", "text": "its key is AWS's own"}
    world.answers["ConnectFunction"] = ANSWER | {"findings": [finding]}
    result = typed("files", str(tmp_path / "clients"))
    assert result.exit_code == exits.PROBLEM
    assert result.stdout.splitlines()[-1] == "error: secret: its key is AWS's own"
    written = json.loads(typed("files", str(tmp_path / "others"), "-o", "json").stdout)
    assert written["files"] == [str(tmp_path / "others" / name) for name in FILES]


@pytest.mark.parametrize("ignored", ["client.properties", "*.properties"])
def test_every_file_must_be_ignored_by_git(world: World, tmp_path: Path, ignored: str) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text(f"{ignored}\n")
    result = typed("files", str(tmp_path / "clients"))
    assert (result.exit_code, "kcat.conf" in result.stderr) == (exits.USAGE, True)
    assert not (tmp_path / "clients").exists()


def test_a_name_that_the_function_alone_knows_must_be_ignored_too(world: World, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("client.properties\nkcat.conf\n")
    world.answers["ConnectFunction"] = ANSWER | {"client": {"files": FILES | {"users_jaas.conf": "hush"}}}
    result = typed("files", str(tmp_path / "clients"))
    assert (result.exit_code, "users_jaas.conf" in result.stderr) == (exits.USAGE, True)
    assert not (tmp_path / "clients").exists()


def test_a_link_into_a_checkout_is_a_folder_that_git_tracks(world: World, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "checkout")], check=True)
    (tmp_path / "checkout" / "inner").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "checkout" / "inner", target_is_directory=True)
    result = typed("files", str(tmp_path / "link" / "clients"))
    assert (result.exit_code, world.events) == (exits.USAGE, [])


def test_a_folder_that_can_not_be_made_is_a_usage_error(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = typed("files", str(tmp_path / "file" / "clients"))
    assert (result.exit_code, "can't write" in result.stderr) == (exits.USAGE, True)
    assert "hush" not in result.stdout + result.stderr


def test_a_link_in_the_place_of_a_file_is_never_followed(world: World, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "clients", tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "kcat.conf").symlink_to(elsewhere)
    assert typed("files", str(folder)).exit_code == exits.USAGE
    assert typed("files", str(folder), "--force").exit_code == exits.OK
    assert (elsewhere.exists(), (folder / "kcat.conf").is_symlink()) == (False, False)


def test_a_source_is_registered_after_its_plan_was_approved(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mskv.approval._require_terminal", lambda: None)

    def connect(event: dict[str, Any]) -> dict[str, Any]:
        return ANSWER | {"registration": {"table": f"{event['action']} Orders", "applied": True}}

    world.answers["ConnectFunction"] = connect
    result = typed("register", "Orders", "orders", answers="y\n")
    assert (result.stdout.splitlines()[0], result.stdout.splitlines()[-1]) == ("plan Orders", "register Orders")
    assert world.events[-1][1] == {
        "action": "register",
        "source": {"name": "Orders", "topics": ["orders"]},
        "renew_secret": False,
    }


def test_a_plan_with_an_error_is_not_offered(world: World) -> None:
    finding = {"severity": "error", "subject": "source", "text": "belongs to another cluster"}
    world.answers["ConnectFunction"] = ANSWER | {"registration": {"table": "t"}, "findings": [finding]}
    result = typed("register", "Orders", "orders", "--yes", "-o", "json")
    assert result.exit_code == exits.PROBLEM
    assert json.loads(result.stdout)["findings"] == [finding]
    assert [event["action"] for _, event in world.events] == ["plan"]


def test_the_forwarders_targets_are_planned_approved_and_created(world: World) -> None:
    world.answers["ConnectFunction"] = {"registration": {"table": "+ topics /msk/orders"}}
    assert typed("targets", "--yes").exit_code == exits.OK
    assert [event for _, event in world.events] == [
        {"action": "plan", "targets_only": True},
        {"action": "register", "targets_only": True},
    ]


@pytest.mark.parametrize(
    ("published", "received", "sentence"),
    [(True, True, "and received through it"), (True, False, "and not received"), (False, False, "no message was sent")],
)
def test_what_became_of_the_test_message_is_printed(
    world: World, published: bool, received: bool, sentence: str
) -> None:
    test = {"topic": "orders", "published": published, "received": received}
    world.answers["ConnectFunction"] = {"registration": {"table": "t", "test": test}}
    assert sentence in typed("register", "Orders", "orders", "--yes").stdout
