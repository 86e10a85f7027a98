"""What the rotation function is asked: by Secrets Manager a step, by a person to renew Vantiq's sources."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.rotation.steps import StepName
from msk_toolkit.settings.loading import read_event

_STEP_EXAMPLE = '{"Step": "testSecret", "SecretId": "arn:...", "ClientRequestToken": "..."}'
_SOURCES_EXAMPLE = '{"action": "sources"}'


class StepRequest(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """A step of Secrets Manager's, which may send more than this."""

    step: Annotated[StepName, Meta(description="The step; Secrets Manager calls all four, in this order.")]
    secret_id: Annotated[str, Meta(description="ARN of the secret, that of ScramSecretArn.")]
    client_request_token: Annotated[str, Meta(description="Id of the new version.", min_length=1)]


class SourcesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person's request."""

    action: Annotated[
        Literal["sources"],
        Meta(description="Give Vantiq's registered sources the pair that the secret holds now, and restart them."),
    ]


class RotationResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What was done; never with a password.

    ``brokers`` accepted the login, the last of them after ``seconds``; both are empty where none was tried. ``sources``
    of Vantiq were renewed. ``problems`` keep a source from its new password, and undo nothing.
    """

    did: str
    brokers: list[str] = []
    seconds: float | None = None
    sources: list[str] = []
    problems: list[str] = []


def parse_rotation_request(event: Any) -> StepRequest | SourcesRequest:
    """An invocation's event as a request.

    Raises:
        ConfigurationError: with every mistake.
    """
    if isinstance(event, dict) and "action" in event:
        return read_event(event, SourcesRequest, _SOURCES_EXAMPLE)
    known = {field.encode_name for field in msgspec.structs.fields(StepRequest)}
    if isinstance(event, dict):
        event = {name: value for name, value in event.items() if name in known}
    return read_event(event, StepRequest, _STEP_EXAMPLE)
