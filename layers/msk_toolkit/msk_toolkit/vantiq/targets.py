"""The request that takes records to a target: its path and body."""

from collections.abc import Sequence
from urllib.parse import quote

from msk_toolkit.settings.targets import Target

_RESOURCES = "/api/v1/resources"


def delivery_path(target: Target) -> str:
    """The path to post to; a topic's name begins with a slash, hence ``topics//my/topic``."""
    name = quote(target.name, safe="/")
    match target.kind:
        case "topic":
            return f"{_RESOURCES}/topics/{name}"
        case "service":
            return f"{_RESOURCES}/services/{name}"
        case "source":
            return f"{_RESOURCES}/sources/{name}"
        case "procedure":
            return f"{_RESOURCES}/procedures/{name}"
        case "type":
            return f"{_RESOURCES}/custom/{name}"
        case "upsert":
            return f"{_RESOURCES}/custom/{name}?upsert=true"


def target_resource(target: Target) -> tuple[str, str]:
    """The resource, and its instance's name, behind a target."""
    match target.kind:
        case "topic":
            return "topics", target.name
        case "type" | "upsert":
            return "types", target.name
        case "service":
            return "services", target.name.partition("/")[0]
        case "procedure":
            return "procedures", target.name
        case "source":
            return "sources", target.name


def delivery_body(target: Target, documents: Sequence[bytes], *, as_array: bool) -> bytes:
    """The JSON to post: the document, or an array of them. A procedure takes that as its one argument."""
    body = b"[%b]" % b",".join(documents) if as_array else documents[0]
    # An array is a procedure's list of arguments; an object would be spread over parameters by name.
    return b"[" + body + b"]" if target.kind == "procedure" else body
