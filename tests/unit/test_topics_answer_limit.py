"""An answer fits into what Lambda takes, and says what it leaves out."""

import msgspec
from msk_toolkit.topics.answer_limit import within_limits
from msk_toolkit.topics.apply import TopicChange
from msk_toolkit.topics.approval import changed_since
from msk_toolkit.topics.plan import ConfigChange, Plan, TopicStep
from msk_toolkit.topics.render import render_topics
from msk_toolkit.topics.request import TopicsResponse
from msk_toolkit.topics.telemetry import log_table


def response(topics: int) -> TopicsResponse:
    """An apply of so many topics, with long names and six keys each, of which the last one was not carried out."""
    names = [f"{number:05}-{'x' * 39}" for number in range(topics)]
    keys = [ConfigChange(f"key.{number}.ms", "604800000", "7d", "1000", "1s", "topic") for number in range(6)]
    steps = [TopicStep("update", name, 3, 3, 3, 3, config=keys) for name in names]
    changes = [TopicChange(name, "config", "done") for name in names[:-1]]
    changes.append(TopicChange(names[-1], "config", "not-done", "denied"))
    plan = Plan(steps, 0)
    return TopicsResponse("apply", "incomplete", render_topics(plan, changes, []), plan, changes)


def size(answer: TopicsResponse) -> int:
    return len(msgspec.json.encode(answer))


def test_an_answer_that_fits_is_left_as_it_is() -> None:
    small = response(10)
    assert within_limits(small) is small


def test_an_answer_that_lambda_would_refuse_is_shortened_and_says_by_how_much() -> None:
    large = response(3000)
    shortened = within_limits(large, 1_000_000)
    assert size(large) > 3_000_000
    assert size(shortened) <= 1_000_000
    assert shortened.plan is not None
    assert shortened.left_out["steps"] == 3000 - len(shortened.plan.steps)
    assert shortened.changes[0].state == "not-done", "what was not done comes first"
    assert shortened.table.splitlines()[-1] == large.table.splitlines()[-1]
    assert "more lines: see the function's log" in shortened.table
    assert shortened.status == large.status


def test_a_shortened_plan_can_not_be_approved() -> None:
    large = response(3000)
    shortened = within_limits(large, 1_000_000)
    assert shortened.plan is not None
    assert large.plan is not None
    assert "is not in the approved plan" in changed_since(shortened.plan, large.plan)[0]


def test_what_an_answer_leaves_out_stands_in_the_log_in_pieces() -> None:
    large, pieces = response(3000), []

    class Log:
        def info(self, message: str, extra: dict[str, object]) -> None:
            pieces.append(extra)

    log_table(large, Log())
    assert [line for piece in pieces for line in piece["lines"]] == large.table.splitlines()  # type: ignore[attr-defined]
    assert max(len(msgspec.json.encode(piece)) for piece in pieces) < 256_000
