"""The kinds of target in Vantiq: one row each, which every package asks instead of knowing kinds by name.

To add a kind, add its name to ``TargetKind``, its row to ``KINDS`` and its name to the patterns and the description in
template.yaml, then run ``make docs``. tests/unit/test_target_kinds.py takes every row through every package that uses
one, and names the package that does not know it. Paths, resources and properties are those of Vantiq's API reference,
resource guide and reliability guide, release 1.44.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Literal, NamedTuple

TargetKind = Literal["topic", "service", "type", "upsert", "procedure", "source"]

# The property for the text of a value that is not a JSON object. None of the types that Vantiq stores accepts every
# JSON value: Object accepts name and value pairs, and Value "may not be persisted" (VAIL reference, release 1.44).
VALUE_TEXT = "valueText"
# Properties that the types of earlier versions lack.
ADDED_LATER = frozenset({VALUE_TEXT, "keySchemaMetadata", "valueSchemaMetadata"})


class Fitness(StrEnum):
    """Whether records may go to a target."""

    FIT = "fit"
    # What it is sent would be lost, or would arrive in another form than was asked for.
    UNFIT = "unfit"
    # The token may not look, or Vantiq does not say.
    UNKNOWN = "unknown"


# The properties of a type's natural key: name, and type in Vantiq, empty where it is not declared.
NaturalKey = tuple[tuple[str, str], ...]


class TargetState(NamedTuple):
    """The fitness of a target, and why; the reason is a sentence for a person, empty where it is fit.

    Args:
        value_text: a type that has a property for values that are not JSON objects.
        natural_key: that of a type; empty where it has none, or none is known.
    """

    fitness: Fitness
    reason: str = ""
    value_text: bool = False
    natural_key: NaturalKey = ()


class InspectedTarget(NamedTuple):
    """A target's name, the instance behind it as Vantiq returns it, and whether records go there in arrays."""

    name: str
    instance: Mapping[str, Any]
    arrays: bool


class KindRow(NamedTuple):
    """Everything in which the kinds of target differ.

    Args:
        syntax: matches the names that Vantiq accepts.
        example: a name; with ``note`` it is what a message shows instead of a malformed one.
        effect: what becomes of a record, for the documents.
        path: where records are posted, below ``/api/v1/resources/``.
        resource: the system resource whose instance has to exist.
        instance_name: the instance's name, from the target's.
        escapes_topic: ``{topic}`` is written in letters and digits.
        as_argument: the body is an array of arguments, and what is delivered is the first of them.
        default_batch: records per request unless ``MAX_BATCH_RECORDS`` says otherwise. Above 1 they always travel as an
            array, also one alone, so that a record whose value is itself an array is never taken for several.
        needs_unwind: a request with several records needs ``autoUnwind``.
        result_per_record: the response to an array holds what became of each record.
        stores_rows: what it is sent becomes rows, which can be deleted by their natural key.
        inserts: a duplicate key says that an earlier attempt stored the record.
        free_response: the response is the target's own, so that only the documented error document is an error.
        requirement: what must exist in Vantiq, for the documents.
        inspect: whether the instance stores what it is sent; the reason does not name the target.
        definition: an instance that is fit, from its name.
        created_as: what connect creates where there is none; empty where it cannot know what is to be created.
        switches: properties that connect sets to true.
    """

    syntax: re.Pattern[str]
    example: str
    effect: str
    path: str
    resource: str
    requirement: str
    inspect: Callable[[InspectedTarget], TargetState]
    definition: Callable[[str], dict[str, Any]]
    note: str = ""
    instance_name: Callable[[str], str] = str
    escapes_topic: bool = False
    as_argument: bool = False
    default_batch: int = 1
    needs_unwind: bool = False
    result_per_record: bool = False
    stores_rows: bool = False
    inserts: bool = False
    free_response: bool = False
    created_as: str = ""
    switches: tuple[str, ...] = ()


_FIT = TargetState(Fitness.FIT)
_NAME = r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*"


def _unfit(reason: str) -> TargetState:
    return TargetState(Fitness.UNFIT, reason)


def _inspect_topic(target: InspectedTarget) -> TargetState:
    if target.instance.get("isReliable") is not True:
        return _unfit("the topic is not reliable (isReliable), so Vantiq answers before anything is stored")
    if target.arrays and target.instance.get("autoUnwind") is not True:
        return _unfit("records are sent there in arrays, and without autoUnwind an array is one event")
    return _FIT


def _define_topic(name: str) -> dict[str, Any]:
    return {"name": name, "isReliable": True, "autoUnwind": True}


def _inspect_type(target: InspectedTarget) -> TargetState:
    if target.instance.get("role") == "schema":
        return _unfit("the type is a schema, which stores nothing")
    properties = target.instance.get("properties")
    if not isinstance(properties, Mapping):
        properties = {}
    key = _natural_key(target.instance.get("naturalKey"), properties)
    return TargetState(Fitness.FIT, value_text=VALUE_TEXT in properties, natural_key=key)


def _natural_key(names: Any, properties: Mapping[str, Any]) -> NaturalKey:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return ()
    specs = {name: properties.get(name) for name in names}
    return tuple((name, str(spec.get("type", "")) if isinstance(spec, Mapping) else "") for name, spec in specs.items())


def _inspect_upserted_type(target: InspectedTarget) -> TargetState:
    state = _inspect_type(target)
    if state.fitness is Fitness.FIT and not target.instance.get("naturalKey"):
        return _unfit("the type has no natural key, which an upsert needs (in the envelope it is id)")
    return state


def _define_type(name: str) -> dict[str, Any]:
    """The properties of the forwarder's envelope, each of a type that Vantiq stores."""
    numbers = {key: {"type": "Integer"} for key in ("partition", "offset", "timestamp")}
    texts = ("id", "cluster", "topic", "timestampType", "keyEncoding", "key", "valueEncoding", VALUE_TEXT)
    objects = {key: {"type": "Object"} for key in ("value", "keySchemaMetadata", "valueSchemaMetadata")}
    headers = {"headers": {"type": "Object", "multi": True}}
    properties: dict[str, Any] = {key: {"type": "String"} for key in texts} | numbers | objects | headers
    return {"name": name, "properties": properties, "naturalKey": ["id"]}


def _service_of(name: str) -> str:
    return name.partition("/")[0]


def _inspect_service(target: InspectedTarget) -> TargetState:
    event_name = target.name.partition("/")[2]
    events = target.instance.get("eventTypes")
    event = events.get(event_name) if isinstance(events, Mapping) else None
    if not isinstance(event, Mapping):
        return _unfit(f"the service declares no event type {event_name}")
    if event.get("direction") == "OUTBOUND":
        return _unfit(f"the event type {event_name} is OUTBOUND; records can only be sent to an INBOUND one")
    if event.get("isReliable") is not True and not event.get("implementingResource"):
        reason = "the event type is not reliable, and Vantiq names nothing that handles it"
        return TargetState(Fitness.UNKNOWN, reason)
    return _FIT


def _define_service(name: str) -> dict[str, Any]:
    service, _, event = name.partition("/")
    return {"name": service, "eventTypes": {event: {"direction": "INBOUND", "isReliable": True}}}


def _inspect_source(target: InspectedTarget) -> TargetState:
    if target.instance.get("mockMode") is True:
        return _unfit("the source is in mock mode, in which what is published is discarded")
    return _FIT


def _inspect_procedure(_: InspectedTarget) -> TargetState:
    return _FIT


def _define_by_name(name: str) -> dict[str, Any]:
    return {"name": name}


KINDS: Mapping[TargetKind, KindRow] = {
    "topic": KindRow(
        # Letters, digits and slashes; these three first parts are Vantiq's own.
        syntax=re.compile(r"(?!/(?:type|property|system)(?:/|$))(/[A-Za-z0-9]+)+"),
        example="/my/topic",
        note=", of letters, digits and slashes",
        effect="an event",
        path="topics/{name}",
        resource="topics",
        escapes_topic=True,
        needs_unwind=True,
        requirement="the topic is registered and `isReliable`; with arrays also `autoUnwind`",
        inspect=_inspect_topic,
        definition=_define_topic,
        created_as="reliable, with autoUnwind",
        switches=("isReliable", "autoUnwind"),
    ),
    "service": KindRow(
        syntax=re.compile(_NAME + r"/[A-Za-z_][A-Za-z0-9_]*"),
        example="my.pkg.Service/InboundEvent",
        effect="an inbound event of the service",
        path="services/{name}",
        resource="services",
        instance_name=_service_of,
        needs_unwind=True,
        requirement="the service declares the event type, and not as OUTBOUND; one that is neither reliable nor "
        "handled by anything is a warning",
        inspect=_inspect_service,
        definition=_define_service,
    ),
    "type": KindRow(
        syntax=re.compile(_NAME),
        example="my.pkg.Type",
        effect="a row, inserted",
        path="custom/{name}",
        resource="types",
        default_batch=500,
        result_per_record=True,
        stores_rows=True,
        inserts=True,
        requirement="the type exists and is not a schema",
        inspect=_inspect_type,
        definition=_define_type,
        created_as="a type with the records' properties",
    ),
    "upsert": KindRow(
        syntax=re.compile(_NAME),
        example="my.pkg.Type",
        effect="a row, inserted or updated by the type's natural key",
        path="custom/{name}?upsert=true",
        resource="types",
        default_batch=500,
        result_per_record=True,
        stores_rows=True,
        requirement="the type exists, is not a schema and has a natural key",
        inspect=_inspect_upserted_type,
        definition=_define_type,
        created_as="a type with the records' properties",
    ),
    "procedure": KindRow(
        syntax=re.compile(_NAME),
        example="my.pkg.Service.procedure",
        effect="the procedure's argument; in arrays all records of a request are that one argument",
        path="procedures/{name}",
        resource="procedures",
        as_argument=True,
        free_response=True,
        requirement="the procedure exists",
        inspect=_inspect_procedure,
        definition=_define_by_name,
    ),
    "source": KindRow(
        syntax=re.compile(_NAME),
        example="my.pkg.Source",
        effect="a message published to the source",
        path="sources/{name}",
        resource="sources",
        needs_unwind=True,
        requirement="the source exists and is not in mock mode",
        inspect=_inspect_source,
        definition=_define_by_name,
    ),
}
