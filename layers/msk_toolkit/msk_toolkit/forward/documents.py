"""What makes the documents of a batch's records, by target."""

import functools
from typing import Protocol

from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.envelope import BY_OPERATOR, Document, Documents, MakeDocument
from msk_toolkit.forward.record_ids import RecordIds
from msk_toolkit.forward.rows import row_document
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.target_kinds import NaturalKey, TargetState


class Decoding(Protocol):
    """Decodes records by their schemas; see :class:`msk_toolkit.forward.decoding.RecordDecoding`."""

    def decoded(self, make: MakeDocument) -> MakeDocument:
        """Makes the documents of decoded records."""
        ...


class DocumentMakers:
    """Envelopes or bare values, and rows for a type with a property for values that are not JSON objects.

    Args:
        decoding: None where records are sent as they are.
    """

    def __init__(self, settings: ForwarderSettings, ids: RecordIds, decoding: Decoding | None = None) -> None:
        self._settings = settings
        self._ids = ids
        self._decoding = decoding
        self._set_aside = settings.records_to_set_aside
        self._rows_possible = settings.payload == "envelope"
        self._documents = Documents(ids, settings.payload).make
        self._rows: MakeDocument = functools.partial(row_document, ids=ids)

    def maker(self, state: TargetState) -> MakeDocument:
        """What makes a record's document.

        Args:
            state: of the target; a type may have the property ``valueText``, and a natural key.
        """
        make = self._rows if state.value_text and self._rows_possible else self._documents
        make = self._with_tombstones(make, state.natural_key)
        # A tombstone's key, too, is decoded before it names a row.
        return self._unless_set_aside(self._decoding.decoded(make) if self._decoding else make)

    def _with_tombstones(self, make: MakeDocument, key: NaturalKey) -> MakeDocument:
        mode = self._settings.tombstones
        if mode == "forward":
            return make
        from msk_toolkit.forward import tombstones

        if mode == "drop":
            return tombstones.dropping(make)
        return tombstones.deleting(make, self._ids, self._settings.payload, key)

    def _unless_set_aside(self, make: MakeDocument) -> MakeDocument:
        """Makes each record's document, except for those that the operator sets aside."""
        set_aside = self._set_aside
        if not set_aside:
            return make

        def make_unless_set_aside(record: SourceRecord) -> Document:
            content = record.content
            if content is not None and (content.topic, content.partition, content.offset) in set_aside:
                return Document(record, b"", BY_OPERATOR)
            return make(record)

        return make_unless_set_aside
