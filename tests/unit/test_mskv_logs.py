"""``mskv logs``: what is shown of the functions' logs, in which order, once each, and with which exit status."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from mskv import exits
from mskv.aws.logs import LogLine, LogsUnavailableError
from mskv.errors import NotReachedError
from mskv.facts import Unavailable
from mskv.log_lines import read_line
from mskv.log_text import line_text
from mskv.logs import follow
from mskv.times import parse_time
from tests.fakes.mskv_world import World, refused, typed

START = "START RequestId: 0c1 Version: $LATEST"
REPORT = "REPORT RequestId: 0c1 Duration: 3000.00 ms"
METRICS = json.dumps({"_aws": {"Timestamp": 1}, "service": "shop-forwarder", "VantiqOutage": 1})
INFO = json.dumps({"level": "INFO", "message": "delivered", "received": 3, "service": "shop-forwarder"})
TRACEBACK = 'Traceback:\n  File "x"\nmsk_toolkit.errors.StageError: b-2:9096 fails at tcp: refused'
REASONS = ["Vantiq answered 401", "Vantiq answered 401", "held back"]
WARNING = json.dumps(
    {"level": "WARNING", "message": "delivery incomplete", "reasons": REASONS, "remedy": "mskv token set"}
)


def platform(kind: str, **record: Any) -> str:
    return json.dumps({"time": "2026-11-28T02:50:00Z", "type": f"platform.{kind}", "record": record})


def shown(text: str) -> str | None:
    entry = read_line("forwarder", 0, text)
    return line_text(entry).removeprefix("1970-01-01T00:00:00.000Z forwarder      ") if entry else None


@pytest.mark.parametrize(
    "text", [START, REPORT, "END RequestId: 0c1", METRICS, platform("start"), platform("report", status="success"), ""]
)
def test_metrics_and_lambdas_own_lines_are_left_out(text: str) -> None:
    assert shown(text) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (WARNING, "WARNING delivery incomplete: Vantiq answered 401; held back -> mskv token set"),
        (
            json.dumps({"level": "WARNING", "message": "1 record waits -> wait", "remedy": "wait"}),
            "WARNING 1 record waits -> wait",
        ),
        (
            json.dumps({"level": "ERROR", "message": "down", "verdict": {"remedy": "see MSK"}}),
            "ERROR   down -> see MSK",
        ),
        (
            json.dumps({"level": "ERROR", "message": "targets", "exception": TRACEBACK}),
            "ERROR   targets: msk_toolkit.errors.StageError: b-2:9096 fails at tcp: refused",
        ),
        (
            json.dumps({"level": "ERROR", "errorType": "StageError", "errorMessage": "b-2 fails", "stackTrace": ["x"]}),
            "ERROR   b-2 fails",
        ),
        (platform("report", status="timeout", requestId="0c1"), "ERROR   Lambda ended the invocation: timeout"),
        (f"{REPORT} Status: timeout", f"ERROR   {REPORT} Status: timeout"),
        ("2026-11-28T02:50:00Z 0c1 Task timed out after 60.00 seconds", None),
        ("[ERROR] StageError: b-2 fails\nTraceback", "ERROR   [ERROR] StageError: b-2 fails Traceback"),
        (
            json.dumps(
                {
                    **{"level": "WARNING", "message": "record refused", "reason": "refused"},
                    **{"place": "orders-0", "offset": 7, "status": 400, "code": "io.x"},
                }
            ),
            "WARNING record refused: refused; orders-0 offset 7, HTTP 400 io.x",
        ),
        ("shop.errors.VantiqError: refused", "ERROR   shop.errors.VantiqError: refused"),
        ("[1, 2]", "INFO    [1, 2]"),
        ("a\x1b[2Jb", "INFO    a�[2Jb"),
    ],
)
def test_a_line_has_level_message_reason_and_remedy(text: str, line: str | None) -> None:
    assert shown(text) == (line or f"ERROR   {text}")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("mskv.place.on_aws", lambda *_: made.place())
    made.logs = {"ForwarderFunction": [(2000, START), (2001, METRICS), (2002, WARNING), (5000, INFO)]}
    made.logs["TopicsFunction"] = [(2001, json.dumps({"level": "ERROR", "message": "drift"}))]
    return made


def test_the_lines_of_all_functions_are_in_the_order_of_their_times(world: World) -> None:
    result = typed("logs", "--since", "1970-01-01")
    assert [line.split()[1:3] for line in result.stdout.splitlines()] == [
        ["TopicsFunction", "ERROR"],
        ["ForwarderFunction", "WARNING"],
    ]
    assert result.exit_code == exits.PROBLEM


def test_all_shows_information_as_well_and_a_name_shows_one_function(world: World) -> None:
    result = typed("logs", "ForwarderFunction", "--all", "--since", "1970-01-01", "-o", "json")
    levels = [json.loads(line)["level"] for line in result.stdout.splitlines()]
    assert levels == ["WARNING", "INFO"]
    documents = list(yaml.safe_load_all(typed("logs", "--since", "1970-01-01", "-o", "yaml").stdout))
    assert [document["message"] for document in documents] == ["drift", "delivery incomplete"]


def test_wide_shows_the_numbers_of_a_line(world: World) -> None:
    assert "delivered (received 3)" in typed("logs", "--all", "--since", "1970-01-01", "-o", "wide").stdout


def test_no_warning_is_the_exit_status_of_a_healthy_stack(world: World) -> None:
    result = typed("logs", "--since", "1970-01-01T00:00:05")
    assert (result.exit_code, result.stdout) == (exits.OK, "")
    assert "no warning and no error since 1970-01-01T00:00:05.000Z" in result.stderr


@pytest.mark.parametrize("arguments", [["forwrder"], ["--since", "yesterday"], ["--since", "99999999999d"]])
def test_a_misspelt_function_or_time_is_a_usage_error(world: World, arguments: list[str]) -> None:
    result = typed("logs", *arguments)
    assert result.exit_code == exits.USAGE
    assert ("ConnectFunction, ConsumerProbeFunction" in result.stderr) or ("use 30m, 2h or 1d" in result.stderr)


def test_a_log_that_may_not_be_read_is_not_reached_and_one_that_is_missing_is_empty(world: World) -> None:
    world.logs["TopicsFunction"] = refused("ResourceNotFoundException")
    assert typed("logs", "--since", "1970-01-01").exit_code == exits.PROBLEM
    world.logs["TopicsFunction"] = refused("AccessDeniedException")
    assert isinstance(typed("logs").exception, NotReachedError)


def test_a_time_is_an_instant_or_how_long_ago() -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert parse_time("90m", now) == datetime(2026, 11, 28, 10, 30, tzinfo=UTC)
    assert parse_time("2026-11-28T02:50+09:00", now) == datetime(2026, 11, 27, 17, 50, tzinfo=UTC)
    assert parse_time("2026-11-28", now) == datetime(2026, 11, 28, tzinfo=UTC)


class Group:
    """A log group to which lines come late and out of order; each poll may fail."""

    def __init__(self, polls: list[list[tuple[int, str]] | None]) -> None:
        self._polls = iter(polls)
        self._lines: list[LogLine] = []

    def read(self, start: int) -> Iterator[LogLine]:
        written = next(self._polls, None)
        if written is None:
            raise LogsUnavailableError(Unavailable("logs:FilterLogEvents", "failed", "throttled"))
        self._lines += [LogLine(seconds * 1000, text, "g", text) for seconds, text in written]
        yield from sorted(line for line in self._lines if line.milliseconds >= start)


def followed(polls: list[list[tuple[int, str]] | None], start: int = 0) -> list[str]:
    """What is shown, a poll each 100 s."""
    group = Group(polls)
    texts: list[str] = []
    seconds = iter(range(1000, 100_000, 100))
    rounds = iter(polls)

    def show(lines: Iterable[LogLine]) -> None:
        texts.extend(line.text for line in lines)

    def sleep(_: float) -> None:
        next(rounds)
        if len(list_of(rounds)) == 0:
            raise KeyboardInterrupt

    def list_of(iterator: Iterator[Any]) -> list[Any]:
        nonlocal rounds
        rest = list(iterator)
        rounds = iter(rest)
        return rest

    with pytest.raises(KeyboardInterrupt):
        follow(group.read, show, start, lambda: float(next(seconds)), sleep)
    return texts


def test_followed_lines_are_shown_once_also_those_that_come_late() -> None:
    polls: list[list[tuple[int, str]] | None] = [[(999, "a")], [(1050, "c"), (1001, "late")], [], [(1299, "d")]]
    assert followed(polls) == ["a", "late", "c", "d"]


def test_a_poll_that_fails_loses_nothing_and_shows_nothing_twice() -> None:
    polls: list[list[tuple[int, str]] | None] = [[(999, "a")], None, None, None, [(1001, "b"), (1390, "c")], []]
    assert followed(polls) == ["a", "b", "c"]
