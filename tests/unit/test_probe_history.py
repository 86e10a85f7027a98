"""What brokers and groups did over time: read from the probes' logs, drawn as lines."""

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.chart import Point, render_chart
from msk_toolkit.probe.widget import render_widget

from tests.fakes.aws_fake import refused
from tests.unit.test_probe_widget import NOW, SETTINGS, Logs

HOUR = 3600.0


def broker(number: int, stage: int = 0, **milliseconds: float) -> str:
    line = {"message": "broker", "broker": str(number), "failed_stage": stage, "milliseconds": milliseconds}
    return json.dumps({"level": "INFO", **line})


def group(name: str, seconds: float | None) -> str:
    line = {"message": "consumer group", "group": name, "records": 3}
    return json.dumps(line if seconds is None else {**line, "seconds": seconds})


def shown(logs: Logs, **context: Any) -> str:
    return render_widget({"show": "history", "widgetContext": context}, SETTINGS, logs, Deadline(5), lambda: NOW)


def figures(html: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(each) for each in re.findall(r"<figure>.*?</figure>", html, re.DOTALL)]  # noqa: S314 - our own


def texts(figure: ElementTree.Element) -> list[str]:
    return ["".join(item.itertext()).strip() for item in figure.iter("li")]


def test_each_broker_and_each_group_is_a_line_over_the_dashboards_time() -> None:
    logs = Logs(
        ("p", 2 * HOUR, broker(1, dns=1.0, produce=6.04)),
        ("p", 1 * HOUR, broker(1, produce=8.0)),
        ("p", 1 * HOUR, broker(10, 2, dns=1.0)),
        ("c", 1 * HOUR, broker(2)),
        ("c", 1 * HOUR, group("billing", 1.5)),
        ("c", 1 * HOUR, group("unknown", None)),
        ("p", 1.0, "REPORT RequestId"),
    )
    stages, writes, lags = figures(shown(logs))
    assert texts(stages) == ["1: 0, at most 0", "2: 0, at most 0", "10: 2, at most 2"]
    assert texts(writes) == ["1: 8 ms, at most 8 ms"]
    assert texts(lags) == ["billing: 1.5 s, at most 1.5 s"]


def test_the_time_that_the_viewer_looks_at_is_asked_for_and_a_day_at_most() -> None:
    start, end = (NOW - 3 * HOUR) * 1000, NOW * 1000
    logs = Logs()
    shown(logs, timeRange={"mode": "relative", "start": start, "end": end})
    assert {(one["startTime"], one["endTime"]) for one in logs.asked} == {(int(start), int(end))}
    zoomed = Logs()
    zoom = {"start": start + 60_000, "end": end - 60_000}
    shown(zoomed, timeRange={"mode": "absolute", "start": start, "end": end, "zoom": zoom})
    assert {(one["startTime"], one["endTime"]) for one in zoomed.asked} == {(int(zoom["start"]), int(zoom["end"]))}
    long = Logs()
    shown(long, timeRange={"start": end - 30 * 86_400_000, "end": end})
    assert {one["startTime"] for one in long.asked} == {int(end - 86_400_000)}


def test_a_log_that_can_not_be_read_is_told_beside_what_there_is() -> None:
    html = shown(Logs(error=refused("AccessDeniedException")), theme="dark")
    assert html.count("? reading the log") == 2
    assert html.count("no values in this time") == 3
    assert "color-scheme: dark" in html


def test_no_script_and_no_name_of_a_group_gets_into_the_page() -> None:
    html = shown(Logs(("c", HOUR, group("<script>alert(1)</script>", 1.0))))
    assert "<script" not in html
    assert figures(html)


def test_lines_are_told_apart_without_colours_and_numbered_names_come_in_their_order() -> None:
    lines = {str(number): [Point(0, 1), Point(10, number)] for number in (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)}
    (figure,) = figures(render_chart("t", "", lines, 0, 10))
    assert [text.partition(":")[0] for text in texts(figure)] == [str(number) for number in range(1, 11)]
    drawn = [each for each in figure.iter("polyline") if each.find("title") is not None]
    assert len({(each.get("stroke"), each.get("stroke-dasharray")) for each in drawn}) == 10
    points = [tuple(map(float, place.split(","))) for each in drawn for place in (each.get("points") or "").split()]
    assert all(0 <= x <= 600 and 0 <= y <= 110 for x, y in points)


@pytest.mark.parametrize("lines", [{}, {"a": [Point(0, 0)]}, {"a": [Point(5, 0.0), Point(5, 3.0)]}])
def test_few_points_are_drawn_too(lines: dict[str, list[Point]]) -> None:
    assert figures(render_chart("t", "", lines, 5, 5))
