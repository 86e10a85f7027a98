"""A schema as a registry has it."""

from typing import Literal, NamedTuple

SchemaFormat = Literal["AVRO", "JSON", "PROTOBUF"]


class Reference(NamedTuple):
    """A schema that another one refers to: by ``name``, an Avro name, a ``$ref`` or the path of an import."""

    name: str
    text: str


class Schema(NamedTuple):
    """A schema with everything that it refers to.

    Args:
        text: Avro and JSON Schema: JSON. Protobuf: a ``FileDescriptorProto`` in base64.
        references: each after those that it refers to itself.
    """

    format: SchemaFormat
    text: str
    references: tuple[Reference, ...] = ()
