"""How instances are shown to clients, and the results of an array's records."""

from collections.abc import Callable
from typing import Literal

import msgspec

from local.vantiq.calls import record
from local.vantiq.errors import VantiqError
from local.vantiq.queries import Row

# The API reference: each element is "the JSON representation of a standard response (either success or failure)". No
# real server was asked, so a client has to bear the other form as well: the row, or in a refused one's place its error.
ArrayResults = Literal["responses", "rows"]


def array_result(result: Row | VantiqError, form: ArrayResults) -> Row:
    """The answer's element for one record of an array."""
    if isinstance(result, VantiqError):
        error = result.item()
        if form == "rows":
            return error
        return {"status": result.status, "headers": {}, "body": [error]}
    if form == "rows":
        return result
    return {"status": 200, "headers": {}, "body": result}


def shown(kind: str, row: Row) -> Row:
    """An instance as clients see it: of a secret never its content."""
    if kind != "secrets":
        return row
    return {name: value for name, value in row.items() if name != "secret"}


def stored(
    store: Callable[[Row, str], Row], body: msgspec.Raw, refused: VantiqError | None, now: str
) -> Row | VantiqError:
    """One record's row, or why there is none: an array insert is not atomic."""
    if refused is not None:
        return refused
    try:
        return store(record(body), now)
    except VantiqError as exc:
        return exc
