"""The request that takes records to a target: its path and body."""

from collections.abc import Sequence
from urllib.parse import quote

from msk_toolkit.settings.targets import Target
from msk_toolkit.target_kinds import KINDS

_RESOURCES = "/api/v1/resources"


def delivery_path(target: Target) -> str:
    """The path to post to; a topic's name begins with a slash, hence ``topics//my/topic``."""
    path = KINDS[target.kind].path.format(name=quote(target.name, safe="/"))
    return f"{_RESOURCES}/{path}"


def rows_path(target: Target, where: bytes, **parameters: str) -> str:
    """The path of the rows of a type that a ``where`` clause selects, for GET and DELETE.

    Args:
        where: a JSON object that names at least one property: without one it would be all rows.
        parameters: of the query, beside it.

    Raises:
        ValueError: the clause is empty.
    """
    if len(where) <= len(b"{}"):
        raise ValueError("a where clause without a property selects every row")
    path = KINDS[target.kind].path.partition("?")[0].format(name=quote(target.name, safe="/"))
    query = "&".join(f"{name}={value}" for name, value in {**parameters, "where": quote(where, safe="")}.items())
    return f"{_RESOURCES}/{path}?{query}"


def target_resource(target: Target) -> tuple[str, str]:
    """The resource, and its instance's name, behind a target."""
    row = KINDS[target.kind]
    return row.resource, row.instance_name(target.name)


def delivery_body(target: Target, documents: Sequence[bytes], *, as_array: bool) -> bytes:
    """The JSON to post: the document, or an array of them. A procedure takes that as its one argument."""
    body = documents[0]
    if as_array:
        body = b"[%b]" % b",".join(documents)
    # An array is a procedure's list of arguments; an object would be spread over parameters by name.
    if KINDS[target.kind].as_argument:
        return b"[%b]" % body
    return body
