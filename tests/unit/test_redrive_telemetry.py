"""A redrive's numbers: the metrics of this invocation, and the line of the whole redrive."""

from typing import Any, cast

import pytest
from aws_lambda_powertools import Logger, Metrics
from msk_toolkit.redrive.request import Counts, RedriveRequest, RedriveResponse
from msk_toolkit.redrive.telemetry import publish_redrive

BEFORE = Counts(delivered=10, refused=1, imported=4, gone=1)
DONE = Counts(delivered=15, refused=3, imported=5, gone=1)


class Recorder:
    """Metrics and a logger that keep what they get."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def add_metric(self, name: str, unit: object, value: float) -> None:
        self.values[name] = value

    def flush_metrics(self) -> None:
        pass

    def info(self, line: str, extra: dict[str, Any]) -> None:
        self.lines.append(("info", line, extra))

    def warning(self, line: str, extra: dict[str, Any]) -> None:
        self.lines.append(("warning", line, extra))


def published(**response: Any) -> Recorder:
    recorder = Recorder()
    request = RedriveRequest(action="replay", dry_run=False, hop=2, so_far=BEFORE)
    answer = RedriveResponse(action="replay", dry_run=False, done=DONE, **response)
    publish_redrive(request, answer, cast(Logger, recorder), cast(Metrics, recorder))
    return recorder


def test_metrics_count_this_invocation_alone_so_that_their_sum_over_a_redrive_is_right() -> None:
    assert published().values == {"LettersReplayed": 5, "LettersRefusedAgain": 2, "LettersAdopted": 1}


def test_the_log_line_has_the_counts_of_the_whole_redrive() -> None:
    ((_, _, line),) = published().lines
    assert {name: line[name] for name in ("delivered", "refused", "imported", "gone", "hop")} == {
        "delivered": 15,
        "refused": 3,
        "imported": 5,
        "gone": 1,
        "hop": 2,
    }


@pytest.mark.parametrize(
    ("response", "severity"),
    [
        ({}, "info"),
        ({"stopped": "the time is used up", "continues": True}, "info"),
        ({"stopped": "Vantiq does not answer"}, "warning"),
        ({"unreadable": ["aws/lambda/x"]}, "warning"),
        ({"without_target": ["a topic has no target"]}, "warning"),
    ],
)
def test_a_redrive_that_leaves_something_to_do_for_a_person_is_a_warning(
    response: dict[str, Any], severity: str
) -> None:
    ((logged, _, _),) = published(**response).lines
    assert logged == severity


@pytest.mark.parametrize(
    ("response", "unread"),
    [({}, 0), ({"stopped": "the topic does not exist"}, 1), ({"stopped": "the time is used up", "continues": True}, 0)],
)
def test_an_import_says_whether_what_was_given_up_to_a_topic_could_be_read(
    response: dict[str, Any], unread: int
) -> None:
    answer = RedriveResponse(action="import", dry_run=False, done=DONE, **response)
    for dry_run, topic, expected in ((False, "given-up", unread), (False, "", None), (True, "given-up", None)):
        recorder = Recorder()
        request = RedriveRequest(action="import", dry_run=dry_run, so_far=BEFORE)
        publish_redrive(request, answer, cast(Logger, recorder), cast(Metrics, recorder), given_up_topic=topic)
        assert recorder.values.get("GivenUpUnread") == expected
    # A replay also stops for other reasons.
    assert "GivenUpUnread" not in published(stopped="Vantiq does not answer").values
