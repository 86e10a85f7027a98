"""AWS Glue's schema registry: GetSchemaVersion by the id in a value."""

from typing import Any

from msk_toolkit.aws.call import NotFoundAtAwsError, call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.path_causes import PathCause
from msk_toolkit.schemas.errors import RegistryError, UnfitValueError
from msk_toolkit.schemas.schema import Schema
from msk_toolkit.schemas.wire import SchemaId

_REQUEST_SECONDS = 8.0
# Glue's names: no such version, or an id that can't be one.
_NOT_THERE = frozenset({"EntityNotFoundException", "InvalidInputException"})
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnrecognizedClientException"})


class GlueRegistry:
    """Brings schemas.

    Args:
        glue: boto3's client.
    """

    def __init__(self, glue: Any) -> None:
        self._glue = glue

    def schema(self, schema: SchemaId, deadline: Deadline) -> Schema:
        """A schema; Glue has no references.

        Raises:
            UnfitValueError: there is no such version, or none that can be decoded here.
            RegistryError: Glue does not say.
        """
        try:
            version = call_within(
                deadline.at_most(_REQUEST_SECONDS),
                "glue:GetSchemaVersion",
                lambda: self._glue.get_schema_version(SchemaVersionId=schema.text),
            )
        except AwsError as error:
            raise _failure(error) from error
        if version.get("Status") not in {None, "AVAILABLE"}:
            raise UnfitValueError("schema-unknown", "the schema version is not available")
        match version["DataFormat"]:
            case "AVRO":
                return Schema("AVRO", version["SchemaDefinition"])
            case "JSON":
                return Schema("JSON", version["SchemaDefinition"])
        detail = "Glue serves no compiled Protobuf: let the mapping decode it (SchemaDecoding=mapping)"
        raise UnfitValueError("schema-unsupported", detail)


def _failure(error: AwsError) -> UnfitValueError | RegistryError:
    if isinstance(error, NotFoundAtAwsError) or error.code in _NOT_THERE:
        return UnfitValueError("schema-unknown", "the registry has no such schema")
    cause = PathCause.SCHEMA_REGISTRY_DENIED if error.code in _DENIED else PathCause.SCHEMA_REGISTRY_UNAVAILABLE
    return RegistryError(f"the schema registry gives no schema: {error}", cause)
