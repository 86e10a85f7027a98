"""The dashboard as it is written: names of resources instead of their values."""

import json
from typing import Any

from tests.template.stack import raw_template


def widgets() -> list[dict[str, Any]]:
    """The widgets, without the alarm that exists with heartbeats only."""
    body, _ = raw_template()["Resources"]["ProbesDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    listed: list[dict[str, Any]] = json.loads(body.replace("${HeartbeatAlarms}", ""))["widgets"]
    return listed


def properties_of(kind: str) -> list[dict[str, Any]]:
    """The properties of the widgets of a type: ``log``, ``metric``, ``alarm``, ``text``, ``custom``."""
    return [widget["properties"] for widget in widgets() if widget["type"] == kind]
