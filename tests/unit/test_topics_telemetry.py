"""The topics function's log line: what the state of the path and its alarms read of a check or an apply."""

import pytest
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics
from msk_toolkit.topics.plan import ConfigChange, Plan, TopicStep
from msk_toolkit.topics.request import TopicsResponse
from msk_toolkit.topics.telemetry import report_topics

_STEPS = [
    TopicStep("unchanged", "kept", 3, 3, is_forwarded=True, retention_ms=60_000),
    TopicStep(
        *("update", "raised", 3, 3),
        config=[ConfigChange("retention.ms", "604800000", before="60000")],
        is_forwarded=True,
        retention_ms=60_000,
    ),
    TopicStep(
        *("update", "reset", 3, 3),
        config=[ConfigChange("retention.ms", before="60000", inherited="86400000")],
        is_forwarded=True,
        retention_ms=60_000,
    ),
    TopicStep(
        *("update", "unlimited", 3, 3),
        config=[ConfigChange("retention.ms", "-1", before="60000")],
        is_forwarded=True,
        retention_ms=60_000,
    ),
    TopicStep("unchanged", "not forwarded", 3, 3, retention_ms=60_000),
]
_NOW = dict.fromkeys(("kept", "raised", "reset", "unlimited"), 60_000)
_AFTER = {"kept": 60_000, "raised": 604_800_000, "reset": 86_400_000}


@pytest.mark.parametrize(
    ("action", "status", "retentions"),
    [
        ("check", "checked", _NOW),
        ("apply", "applied", _AFTER),
        ("apply", "incomplete", None),
        ("plan", "planned", None),
    ],
)
@pytest.mark.parametrize("only", [[], ["kept"]])
def test_a_complete_run_logs_the_retentions_as_it_leaves_them_and_whether_it_was_about_some_topics(
    caplog: pytest.LogCaptureFixture, action: str, status: str, retentions: dict[str, int] | None, only: list[str]
) -> None:
    caplog.set_level("INFO")
    response = TopicsResponse(action, status, "table", Plan(_STEPS, 0))  # type: ignore[arg-type]
    report_topics(response, toolkit_logger("topics"), toolkit_metrics("topics"), detailed=False, only=only)
    line = vars(caplog.records[-1])
    assert line.get("retention_ms") == retentions
    assert line.get("only", []) == only
