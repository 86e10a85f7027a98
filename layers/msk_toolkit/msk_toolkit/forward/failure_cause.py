"""The cause, with owner and remedy, of a request that did not deliver its records."""

from collections.abc import Mapping

from msk_toolkit.errors import AwsError, CredentialsError, ToolkitError
from msk_toolkit.path_causes import PathCause
from msk_toolkit.vantiq.errors import ProxyError, RequestStage, VantiqUnansweredError
from msk_toolkit.vantiq.resources import VantiqRefusedError
from msk_toolkit.vantiq.responses import QUOTA, Disposition, RecordResult, is_about_target

_STAGES: Mapping[RequestStage, PathCause] = {
    "dns": PathCause.VANTIQ_NAME_NOT_RESOLVED,
    "tcp": PathCause.VANTIQ_UNREACHABLE,
    "proxy": PathCause.PROXY_NO_ANSWER,
    "tls": PathCause.VANTIQ_TLS_FAILED,
    "send": PathCause.VANTIQ_NO_ANSWER,
    "answer": PathCause.VANTIQ_NO_ANSWER,
}
# At dns and tcp the proxy can't be reached, whatever the cause.
_OF_THE_PROXY: Mapping[str, PathCause] = {
    "proxy-login-refused": PathCause.PROXY_LOGIN_REFUSED,
    "proxy-secret-unreadable": PathCause.PROXY_SECRET_UNREADABLE,
    "proxy-refused": PathCause.PROXY_REFUSES_VANTIQ,
    "proxy-cannot-connect": PathCause.PROXY_CANNOT_REACH_VANTIQ,
    "proxy-timeout": PathCause.PROXY_NO_ANSWER,
    "proxy-closed": PathCause.PROXY_NO_ANSWER,
    "proxy-malformed": PathCause.PROXY_NO_ANSWER,
}
_STATUSES: Mapping[int, PathCause] = {
    401: PathCause.VANTIQ_TOKEN_REFUSED,
    403: PathCause.VANTIQ_FORBIDDEN,
    404: PathCause.VANTIQ_TARGET_MISSING,
    408: PathCause.VANTIQ_NO_ANSWER,
    425: PathCause.VANTIQ_UNAVAILABLE,
    429: PathCause.VANTIQ_THROTTLED,
}
_FIRST_FAULT = 500
# While these last, no record is delivered, whatever it holds.
OUTAGES = frozenset(
    {
        *_STAGES.values(),
        *_STATUSES.values(),
        *_OF_THE_PROXY.values(),
        PathCause.PROXY_UNREACHABLE,
        PathCause.VANTIQ_UNAVAILABLE,
        PathCause.VANTIQ_TOKEN_UNREADABLE,
        PathCause.VANTIQ_ANSWER_INVALID,
        PathCause.TARGET_UNFIT,
    }
)


def cause_of_result(result: RecordResult) -> PathCause:
    """What a record's result means that is neither delivered nor there already."""
    if result.disposition is Disposition.REFUSED:
        return PathCause.VANTIQ_REFUSES_RECORDS
    return _cause_of_status(result.status, result.code)


def cause_of_error(error: ToolkitError) -> PathCause:
    """Why a request could not be sent, or brought no answer that can be used."""
    if isinstance(error, ProxyError):
        return _OF_THE_PROXY.get(error.cause, PathCause.PROXY_UNREACHABLE)
    if isinstance(error, VantiqUnansweredError):
        return _STAGES[error.stage]
    if isinstance(error, VantiqRefusedError):
        return _cause_of_status(error.status, error.code)
    if isinstance(error, (CredentialsError, AwsError)):
        return PathCause.VANTIQ_TOKEN_UNREADABLE
    return PathCause.VANTIQ_ANSWER_INVALID


def _cause_of_status(status: int, code: str) -> PathCause:
    if is_about_target(code):
        return PathCause.VANTIQ_TARGET_MISSING
    if code.startswith(QUOTA):
        return PathCause.VANTIQ_THROTTLED
    if status >= _FIRST_FAULT:
        return PathCause.VANTIQ_UNAVAILABLE
    return _STATUSES.get(status, PathCause.VANTIQ_ANSWER_INVALID)
