"""Keys and values -> JSON, with the schemas that a warm environment keeps."""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from msk_toolkit.backoff import Sleep
from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.schemas.errors import RegistryError, UnfitValueError
from msk_toolkit.schemas.formats import ValueReader, reader_of
from msk_toolkit.schemas.schema import Schema, SchemaFormat
from msk_toolkit.schemas.wire import Framed, RecordPart, SchemaId

Frame = Callable[[bytes, RecordPart, Iterable[tuple[str, bytes | None]]], Framed | None]

_MOST_SCHEMAS = 1_000
# So many new ones are asked for in a round of an invocation: a batch could name ten thousand that are none.
_MOST_NEW = 50
# A schema may be registered with one node of a registry, and asked for from another, which has it a moment later.
_SECOND_LOOK_SECONDS = 1.0
# So long it holds that the registry has no such schema.
_UNKNOWN_SECONDS = 60.0


class Registry(Protocol):
    """Brings schemas."""

    def schema(self, schema: SchemaId, deadline: Deadline) -> Schema:
        """A schema.

        Raises:
            UnfitValueError: there is no such schema, or none that can be used.
            RegistryError: the registry does not say.
        """
        ...


class Decoded(NamedTuple):
    """A key or value as JSON, with the format and id of its schema."""

    json: bytes
    format: SchemaFormat
    schema_id: str


class _Usable(NamedTuple):
    format: SchemaFormat
    reader: ValueReader


class _Unusable(NamedTuple):
    error: UnfitValueError
    until: float


class SchemaDecoder:
    """Decodes what is framed; what a registry answers is kept, since an id's schema never changes."""

    def __init__(
        self, registry: Registry, frame: Frame, clock: Clock = time.monotonic, sleep: Sleep = time.sleep
    ) -> None:
        self._registry = registry
        self._frame = frame
        self._clock = clock
        self._sleep = sleep
        self._known: dict[SchemaId, _Usable | _Unusable] = {}

    def framed(self, data: bytes, part: RecordPart, headers: Iterable[tuple[str, bytes | None]]) -> Framed | None:
        """A key or value taken apart; None where it names no schema."""
        return self._frame(data, part, headers)

    def prepare(self, schemas: Iterable[SchemaId], deadline: Deadline) -> dict[SchemaId, RegistryError | None]:
        """Ask for schemas that are not known; returns the missing ones with the reason, None where there was no time.

        Raises:
            ConfigurationError: the layer with the libraries is missing.
        """
        new = [schema for schema in dict.fromkeys(schemas) if not self._holds(schema)]
        asked, missing = new[:_MOST_NEW], dict[SchemaId, RegistryError | None].fromkeys(new[_MOST_NEW:])
        missing |= self._ask(asked, deadline)
        unknown = [schema for schema in asked if self._is_unknown(schema)]
        if unknown and deadline.remaining() > _SECOND_LOOK_SECONDS:
            self._sleep(_SECOND_LOOK_SECONDS)
            missing |= self._ask(unknown, deadline)
        # More than are kept, of a batch that names more.
        return missing | {schema: None for schema in new if schema not in self._known and schema not in missing}

    def decode(self, framed: Framed) -> Decoded:
        """A key or value as JSON; its schema must have been prepared.

        Raises:
            UnfitValueError: it can't be decoded, now or later; with the schema's id.
        """
        known = self._known[framed.schema]
        try:
            if isinstance(known, _Unusable):
                raise known.error
            return Decoded(known.reader.decode(framed.unpacked(), framed.indexes), known.format, framed.schema.text)
        except UnfitValueError as error:
            raise UnfitValueError(error.code, error.detail, framed.schema.text) from None

    def _ask(self, schemas: list[SchemaId], deadline: Deadline) -> dict[SchemaId, RegistryError | None]:
        missing: dict[SchemaId, RegistryError | None] = {}
        failure: RegistryError | None = None
        for schema in schemas:
            if failure is not None or deadline.expired:
                # It would only take as long to fail again.
                missing[schema] = failure
                continue
            try:
                self._keep(schema, self._looked_up(schema, deadline))
            except RegistryError as error:
                missing[schema] = failure = error
        for schema in missing:
            self._known.pop(schema, None)
        return missing

    def _looked_up(self, schema: SchemaId, deadline: Deadline) -> _Usable | _Unusable:
        try:
            described = self._registry.schema(schema, deadline)
            return _Usable(described.format, reader_of(described))
        except UnfitValueError as error:
            return _Unusable(error, self._clock() + _UNKNOWN_SECONDS)

    def _keep(self, schema: SchemaId, state: _Usable | _Unusable) -> None:
        self._known.pop(schema, None)
        while len(self._known) >= _MOST_SCHEMAS:
            del self._known[next(iter(self._known))]
        self._known[schema] = state

    def _holds(self, schema: SchemaId) -> bool:
        known = self._known.get(schema)
        return isinstance(known, _Usable) or (known is not None and self._clock() < known.until)

    def _is_unknown(self, schema: SchemaId) -> bool:
        known = self._known.get(schema)
        return isinstance(known, _Unusable) and known.error.code == "schema-unknown"
