"""CloudFormation's custom resources: one answer to each request, whatever happens.

A request without an answer blocks its stack for an hour.
"""

import itertools
import time
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import msgspec

from msk_toolkit.aws.call import call_within
from msk_toolkit.aws.response_url import is_cloudformations
from msk_toolkit.backoff import Backoff, Sleep
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ConfigurationError
from msk_toolkit.settings.plain import is_text, with_valid_text

CustomResourceStatus = Literal["SUCCESS", "FAILED"]

# The longest that an answer takes, with all its attempts; whoever owes an answer keeps this time for it.
ANSWER_SECONDS = 9.0
# CloudFormation refuses answers of more than 4096 bytes; the reason is all that can grow.
_LONGEST_ANSWER = 4000
# An address that hangs leaves time for another attempt.
_SHARE_OF_AN_ATTEMPT = 0.5
_SHORTEST_ATTEMPT_SECONDS = 0.2
_FIRST_PAUSE_SECONDS = 0.1
# After an attempt that took half of the time, a longer pause would cost another attempt.
_LONGEST_PAUSE_SECONDS = 0.4
_REGION_OF_AN_ARN = 3
# What an answer repeats of its request.
_REPEATED = ("StackId", "RequestId", "LogicalResourceId")


class CustomResourceAnswer(NamedTuple):
    """What CloudFormation is answered.

    Args:
        data: the resource's attributes.
    """

    status: CustomResourceStatus
    reason: str
    data: dict[str, str]


def is_custom_resource(event: object) -> bool:
    """Whether CloudFormation sent the event."""
    return isinstance(event, dict) and "ResponseURL" in event and "RequestType" in event


def check_answerable(event: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Whether CloudFormation itself can be answered, before anything is done for the request.

    Raises:
        ConfigurationError: a field is missing, or the answer would go to another address than CloudFormation's.
    """
    problems = [f"{name} is missing" for name in _REPEATED if not isinstance(event.get(name), str)]
    texts = (*_REPEATED, "PhysicalResourceId")
    problems += [f"{name} holds half of a surrogate pair" for name in texts if not is_text(event.get(name))]
    if not is_cloudformations(event.get("ResponseURL"), environ):
        # It is a credential, so it is not shown.
        problems.append(
            "ResponseURL is not an https address of CloudFormation's bucket "
            "(cloudformation-custom-resource-response-REGION) in this function's Region, so nothing is sent there"
        )
    if problems:
        raise ConfigurationError("CloudFormation's request", problems)


def physical_id(event: dict[str, Any]) -> str:
    """The resource's id, the same in every answer: a changed one would make CloudFormation delete the old."""
    stack = str(event["StackId"]).rpartition(":stack/")[2].partition("/")[0]
    return str(event.get("PhysicalResourceId") or f"{stack}-{event['LogicalResourceId']}")


def region_of(event: dict[str, Any]) -> str:
    """The stack's Region, out of its ARN; empty where that is not an ARN."""
    parts = str(event.get("StackId", "")).split(":")
    return parts[_REGION_OF_AN_ARN] if len(parts) > _REGION_OF_AN_ARN else ""


def send_answer(
    event: dict[str, Any],
    answer: CustomResourceAnswer,
    environ: Mapping[str, str],
    deadline: Deadline,
    sleep: Sleep = time.sleep,
) -> None:
    """Put the answer where CloudFormation waits for it, by the deadline and within ``ANSWER_SECONDS``.

    Raises:
        ConfigurationError: see ``check_answerable``; nothing was sent.
        AwsError: it could not be delivered.
    """
    check_answerable(event, environ)
    body = _encoded(event, answer)
    until = deadline.at_most(ANSWER_SECONDS)
    backoff = Backoff(
        until,
        sleep,
        shortest_seconds=_FIRST_PAUSE_SECONDS,
        longest_seconds=_LONGEST_PAUSE_SECONDS,
        attempt_seconds=_SHORTEST_ATTEMPT_SECONDS,
    )
    while True:
        failure = _attempt(event["ResponseURL"], body, until)
        if not failure:
            return
        if not failure.retriable or not backoff.pause():
            raise AwsError(f"CloudFormation could not be answered: {failure.reason}")


def _encoded(event: dict[str, Any], answer: CustomResourceAnswer) -> bytes:
    fields = {
        "Status": answer.status,
        "Reason": "",
        "PhysicalResourceId": physical_id(event),
        **{name: event[name] for name in _REPEATED},
        "Data": with_valid_text(answer.data),
    }
    room = _LONGEST_ANSWER - len(msgspec.json.encode(fields))
    # Half a surrogate pair has no bytes.
    text = answer.reason.encode(errors="replace").decode()
    lengths = itertools.accumulate(len(msgspec.json.encode(letter)) - len('""') for letter in text)
    fitting = sum(1 for _ in itertools.takewhile(lambda length: length <= room, lengths))
    return msgspec.json.encode(fields | {"Reason": text[:fitting]})


class _Failure(msgspec.Struct, frozen=True):
    reason: str
    retriable: bool = True


def _attempt(url: str, body: bytes, until: Deadline) -> _Failure | None:
    seconds = max(until.remaining() * _SHARE_OF_AN_ATTEMPT, _SHORTEST_ATTEMPT_SECONDS)
    try:
        # Time-outs are for each operation on the socket, and there is none for the look-up of the name.
        code = call_within(until.at_most(seconds), "answering CloudFormation", lambda: _put(url, body, seconds))
    except (AwsError, TimeoutError):
        return _Failure("no answer in time")
    except (OSError, HTTPException, ValueError):
        # The URL is a credential: neither it nor an error that quotes it may be shown.
        return _Failure("no response from its bucket")
    if code >= 300:
        return _Failure(f"its address refused the answer with status {code}", retriable=code >= 500)
    return None


def _put(url: str, body: bytes, seconds: float) -> int:
    # By the standard library, which logs nothing; urllib3 logs URLs, as a warning where an answer is not quite HTTP.
    parts = urlsplit(url)
    scheme = HTTPConnection if parts.scheme == "http" else HTTPSConnection
    with closing(scheme(parts.hostname or "", parts.port, timeout=seconds)) as connection:
        # The URL is signed for an empty content type.
        connection.request("PUT", urlunsplit(("", "", parts.path, parts.query, "")), body, {"Content-Type": ""})
        return connection.getresponse().status
