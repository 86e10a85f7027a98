"""Keeps a response within what Lambda accepts: 6 MB, which a finished apply of some thousand topics would exceed."""

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
    lines = response.table.splitlines()
    plan = response.plan or Plan([], 0)
    steps = sorted(plan.steps, key=_is_unchanged)
    undeclared = plan.undeclared_topics
    changes = sorted(response.changes, key=lambda change: change.state == "done")
    left_out = {
        "steps": len(steps) - kept,
        "undeclaredTopics": len(undeclared) - kept,
        "changes": len(changes) - kept,
        "problems": len(response.problems) - kept,
        "tableLines": len(lines) - kept - 1,
    }
    left_out = {kind: number for kind, number in left_out.items() if number > 0}
    if "tableLines" in left_out:
        lines = [*lines[:kept], f"... {left_out['tableLines']} more lines: see the function's log", lines[-1]]
    return msgspec.structs.replace(
        response,
        table="\n".join(lines),
        plan=response.plan
        and msgspec.structs.replace(response.plan, steps=steps[:kept], undeclared_topics=undeclared[:kept]),
        changes=changes[:kept],
        problems=response.problems[:kept],
        left_out=left_out,
    )


def _is_unchanged(step: TopicStep) -> bool:
    return step.action == "unchanged" and not step.warnings
