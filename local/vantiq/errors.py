"""Vantiq's errors: a status and the documented body ``[{code, message, params}]``.

Codes that begin with ``io.vantiq.standin.`` are placeholders: the documentation names no code for the
case, and an invented one must not be taken for a fact.
"""

from typing import Any

import msgspec

NOT_FOUND = "io.vantiq.resource.not.found"
TYPE_NOT_FOUND = "com.accessg2.ag2rs.type.not.found"
QUOTA_EXHAUSTED = "io.vantiq.resource.quota.credit.exhausted"
AUTHENTICATION_FAILED = "io.vantiq.authentication.failed"
DUPLICATE_KEY = "io.vantiq.resource.duplicate.key"
PLACEHOLDER = "io.vantiq.standin."


class VantiqError(Exception):
    """A request, or one element of an array, that Vantiq would refuse."""

    def __init__(self, status: int, code: str, message: str, *params: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.params = params

    def item(self) -> dict[str, Any]:
        """The error as an element of an error array."""
        return {"code": self.code, "message": self.message, "params": list(self.params)}

    def body(self) -> bytes:
        """The error array in JSON."""
        return msgspec.json.encode([self.item()])


def not_found(resource: str, key: str) -> VantiqError:
    """An instance that does not exist.

    The vendor's tests show the code and the text. The status is 404 in their recorded answers, and 400
    was seen on release 1.44.1; the stand-in's setting ``not_found_status`` chooses.
    """
    text = f"The requested instance ('{{name={key}}}') of the {resource} resource could not be found."
    return VantiqError(404, NOT_FOUND, text, resource, f"{{name={key}}}")


def type_not_found(name: str) -> VantiqError:
    """A user type that is not defined; code and text from the vendor's SDKs, the status is uncertain."""
    text = f"The type: {name} is not defined in the current namespace."
    return VantiqError(404, TYPE_NOT_FOUND, text, name)


def unknown_resource(name: str) -> VantiqError:
    """A path that names no system resource (a user type without ``custom/``, for one)."""
    text = (
        f"The resource {name} is not recognized as a Vantiq system resource.  "
        "Either correct resource name or adjust access URI/prefix."
    )
    return VantiqError(404, "io.vantiq.type.system.resource.unknown", text, name)


def no_topic_name(name: str) -> VantiqError:
    """A publish to a name without its slash: the vendor's JavaScript client expects 404; the code is a placeholder."""
    return VantiqError(404, PLACEHOLDER + "topic.name", f"The name of a topic begins with a slash: {name}.", name)


def unauthorized() -> VantiqError:
    """A missing, wrong or revoked token."""
    return VantiqError(401, AUTHENTICATION_FAILED, "Unauthorized")


def forbidden(namespace: str) -> VantiqError:
    """A namespace that exists and that the token does not open; the code is a placeholder."""
    return VantiqError(403, PLACEHOLDER + "forbidden", f"No access to namespace {namespace}.", namespace)


def not_allowed(method: str, path: str) -> VantiqError:
    """A method that the resource does not have; the code is a placeholder."""
    return VantiqError(405, PLACEHOLDER + "not.allowed", f"{method} is not allowed on {path}.", method, path)


def invalid(reason: str, *params: Any) -> VantiqError:
    """A request or record that is refused for what it contains; the code is a placeholder."""
    return VantiqError(400, PLACEHOLDER + "invalid", reason, *params)


def duplicate(table: str, *key: Any) -> VantiqError:
    """An insert whose natural key is in use; the code is in the VAIL reference, the status in the API reference."""
    return VantiqError(409, DUPLICATE_KEY, f"An instance of {table} with this natural key exists.", table, *key)


def of_status(status: int) -> VantiqError:
    """The error to answer with when only a status was asked for."""
    match status:
        case 401:
            return unauthorized()
        case 404:
            return not_found("topics", "?")
        case 429:
            return VantiqError(429, QUOTA_EXHAUSTED, "Credit for the resource quota is exhausted.")
        case _:
            return VantiqError(status, PLACEHOLDER + f"status.{status}", f"Played status {status}.")
