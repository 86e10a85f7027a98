"""The custom widget: it shows the newest result in each probe's log, and nothing stops it from answering."""

import itertools
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from msk_toolkit.aws.log_lines import newest_line, windows
from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.widget import DESCRIPTION, render_widget
from msk_toolkit.settings.probe_matrix import ProbeMatrixSettings

from tests.fakes.aws_fake import refused
from tests.fakes.probe_runs import healthy_broker, run_of, stopped_broker

NOW = 1_795_000_000.0
SETTINGS = ProbeMatrixSettings(producer_probe_logs="p", consumer_probe_logs="c")


class Logs:
    """FilterLogEvents over lines of (group, seconds before NOW, text), two a page."""

    def __init__(self, *lines: tuple[str, float, str], error: ClientError | None = None) -> None:
        self._lines = sorted(((group, NOW - ago, text) for group, ago, text in lines), key=lambda line: line[1])
        self._error = error
        self.asked: list[dict[str, Any]] = []

    def __call__(self, service: str) -> "Logs":
        assert service == "logs"
        return self

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self._error:
            raise self._error
        found = [
            {"timestamp": int(at * 1000), "message": text}
            for group, at, text in self._lines
            if group == request["logGroupName"] and request["startTime"] <= at * 1000 <= request["endTime"]
        ]
        start = int(request.get("nextToken", 0))
        page: dict[str, Any] = {"events": found[start : start + 2]}
        return {**page, "nextToken": str(start + 2)} if len(found) > start + 2 else page


def line(*brokers: Any) -> str:
    """As the probes' logger writes it, with what else a line has."""
    return msgspec.json.encode({"level": "INFO", **msgspec.to_builtins(run_of(*brokers))}).decode()


def show(logs: Logs, event: object = None) -> str:
    return render_widget(event or {}, SETTINGS, logs, Deadline(5), lambda: NOW)


def test_the_newest_result_of_each_probe_is_shown() -> None:
    noise = ("p", 1.0, "REPORT RequestId"), ("p", 2.0, '{"verdict": "no such thing"}')
    earlier = [("p", ago, line(healthy_broker(1))) for ago in (600, 500, 400)]
    text = show(Logs(*noise, *earlier, ("p", 90, line(stopped_broker(2))), *noise))
    assert "Producer probe: ✗ DOWN: broker 2" in text
    assert "Seen 1 minute ago." in text
    assert "Consumer probe: ? NO RESULT" in text
    assert "not yet run, or not in the last 48 hours; see the log c" in text


def test_only_lines_with_a_verdict_are_asked_for() -> None:
    logs = Logs()
    show(logs)
    (pattern,) = {request["filterPattern"] for request in logs.asked}
    told = [f'($.verdict.status = "{status}")' for status in ("healthy", "degraded", "down")]
    assert pattern == f"{{ {' || '.join(told)} }}"


def test_a_probe_that_fell_silent_is_shown_as_stale() -> None:
    text = show(Logs(("p", 20 * 3600, line(healthy_broker(1)))))
    assert "! STALE: seen 20 hours ago" in text


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ThrottlingException"])
def test_a_log_that_can_not_be_read_is_told_instead_of_an_error(code: str) -> None:
    text = show(Logs(error=refused(code)))
    assert text.count("? NO RESULT") == 2
    assert "reading the log p" in text


def test_describe_is_answered_without_a_question_to_aws() -> None:
    logs = Logs()
    assert show(logs, {"describe": True}) == DESCRIPTION
    assert logs.asked == []


def test_the_dashboards_theme_is_followed_and_any_other_event_gets_the_matrix() -> None:
    assert "color-scheme: dark" in show(Logs(), {"widgetContext": {"theme": "dark", "period": 300}})
    odd_ones: list[object] = [{"widgetContext": {"theme": "neon"}}, [], "x", None]
    for odd in odd_ones:
        assert "color-scheme: light dark" in show(Logs(), odd)


def test_a_probe_that_runs_is_found_with_one_question_and_silence_takes_few() -> None:
    def texts(found: Any) -> str | None:
        return str(found.text)

    logs = Logs(("p", 60, "new"), ("p", 7200, "old"))
    assert newest_line(logs, "p", "", texts, now=NOW, back_seconds=172_800) == "new"
    assert len(logs.asked) == 1
    assert newest_line(silent := Logs(), "p", "", texts, now=NOW, back_seconds=172_800) is None
    assert len(silent.asked) <= 8


def test_the_windows_leave_nothing_out() -> None:
    found = list(windows(NOW, 172_800))
    assert (found[0][1], found[-1][0]) == (NOW, NOW - 172_800)
    assert all(later[0] == earlier[1] for later, earlier in itertools.pairwise(found))
