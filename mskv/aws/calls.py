"""One question to AWS: its answer, or why there is none."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from mskv.facts import Unavailable

DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedOperation",
}
# What an emulator says of a call that it does not have.
_UNKNOWN = {"InvalidAction", "NotImplemented", "UnknownOperation", "UnknownOperationException", "UnsupportedOperation"}


def ask[T](call: str, question: Callable[[], T]) -> T | Unavailable:
    """Ask it.

    Args:
        call: as IAM names it.
    """
    try:
        return question()
    except ClientError as error:
        return _refused(call, error)
    except BotoCoreError as error:
        return Unavailable(call, "failed", str(error))


def code_of(error: ClientError) -> str:
    """The service's own code, empty where it gave none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """The service's own sentence."""
    return str(error.response.get("Error", {}).get("Message", "")) or str(error)


def _refused(call: str, error: ClientError) -> Unavailable:
    code = code_of(error)
    if code in DENIED:
        return Unavailable(call, "denied", message_of(error))
    if code in _UNKNOWN:
        return Unavailable(call, "unknown", message_of(error))
    return Unavailable(call, "failed", f"{code}: {message_of(error)}")
