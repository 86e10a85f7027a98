"""What AWS says of a stack, as far as the commands need it; decisions use these facts and no client."""

from typing import Any, Literal

import msgspec


class Unavailable(msgspec.Struct, frozen=True):
    """A question that got no answer.

    Args:
        call: as IAM names it, such as ``lambda:ListEventSourceMappings``.
        reason: ``denied`` to this caller, ``unknown`` to the service (an emulator), or ``failed``.
    """

    call: str
    reason: Literal["denied", "unknown", "failed"]
    text: str


class Resource(msgspec.Struct, frozen=True):
    """A resource of the stack; ``physical_id`` is empty until it exists."""

    logical_id: str
    physical_id: str
    type: str


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """A deployed stack; parameters and outputs by name."""

    name: str
    region: str
    account: str
    status: str
    status_reason: str = ""
    parameters: dict[str, str] = {}
    outputs: dict[str, str] = {}
    resources: tuple[Resource, ...] = ()

    def physical_ids(self, *types: str) -> dict[str, str]:
        """Physical ids by logical ones, of the resources of these types that exist."""
        resources = [resource for resource in self.resources if resource.type in types and resource.physical_id]
        return {resource.logical_id: resource.physical_id for resource in resources}

    def group_of(self, topic: str) -> str:
        """The consumer group of a topic's mapping, as the template names it."""
        prefix = self.parameters.get("ConsumerGroupPrefix") or f"{self.name}-"
        return f"{prefix}{topic}"

    def listed(self, parameter: str) -> list[str]:
        """A parameter that is a list, separated by commas."""
        return [part.strip() for part in self.parameters.get(parameter, "").split(",") if part.strip()]


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A deployed function; ``timeout`` in seconds."""

    logical_id: str
    name: str
    timeout: float
    traced: bool
    log_group: str


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one invocation.

    Args:
        outcome: ``answered``; ``raised``: the function's own error or its timeout; ``busy``: throttled until the
            patience ended, so it never ran; ``denied`` to this caller; ``lost``: no answer came, and nobody knows
            whether it ran.
        answer: the decoded response of one that answered.
        text: why there is none.
        seconds: how long it took.
    """

    outcome: Literal["answered", "raised", "busy", "denied", "lost"]
    answer: Any = None
    text: str = ""
    seconds: float = 0.0


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """An event source mapping; ``minimum_pollers`` is None where it is on demand."""

    id: str
    topics: tuple[str, ...]
    state: str
    transition_reason: str = ""
    last_result: str = ""
    minimum_pollers: int | None = None
    response_types: tuple[str, ...] = ()
    has_destination: bool = False
    has_filters: bool = False

    @property
    def last_poll_failed(self) -> bool:
        """Whether the last result is a problem; a mapping that has not polled yet has none."""
        return self.last_result not in {"", "OK", "No records processed"}


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm; ``state`` is CloudWatch's: OK, ALARM or INSUFFICIENT_DATA."""

    name: str
    state: str
    description: str = ""
    reason: str = ""
    since: str = ""
    actions_enabled: bool = True


class Subscription(msgspec.Struct, frozen=True):
    """A subscription of an SNS topic."""

    protocol: str
    endpoint: str
    confirmed: bool


class LogGroup(msgspec.Struct, frozen=True):
    """A log group; ``retention_days`` is None where it keeps everything indefinitely."""

    name: str
    retention_days: int | None
