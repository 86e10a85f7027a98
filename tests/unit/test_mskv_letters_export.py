"""``mskv letters export``: letters as private files, with their records decoded, where git does not track them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mskv import exits
from mskv.errors import NotReachedError
from mskv.letters_export import file_names
from tests.fakes.mskv_world import World, refused, typed
from tests.unit.test_mskv_letter_records import letter


def name(topic: str, offset: int, cluster: str = "demo/uuid") -> str:
    return f"dead-letters/{cluster}/{topic}/3/{offset:020}-0a1b.json"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    made.letters = [name("orders", 1), name("orders", 2), name("new-orders", 1)]
    made.bodies = {at: msgspec.json.encode(letter(str(number).encode())) for number, at in enumerate(made.letters)}
    return made


def lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_letters_are_lines_of_a_private_file_with_their_values_decoded(world: World, tmp_path: Path) -> None:
    file = tmp_path / "letters.jsonl"
    result = typed("letters", "export", str(file))
    assert (result.exit_code, result.stdout) == (exits.OK, f"{file}: 3 letters, readable only by you\n")
    assert [record["value"] for record in lines(file)] == [0, 1, 2]
    assert file.stat().st_mode & 0o777 == 0o600


def test_letters_are_a_private_file_each(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    assert typed("letters", "export", str(folder), "--topic", "orders").exit_code == exits.OK
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"orders-3-{number:020}-0a1b.json" for number in (1, 2)]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert typed("letters", "export", str(folder), "--topic", "orders").exit_code == exits.USAGE
    assert typed("letters", "export", str(folder), "--topic", "orders", "--force").exit_code == exits.OK


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--since", "2026-11-28T12:00"], 3),
        (["--since", "2026-11-28T12:01"], 0),
        (["--reason", "refused"], 3),
        (["--reason", "operator"], 0),
    ],
)
def test_only_the_selected_letters_are_exported(world: World, tmp_path: Path, options: list[str], count: int) -> None:
    result = typed("letters", "export", str(tmp_path / "a.jsonl"), *options, "-o", "json")
    assert json.loads(result.stdout)["letters"] == count


def test_a_misspelt_topic_or_reason_is_an_error(world: World, tmp_path: Path) -> None:
    target = str(tmp_path / "a.jsonl")
    assert "it forwards: orders" in typed("letters", "export", target, "--topic", "ordes").stderr
    assert typed("letters", "export", target, "--reason", "refusd").exit_code == exits.USAGE
    assert typed("letters", "list", "--since", "yesterday").exit_code == exits.USAGE


def test_a_folder_that_git_tracks_is_refused_before_anything_is_read(world: World, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    for target in ("letters", "letters.jsonl"):
        result = typed("letters", "export", str(tmp_path / target))
        assert (result.exit_code, "git would track" in result.stderr) == (exits.USAGE, True)
    assert world.aws.asked == []
    (tmp_path / ".gitignore").write_text("letters*\n")
    assert typed("letters", "export", str(tmp_path / "letters")).exit_code == exits.OK


def test_the_very_names_of_the_files_must_be_ignored(world: World, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("letter*.json\norders-*1-0a1b.json\n")
    folder = tmp_path / "copies"
    result = typed("letters", "export", str(folder), "--topic", "orders")
    assert result.exit_code == exits.USAGE
    assert f"git would track orders-3-{2:020}-0a1b.json in {folder}" in result.stderr
    assert not folder.exists()


def test_what_is_no_letter_is_kept_as_it_is_and_reported(world: World, tmp_path: Path) -> None:
    world.bodies[world.letters[0]] = b"\xff"
    world.bodies[world.letters[1]] = b'{"id": "x"}'
    file = tmp_path / "a.jsonl"
    result = typed("letters", "export", str(file))
    assert (result.exit_code, result.stdout.count("not decoded: ")) == (exits.PROBLEM, 2)
    assert [record["letter"] for record in lines(file)[:2]] == ["\\xff", {"id": "x"}]


def test_a_letter_that_can_not_be_read_is_not_reached(world: World, tmp_path: Path) -> None:
    world.bodies[world.letters[1]] = refused("AccessDenied")
    result = typed("letters", "export", str(tmp_path / "a.jsonl"))
    assert isinstance(result.exception, NotReachedError)
    assert "1 letters were read" in str(result.exception)


def test_names_that_would_be_alike_have_their_cluster_and_none_leads_out_of_the_folder() -> None:
    alike = [name("orders", 1, "a"), name("orders", 1, "b")]
    assert [file.split("-")[0] for file in file_names(alike).values()] == ["a", "b"]
    assert set(file_names(["dead-letters/a/../../x.json"]).values()) == {"-..-x.json"}
