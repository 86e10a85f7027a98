"""What makes the documents of a batch's records, by target."""

import functools
from collections.abc import Callable

from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.envelope import BY_OPERATOR, Document, Documents
from msk_toolkit.forward.record_ids import RecordIds
from msk_toolkit.forward.rows import row_document
from msk_toolkit.settings.forwarder import ForwarderSettings

MakeDocument = Callable[[SourceRecord], Document]


class DocumentMakers:
    """Envelopes or bare values, and rows for a type with a property for values that are not JSON objects."""

    def __init__(self, settings: ForwarderSettings, ids: RecordIds) -> None:
        self._set_aside = settings.records_to_set_aside
        self._rows_possible = settings.payload == "envelope"
        self._documents = self._unless_set_aside(Documents(ids, settings.payload).make)
        self._rows = self._unless_set_aside(functools.partial(row_document, ids=ids))

    def maker(self, *, has_value_text: bool) -> MakeDocument:
        """What makes a record's document.

        Args:
            has_value_text: the target is a type with the property ``valueText``.
        """
        return self._rows if has_value_text and self._rows_possible else self._documents

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
