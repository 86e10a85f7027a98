"""``mskv token``: the new token keeps the secret's form, is written once, tested, and shown nowhere."""

import json
from typing import Any

import pytest
from msk_toolkit.vantiq.token import parse_token

from mskv import exits
from mskv.errors import NotReachedError
from mskv.token_secret import NewText, checked_token, with_token
from tests.fakes.mskv_world import SECRET, World, refused, typed

TOKEN = "new-token_4711=="
FIT = {"status": "checked", "targets": [{"target": "topic:/a", "state": "fit"}], "table": "= topic:/a: fit"}
REFUSED = {"targets": [{"state": "unknown", "reason": "the token is not valid"}] * 2}
LAG = {"groups": [{"group": "shop-orders", "records": 4211, "seconds": 360.0}]}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    made.answers["ConnectFunction"] = FIT
    made.answers["ConsumerProbeFunction"] = LAG
    return made


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setattr("mskv.approval._require_terminal", lambda: None)
    monkeypatch.setattr("mskv.approval.read_hidden", lambda *_: token)


@pytest.mark.parametrize(
    ("former", "text", "form"),
    [
        ("old", TOKEN, "the bare token"),
        (" old\n", TOKEN, "the bare token"),
        ('"old"', f'"{TOKEN}"', "the token as a JSON string"),
        ('{"token": "old"}', f'{{"token": "{TOKEN}"}}', "a JSON object with token"),
        (
            '{"a": "é", "token": "old", "b": [1]}',
            f'{{"a": "é", "token": "{TOKEN}", "b": [1]}}',
            "a JSON object with token (kept: a, b)",
        ),
        ('{"a": 1}', f'{{"a": 1, "token": "{TOKEN}"}}', "a JSON object with token (kept: a)"),
        ("{broken", f'{{"token": "{TOKEN}"}}', "a JSON object with token, instead of a text that is not JSON"),
        ("", TOKEN, "the bare token"),
    ],
)
def test_a_secret_keeps_its_form_and_the_functions_read_the_new_token_in_it(former: str, text: str, form: str) -> None:
    assert with_token(former, TOKEN) == NewText(text, form)
    assert parse_token(text, SECRET) == TOKEN


@pytest.mark.parametrize(
    ("typed_text", "sentence"),
    [
        ("", "holds no token"),
        ("hush hush", "without spaces"),
        ("hush\nhush", "one line"),
        ("hüsh", "ASCII"),
        ('{"token": "hush"}', "give the token alone"),
        ("Bearer hush", 'without "Bearer"'),
        ("hush" * 5000, "at most"),
    ],
)
def test_what_is_no_token_is_a_usage_error_that_does_not_show_it(world: World, typed_text: str, sentence: str) -> None:
    result = typed("token", "set", "--yes", answers=typed_text)
    assert (result.exit_code, sentence in result.stderr) == (exits.USAGE, True)
    assert "hush" not in result.stdout + result.stderr
    assert world.secrets_written == []
    with pytest.raises(ValueError, match=sentence):
        checked_token(typed_text)


def test_the_plan_is_shown_and_approved_then_the_token_is_written_once_and_tested(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_terminal(monkeypatch, f"{TOKEN}\n")
    result = typed("token", "set", answers="y\n")
    assert (result.exit_code, world.secrets_written) == (
        exits.OK,
        [(SECRET, json.dumps({"token": TOKEN, "owner": "ops"}))],
    )
    assert f"secret   {SECRET}\nwrite    a JSON object with token (kept: owner)\n" in result.stdout
    assert "former   version v1" in result.stdout
    assert "Vantiq accepts the token" in result.stdout
    assert "4,211" in result.stdout
    assert "--move-to-version-id v1 --remove-from-version-id v2" in result.stdout
    assert [name for name, _ in world.events] == ["ConnectFunction", "ConsumerProbeFunction"]


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize("fault", ["", "denied", "refused by Vantiq", "raises"])
def test_neither_token_is_printed_or_sent_to_a_function(world: World, output: str, fault: str) -> None:
    if fault == "denied":
        world.aws.answers["put_secret_value"] = refused("AccessDeniedException")
    elif fault == "refused by Vantiq":
        world.answers["ConnectFunction"] = REFUSED
    elif fault == "raises":
        world.answers["ConnectFunction"] = {"errorType": "StageError", "errorMessage": "tls"}
    result = typed("token", "set", "--yes", "-o", output, answers=TOKEN)
    shown = f"{result.stdout}{result.stderr}{result.exception!r}{world.events}"
    assert (TOKEN in shown, "old-token" in shown) == (False, False)
    assert result.exit_code == (exits.PROBLEM if fault else exits.OK)


def test_a_token_that_vantiq_refuses_is_a_problem_with_the_command_that_goes_back(world: World) -> None:
    world.answers["ConnectFunction"] = REFUSED
    result = typed("token", "set", "--yes", answers=TOKEN)
    assert result.exit_code == exits.PROBLEM
    assert "the test failed: the token is not valid (and 1 more alike)" in result.stdout
    assert "back to the former version: aws secretsmanager update-secret-version-stage" in result.stdout


@pytest.mark.parametrize(
    ("answer", "status", "sentence"),
    [
        ({"errorType": "StageError", "errorMessage": "tls"}, exits.PROBLEM, "not tested: shop-ConnectFunction: "),
        ("denied", exits.NOT_REACHED, "not tested: not allowed to invoke shop-ConnectFunction"),
    ],
)
def test_a_token_that_is_written_and_can_not_be_tested_is_said_to_be_written(
    world: World, answer: Any, status: int, sentence: str
) -> None:
    world.answers["ConnectFunction"] = refused("AccessDeniedException") if answer == "denied" else answer
    result = typed("token", "set", "--yes", answers=TOKEN)
    assert (result.exit_code, len(world.secrets_written)) == (status, 1)
    assert result.stdout.count("written: version v2\n") == 1
    assert sentence in result.stdout
    assert "--move-to-version-id v1 --remove-from-version-id v2" in result.stdout


def test_ctrl_c_after_the_write_leaves_the_command_that_goes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mskv.token._test", interrupted)
    result = typed("token", "set", "--yes", answers=TOKEN)
    assert (result.exit_code, len(world.secrets_written)) == (exits.PROBLEM, 1)
    assert "written: version v2\n" in result.stderr
    assert "--move-to-version-id v1 --remove-from-version-id v2" in result.stderr


def test_an_answer_of_no_or_nobody_to_ask_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed("token", "set", answers=TOKEN).exit_code == exits.USAGE
    at_a_terminal(monkeypatch, TOKEN)
    assert typed("token", "set", answers="n\n").exit_code == exits.PROBLEM
    assert world.secrets_written == []


def test_the_token_that_is_there_already_is_only_tested(world: World) -> None:
    world.secret = TOKEN
    result = typed("token", "set", "--yes", answers=TOKEN)
    assert (result.exit_code, world.secrets_written) == (exits.OK, [])
    assert "holds this token already" in result.stdout


@pytest.mark.parametrize("fault", [refused("AccessDeniedException"), refused("ResourceNotFoundException")])
def test_a_secret_that_can_not_be_read_is_not_reached(world: World, fault: Any) -> None:
    world.aws.answers["get_secret_value"] = fault
    assert isinstance(typed("token", "set", "--yes", answers=TOKEN).exception, NotReachedError)
    assert world.secrets_written == []


def test_what_waits_is_left_out_where_the_probe_does_not_say_it(world: World) -> None:
    world.answers["ConsumerProbeFunction"] = {"errorType": "StageError", "errorMessage": "no broker"}
    result = typed("token", "set", "--yes", answers=TOKEN)
    assert (result.exit_code, "waiting" in result.stdout) == (exits.OK, False)


def test_token_alone_tests_the_token_in_the_secret(world: World) -> None:
    assert typed("token").exit_code == exits.OK
    assert world.events == [("ConnectFunction", {"action": "check"})]
    world.answers["ConnectFunction"] = {"targets": []}
    result = typed("token")
    assert (result.exit_code, "nothing was asked" in result.stdout) == (exits.PROBLEM, True)
