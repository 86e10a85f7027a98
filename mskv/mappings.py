"""The event source mappings: their states, and turning one on or off."""

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from mskv import exits
from mskv.access import POLICY, Access, FunctionFailedError, open_access
from mskv.aws.calls import ask
from mskv.aws.observe import read_mappings
from mskv.errors import NotReachedError
from mskv.facts import Mapping, Stack, Unavailable
from mskv.output import Result, aligned
from mskv.place import Place
from mskv.progress import Progress

# How the stack's output begins where a group did not start at the stack's StartingPosition.
_OFFSETS_WON = "committed offsets win"


def listed(place: Place, progress: Progress, topic: str) -> Result:
    """Every mapping, or that of a topic; a problem if one is not enabled, or its last run failed.

    Raises:
        UsageError: there is no such mapping.
    """
    access = open_access(place, progress)
    mappings = _read(access)
    if topic:
        mappings = _of(topic, mappings)
    rows = [["TOPIC", "STATE", "MODE", "LAST RESULT"]]
    rows += [[_topics(mapping), mapping.state, _mode(mapping), mapping.last_result or "-"] for mapping in mappings]
    good = bool(mappings) and all(map(works, mappings))
    text = aligned(rows) if mappings else "the stack has no event source mapping, so no record is forwarded"
    starts = access.stack.outputs.get("StartingPositions", "")
    if starts.startswith(_OFFSETS_WON):
        text = f"{text}\nwhen mappings were last created: {starts}"
    return Result([_data(mapping) for mapping in mappings], text, exits.OK if good else exits.PROBLEM)


def switched(place: Place, progress: Progress, topic: str, *, enabled: bool) -> Result:
    """Enable or disable the mapping of a topic.

    Raises:
        UsageError: there is no such mapping.
    """
    access = open_access(place, progress)
    changed = [switch(access, mapping, enabled=enabled) for mapping in _of(topic, _read(access))]
    text = "\n".join(f"{_topics(mapping)}: {mapping.state}" for mapping in changed)
    return Result([_data(mapping) for mapping in changed], text, exits.OK)


def mapping_of(access: Access, topic: str) -> Mapping:
    """The mapping that reads a topic, as it is now.

    Raises:
        UsageError: there is none.
        NotReachedError: Lambda did not answer.
    """
    return _of(topic, _read(access))[0]


def _of(topic: str, mappings: Sequence[Mapping]) -> list[Mapping]:
    chosen = [mapping for mapping in mappings if topic in mapping.topics]
    if not chosen:
        known = ", ".join(map(_topics, mappings)) or "none"
        raise click.UsageError(f"no mapping reads {topic}; the stack's mappings read: {known}")
    return chosen


def works(mapping: Mapping) -> bool:
    """Whether a mapping is enabled and its last run did not fail."""
    return mapping.state == "Enabled" and not mapping.last_poll_failed


def named(stack: Stack, mappings: Sequence[Mapping]) -> list[Mapping]:
    """The mappings with their topics, also where the service leaves these out, as the local system's emulator does.

    The template's logical ids are the topics' names without the characters that an id can't have; the probes'
    heartbeats have a mapping of their own.
    """
    topics = {f"Forward{''.join(filter(str.isalnum, topic))}": topic for topic in stack.listed("ForwardTopics")}
    if probe_topic := stack.parameters.get("ProbeTopic"):
        topics["HeartbeatMapping"] = probe_topic
    by_id = {
        mapping_id: topics[logical_id]
        for logical_id, mapping_id in stack.physical_ids("AWS::Lambda::EventSourceMapping").items()
        if logical_id in topics
    }
    complete: list[Mapping] = []
    for mapping in mappings:
        if not mapping.topics and mapping.id in by_id:
            complete.append(msgspec.structs.replace(mapping, topics=(by_id[mapping.id],)))
        else:
            complete.append(mapping)
    return complete


def _read(access: Access) -> list[Mapping]:
    access.progress.say("reading the event source mappings")
    function = access.stack.physical_ids("AWS::Lambda::Function").get("ForwarderFunction")
    if function is None:
        raise NotReachedError(f"{access.stack.name} has no ForwarderFunction", "deploy this version of the template")
    mappings = read_mappings(access.client, function)
    if isinstance(mappings, Unavailable):
        raise NotReachedError(f"{mappings.call}: {mappings.text}", POLICY)
    return named(access.stack, mappings)


def switch(access: Access, mapping: Mapping, *, enabled: bool) -> Mapping:
    """Have Lambda turn a mapping on or off, which takes it a while; the mapping with its new state.

    Raises:
        FunctionFailedError: Lambda refused.
    """
    verb = {True: "enabling", False: "disabling"}[enabled]
    access.progress.say(f"{verb} the mapping of {_topics(mapping)}")
    response = ask(
        "lambda:UpdateEventSourceMapping",
        lambda: access.writer("lambda").update_event_source_mapping(UUID=mapping.id, Enabled=enabled),
    )
    if isinstance(response, Unavailable):
        raise FunctionFailedError(f"{response.call}: {response.text}")
    return Mapping(id=mapping.id, topics=mapping.topics, state=response.get("State", ""))


def _topics(mapping: Mapping) -> str:
    return ", ".join(mapping.topics) or mapping.id


def _mode(mapping: Mapping) -> str:
    if mapping.minimum_pollers is None:
        return "on-demand"
    return f"provisioned, from {mapping.minimum_pollers}"


def _data(mapping: Mapping) -> dict[str, Any]:
    return {
        "id": mapping.id,
        "topics": list(mapping.topics),
        "state": mapping.state,
        "transitionReason": mapping.transition_reason,
        "lastResult": mapping.last_result,
        "minimumPollers": mapping.minimum_pollers,
    }
