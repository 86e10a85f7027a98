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
