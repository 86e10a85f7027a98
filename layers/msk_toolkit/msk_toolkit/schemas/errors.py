"""What keeps a record from being decoded: itself, or the registry."""

from typing import Literal

from msk_toolkit.errors import ToolkitError
from msk_toolkit.path_causes import PathCause

# unknown: the registry has no such schema. mismatch: the bytes are none of the schema's. unsupported: a schema that
# can't be used here. limit: decoding would take more memory, or more levels, than there are.
UnfitCode = Literal["schema-unknown", "schema-mismatch", "schema-unsupported", "schema-limit"]


class UnfitValueError(ToolkitError):
    """A key or value that can't become JSON, now or later; nothing of it is in the text.

    Args:
        code: why.
        detail: the same in a sentence's part.
        schema_id: as the registry has it; empty until it is known.
    """

    def __init__(self, code: UnfitCode, detail: str, schema_id: str = "") -> None:
        self.code: UnfitCode = code
        self.detail = detail
        self.schema_id = schema_id
        super().__init__(f"schema {schema_id or '?'}: {detail}")


class RegistryError(ToolkitError):
    """The registry gives no schema, for a reason that may pass and is about no record.

    Args:
        cause: with owner and remedy.
    """

    def __init__(self, text: str, cause: PathCause) -> None:
        self.cause = cause
        super().__init__(text)
