"""Keeps a response within what Lambda accepts: 6 MB, which a finished apply of some thousand topics would exceed."""

from collections.abc import Sequence

import msgspec

from msk_toolkit.topics.plan import Plan, TopicStep
from msk_toolkit.topics.request import TopicsResponse

# Lambda accepts 6,291,556 bytes (measured); the runtime escapes some characters that are counted here as one byte.
MOST_BYTES = 5_000_000
_FIRST_TRY = 2000


def within_limits(response: TopicsResponse, most_bytes: int = MOST_BYTES) -> TopicsResponse:
    """The response, shortened where it is too large: ``left_out`` counts what is missing.

    What was not done comes before what was, and topics with findings before those that are up to date. A shortened
    plan cannot be approved: an apply that is given it is refused.
    """
    kept = _FIRST_TRY
    shortened = response
    while len(msgspec.json.encode(shortened)) > most_bytes and kept:
        shortened = _shortened(response, kept)
        kept //= 2
    return shortened


def _shortened(response: TopicsResponse, kept: int) -> TopicsResponse:
    changes = sorted(response.changes, key=lambda change: change.is_done)
    return msgspec.structs.replace(
        response,
        table=_shortened_table(response.table, kept),
        plan=_shortened_plan(response.plan, kept),
        changes=changes[:kept],
        topics=response.topics[:kept],
        next_after=_next_after(response, kept),
        problems=response.problems[:kept],
        left_out=_left_out(response, kept),
    )


def _next_after(response: TopicsResponse, kept: int) -> str:
    if len(response.topics) > kept > 0:
        return response.topics[kept - 1].name
    return response.next_after


def _left_out(response: TopicsResponse, kept: int) -> dict[str, int]:
    plan = response.plan or Plan([], 0)
    left_out = {
        "steps": len(plan.steps) - kept,
        "topics": response.left_out.get("topics", 0) + max(0, len(response.topics) - kept),
        "undeclaredTopics": len(plan.undeclared_topics) - kept,
        "changes": len(response.changes) - kept,
        "problems": len(response.problems) - kept,
        "tableLines": _lines_left_out(response.table.splitlines(), kept),
    }
    return {kind: number for kind, number in left_out.items() if number > 0}


def _lines_left_out(lines: Sequence[str], kept: int) -> int:
    # The last line sums the table up, and is always kept.
    return len(lines) - kept - 1


def _shortened_table(table: str, kept: int) -> str:
    lines = table.splitlines()
    left_out = _lines_left_out(lines, kept)
    if left_out > 0:
        lines = [*lines[:kept], f"... {left_out} more lines: see the function's log", lines[-1]]
    return "\n".join(lines)


def _shortened_plan(plan: Plan | None, kept: int) -> Plan | None:
    if plan is None:
        return None
    steps = sorted(plan.steps, key=_is_unchanged)
    return msgspec.structs.replace(plan, steps=steps[:kept], undeclared_topics=plan.undeclared_topics[:kept])


def _is_unchanged(step: TopicStep) -> bool:
    return step.action == "unchanged" and not step.warnings
