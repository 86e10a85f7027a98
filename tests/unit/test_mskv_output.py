"""What every command of ``mskv`` prints: one result, no control characters, one line for what goes wrong."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from click.shell_completion import ShellComplete

from mskv import exits
from mskv.command_line import commands, main
from mskv.errors import NotReachedError
from mskv.output import Result, run
from mskv.verify.events import EVENTS
from tests.fakes.mskv_world import World, typed

COMMANDS = [
    ("probe",),
    ("probe", "--consumer"),
    ("why",),
    ("lag",),
    ("topics",),
    ("topics", "check"),
    ("topics", "apply", "--yes"),
    ("topics", "delete", "old", "--yes"),
    ("topics", "export"),
    ("letters",),
    ("letters", "show", "orders/3/1042"),
    ("letters", "replay", "orders", "--yes"),
    ("connect",),
    ("connect", "files", "clients", "--force"),
    ("connect", "register", "Orders", "orders", "--yes"),
]
LETTER = f"dead-letters/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5/orders/3/{1042:020}-0a1b.json"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    return made


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "answer",
    [None, "done", 7, ["hush"], {"verdict": "hush", "groups": "hush", "letter": "hush", "status": 1, "findings": 1}],
    ids=["null", "text", "number", "list", "other"],
)
def test_an_answer_of_another_form_is_one_line_that_quotes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, command: tuple[str, ...], answer: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    world.letters = [LETTER]
    world.answers = dict.fromkeys(EVENTS, answer)
    result = typed(*command)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == exits.PROBLEM
    assert result.stderr.splitlines()[-1].endswith("use mskv in the version of the deployed stack")
    assert "hush" not in result.stdout + result.stderr


def test_what_a_function_raises_drives_no_terminal(world: World) -> None:
    world.answers["TopicsFunction"] = {"errorType": "StageError", "errorMessage": "a\x1b[2Jb"}
    assert "a�[2Jb" in typed("topics").stderr


def test_what_is_not_reached_is_said_with_its_remedy_and_drives_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreached(**_: Any) -> None:
        raise NotReachedError("no answer: \x1b]0;x", "try again")

    monkeypatch.setattr("mskv.command_line.commands", unreached)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == exits.NOT_REACHED
    assert capsys.readouterr().err == "mskv: no answer: �]0;x\n  -> try again\n"


def test_json_keeps_every_character_and_prints_none_that_drives_a_terminal(world: World) -> None:
    letter = {"detail": "\x9b2J \u202e \ud800 é 日本"}
    world.letters = [LETTER]
    world.answers["RedriveFunction"] = {"letter": letter}
    text = typed("letters", "show", "orders/3/1042", "-o", "json").stdout
    assert json.loads(text) == letter
    assert "日本" in text
    assert all(character.isprintable() or character == "\n" for character in text)


@pytest.mark.parametrize("where", ["while it sleeps", "while the command runs"])
def test_ctrl_c_ends_a_watch_with_the_status_of_its_last_result(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    results = iter([Result([], "broker 2 fails", exits.PROBLEM), Result([], "all pass", exits.OK)])

    def command(_: object) -> Result:
        result = next(results, None)
        if result is None:
            raise KeyboardInterrupt
        return result

    def sleep(_: float) -> None:
        if where == "while it sleeps" and not list(results):
            raise KeyboardInterrupt

    monkeypatch.setattr("mskv.output.time.sleep", sleep)
    expected = {"while it sleeps": exits.PROBLEM, "while the command runs": exits.OK}
    assert run(command, "table", watch=1) == expected[where]


def test_ctrl_c_before_the_first_result_is_no_result() -> None:
    def command(_: object) -> Result:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(command, "table", watch=1)


@pytest.mark.parametrize(
    ("typed_before", "begun", "completions"),
    [
        (["topics"], "", ["apply", "check", "delete", "export", "plan"]),
        (["letters"], "re", ["replay"]),
        ([], "la", ["lag"]),
    ],
)
def test_a_shell_completes_the_commands_of_a_group(typed_before: list[str], begun: str, completions: list[str]) -> None:
    items = ShellComplete(commands, {}, "mskv", "_MSKV_COMPLETE").get_completions(typed_before, begun)
    assert [item.value for item in items] == completions


@pytest.mark.parametrize(("output", "load"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_verify_reports_in_the_same_forms_as_every_command(
    world: World, output: str, load: Callable[[str], dict[str, Any]]
) -> None:
    report = load(typed("verify", "-o", output).stdout)
    assert (report["stack"], report["status"]) == ("shop", "ok")
    assert typed("verify", "-o", "wide").stdout == typed("verify").stdout


@pytest.mark.parametrize("output", ["table", "json", "yaml"])
def test_words_of_vantiq_in_a_report_of_verify_do_not_drive_the_terminal(world: World, output: str) -> None:
    finding = {"severity": "error", "subject": "Vantiq", "text": "answered \x1b[2J\x9b2J"}
    world.answers["ConnectFunction"] = {"findings": [finding]}
    result = typed("verify", "-o", output)
    assert result.exit_code == exits.PROBLEM
    assert "answered" in result.stdout
    assert not {"\x1b", "\x9b"} & set(result.stdout)
