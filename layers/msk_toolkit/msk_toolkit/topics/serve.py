"""What the topics function is asked and what it answers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.topics.apply import run
from msk_toolkit.topics.declaration import DeclaredTopic, parse_declaration, read_declaration
from msk_toolkit.topics.plan import Plan
from msk_toolkit.topics.render import render


class TopicsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the function is to do; by default it only looks."""

    action: Annotated[
        Literal["plan", "apply"], Meta(description="plan reports, apply also creates what is missing.")
    ] = "plan"
    topics: Annotated[
        list[DeclaredTopic] | None, Meta(description="Topics declared in the request instead of in topics.yaml.")
    ] = None


class TopicsResponse(msgspec.Struct, frozen=True):
    """The plan, carried out if ``action`` is apply, and the same as a table for a person."""

    action: Literal["plan", "apply"]
    plan: Plan
    table: str


def parse_request(event: Any) -> TopicsRequest:
    """An invocation's event as a request.

    Raises:
        ConfigurationError: with every mistake.
    """
    if not isinstance(event, dict):
        raise ConfigurationError("event", ['must be an object such as {"action": "plan"}'])
    # The topics have their own parser, which reports all of their mistakes.
    inline = parse_declaration({"topics": event["topics"]}, "event") if event.get("topics") is not None else None
    try:
        request = msgspec.convert({key: event[key] for key in event if key != "topics"}, TopicsRequest)
    except msgspec.ValidationError as error:
        raise ConfigurationError("event", [str(error)]) from error
    return msgspec.structs.replace(request, topics=inline)


def serve(
    request: TopicsRequest, settings: TopicsSettings, client: Callable[[str], Any], deadline: Deadline
) -> TopicsResponse:
    """Carry out a request.

    Raises:
        ToolkitError: what was declared, the credentials, the way to the brokers, or the cluster's refusal.
    """
    declared = request.topics if request.topics is not None else read_declaration(_path(settings.topics_file))
    access = cluster_access(settings, client)
    write = request.action == "apply"
    plan = run(declared, access, write=write, deadline=deadline, stage_seconds=settings.stage_timeout_seconds)
    return TopicsResponse(request.action, plan, render(plan, applied=write))


def _path(topics_file: str) -> Path:
    # In Lambda the file lies beside the handler; the working directory is the same there, but nobody promises it.
    return Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / topics_file
