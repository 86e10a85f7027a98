"""`mskv` as a person types it: usage, exit statuses, what cannot be reached, JSON and plain lines."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, SSOTokenLoadError
from click.testing import CliRunner, Result

from mskv import exits
from mskv.aws.clients import client_maker, invoker_maker, writer_maker
from mskv.aws.stack import read_stack
from mskv.command_line import commands
from mskv.errors import NotReachedError
from mskv.facts import Stack
from mskv.verify.check import failed, not_tried, ok
from mskv.verify.report import Report, as_data, lines, summary
from tests.fakes.mskv_world import ACCOUNT, REGION, STACK, World, refused

ROOT = Path(__file__).parents[2]
REPORT = Report(
    stack=Stack(name=STACK, region=REGION, account=ACCOUNT, status="CREATE_COMPLETE"),
    began=datetime(2026, 11, 28, 12, 0, tzinfo=UTC),
    ended=datetime(2026, 11, 28, 12, 1, tzinfo=UTC),
    checks=[
        ok("stack", "status", "fine"),
        failed("mail", "subscription", "not\nconfirmed", "confirm it"),
        not_tried("mail", "test message", "--test-mail was not given"),
    ],
)


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments)


def test_help_shows_examples_and_exit_statuses() -> None:
    output = typed("verify", "--help").output
    assert "mskv verify --stack msk-vantiq" in output
    assert "Exit status: 0" in output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["verify"], "missing --stack NAME"),
        (["verify", "--local", "--stack", "shop"], "--local can't be combined with --stack"),
        (["verify", "--stack", "shop", "-o", "xml"], "'xml' is not one of"),
    ],
)
def test_wrong_options_are_a_usage_error(
    arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The checkout's samconfig.toml names a stack.
    monkeypatch.chdir(tmp_path)
    result = typed(*arguments)
    assert result.exit_code == exits.USAGE
    assert sentence in result.output


def isolated(tmp_path: Path) -> dict[str, str]:
    """An environment without any credentials."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nothing = str(tmp_path / "none")
    files = {"AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing}
    return {**rest, **files, "AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1"}


def test_without_credentials_it_says_so_and_ends_with_3(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mskv", "verify", "--stack", "shop", "--region", REGION]
    result = subprocess.run(
        command, env=isolated(tmp_path), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == exits.NOT_REACHED
    assert "no AWS credentials were found" in result.stderr
    assert "aws sso login" in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["--profile", "nobody"], "nobody"), ([], "no Region is set")],
)
def test_a_profile_that_is_not_there_or_no_region_is_said(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in isolated(tmp_path).items():
        monkeypatch.setenv(name, value)
    for name in [name for name in os.environ if name.startswith("AWS_") and name not in isolated(tmp_path)]:
        monkeypatch.delenv(name)
    result = typed("verify", "--stack", "shop", *arguments)
    assert isinstance(result.exception, NotReachedError)
    assert sentence in str(result.exception)


def test_where_no_local_system_runs_local_says_how_to_start_one(tmp_path: Path) -> None:
    result = typed("verify", "--local", "--local-run", str(tmp_path))
    assert isinstance(result.exception, NotReachedError)
    assert "make up" in result.exception.remedy


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        ("describe_stacks", refused("ValidationError", "Stack with id shop does not exist"), "has no stack shop in"),
        ("describe_stacks", refused("AccessDenied", "not authorized"), "not allowed to read the stack"),
        ("get_caller_identity", refused("ExpiredToken"), "credentials are invalid or expired"),
        ("get_caller_identity", NoCredentialsError(), "no AWS credentials"),
        ("get_caller_identity", EndpointConnectionError(endpoint_url="https://sts.nowhere-1"), "does not answer"),
        ("get_caller_identity", SSOTokenLoadError(error_msg="expired"), "expired"),
    ],
)
def test_what_can_not_be_reached_is_said_with_what_to_do(call: str, error: Exception, sentence: str) -> None:
    world = World()
    world.aws.answers[call] = error
    with pytest.raises(NotReachedError, match=sentence) as caught:
        read_stack(world.aws, STACK, REGION)
    assert caught.value.remedy


class SessionOfOneClient:
    """Notes what a client is made with."""

    def client(self, service: str, **options: object) -> object:
        return options["config"]


def test_an_invocation_waits_longer_than_the_function_may_run_and_nothing_is_written_twice() -> None:
    session = SessionOfOneClient()
    invoker = invoker_maker(session, None)(900)
    assert invoker.read_timeout > 900
    assert invoker.retries["total_max_attempts"] == 1
    assert writer_maker(session, None)("sns").retries["total_max_attempts"] == 1
    assert client_maker(session, None)("logs").read_timeout <= 60


def test_the_report_holds_every_check_with_all_its_fields() -> None:
    content = as_data(REPORT)
    assert (content["status"], content["counts"]) == ("failed", {"ok": 1, "failed": 1, "not tried": 1})
    assert {tuple(check) for check in content["checks"]} == {("area", "name", "state", "text", "remedy")}


def test_a_check_is_one_line_and_its_remedy_another() -> None:
    output = [line for line, _ in lines(REPORT.checks)]
    assert len(output) == 4
    assert "failed     mail   subscription  not confirmed" in output
    assert output[2].endswith("-> confirm it")
    assert summary(REPORT) == "shop: 1 ok, 1 failed, 1 not tried"


@pytest.mark.parametrize("arguments", [["--help"], ["topics", "--help"], ["logs", "--help"], ["--version"]])
def test_help_loads_click_and_nothing_else_that_takes_long(arguments: list[str]) -> None:
    slow = {"boto3", "botocore", "rich", "msgspec", "yaml", "urllib3", "asyncio", "tomllib", "local", "msk_toolkit"}
    code = f"""
import atexit, sys
from mskv.command_line import main
sys.argv = ["mskv", *{arguments!r}]
atexit.register(lambda: print("loaded:", sorted({slow!r} & sys.modules.keys())))
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "loaded: []"
