"""A record as a row of a Vantiq type with a property ``valueText``.

A property holds values of one type, and none that Vantiq stores accepts every JSON value: ``Object`` accepts name and
value pairs only (resource guide and VAIL reference, release 1.44). So a value that is not a JSON object goes into that
property as text: a JSON value as the producer wrote it, so that no number is rounded.
"""

import msgspec

from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.envelope import NOT_JSON, Document, document, envelope
from msk_toolkit.forward.event import Envelope
from msk_toolkit.forward.record_ids import RecordIds

_JSON = msgspec.json.Encoder()


def row_document(record: SourceRecord, ids: RecordIds) -> Document:
    """The envelope of a record for such a type; one that can't be made is marked, not raised."""
    if record.content is None:
        return document(record, ids, "envelope")
    try:
        return Document(record, _JSON.encode(_split(envelope(record, record.content, ids))))
    except NOT_JSON:
        return document(record, ids, "envelope")


def _split(made: Envelope) -> Envelope:
    value = made.value
    if value is None:
        return made
    text = bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)
    if made.value_encoding == "json" and text.lstrip().startswith("{"):
        return made
    return msgspec.structs.replace(made, value=None, value_text=text)
