"""What ``mskv`` reads of the functions' answers is what the functions say that they return."""

from typing import Any

import msgspec
import pytest
from msgspec import inspect

from docs.generate import all_schemas
from mskv.answers import (
    ConnectAnswer,
    DiagnoseAnswer,
    ExportAnswer,
    Followed,
    LagAnswer,
    LetterAnswer,
    ProbeAnswer,
    RedriveAnswer,
    TargetsAnswer,
    TopicsAnswer,
    Written,
)
from mskv.path_answer import PathAnswer

type Json = dict[str, Any]

FORMS: list[tuple[type[msgspec.Struct], str]] = [
    (TopicsAnswer, "topics"),
    (ExportAnswer, "topics"),
    (ProbeAnswer, "producer_probe"),
    (ProbeAnswer, "consumer_probe"),
    (LagAnswer, "consumer_probe"),
    (DiagnoseAnswer, "diagnose"),
    (ConnectAnswer, "connect"),
    (RedriveAnswer, "redrive"),
    (LetterAnswer, "redrive"),
    (TargetsAnswer, "connect"),
    (Written, "producer_probe"),
    (Followed, "consumer_probe"),
    (PathAnswer, "status"),
]


def resolved(schema: Json, node: Json) -> list[Json]:
    """The objects that a node may stand for."""
    if "$ref" in node:
        return resolved(schema, schema["$defs"][node["$ref"].rpartition("/")[2]])
    if "anyOf" in node:
        return [option for alternative in node["anyOf"] for option in resolved(schema, alternative)]
    return [node]


def struct_of(kind: inspect.Type) -> tuple[inspect.StructType | None, bool]:
    """The structure that a field holds, and whether in a list."""
    if isinstance(kind, inspect.StructType):
        return kind, False
    if isinstance(kind, inspect.ListType) and isinstance(kind.item_type, inspect.StructType):
        return kind.item_type, True
    if isinstance(kind, inspect.UnionType):
        return next(((item, False) for item in kind.types if isinstance(item, inspect.StructType)), (None, False))
    return None, False


def missing(schema: Json, node: Json, form: inspect.StructType, path: str) -> list[str]:
    """The fields of a form that no object of the schema has."""
    objects = [option for option in resolved(schema, node) if "properties" in option]
    faults = []
    for field in form.fields:
        here = f"{path}.{field.encode_name}"
        values = [option["properties"].get(field.encode_name) for option in objects]
        if not any(values):
            faults.append(here)
        inner, in_list = struct_of(field.type)
        if inner is None:
            continue
        for value in filter(None, values):
            for alternative in resolved(schema, value):
                if in_list and "items" in alternative:
                    faults += missing(schema, alternative["items"], inner, f"{here}[]")
                elif "properties" in alternative:
                    faults += missing(schema, alternative, inner, here)
    return faults


@pytest.mark.parametrize(("form", "function"), FORMS)
def test_every_field_that_is_read_is_one_that_the_function_returns(form: type[msgspec.Struct], function: str) -> None:
    schema = all_schemas()[f"{function}.response"]
    kind = inspect.type_info(form)
    assert isinstance(kind, inspect.StructType)
    assert missing(schema, schema, kind, form.__name__) == []
