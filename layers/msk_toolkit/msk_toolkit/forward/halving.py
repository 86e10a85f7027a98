"""A request that fails for all of its records is divided until the record that causes it is alone."""

from collections.abc import Sequence

import msgspec

from msk_toolkit.forward.envelope import Document
from msk_toolkit.forward.exchange import Reply
from msk_toolkit.vantiq.responses import Disposition

# Certainly about a record, though the response does not say which.
_ABOUT_A_RECORD = frozenset({Disposition.REFUSED, Disposition.THERE_ALREADY})


class RecordGroup(msgspec.Struct, frozen=True):
    """Documents that travel in one request, never none.

    Args:
        bare: the single document is sent as it is, although requests to the target hold arrays.
        attempts: requests with these documents so far.
    """

    documents: list[Document]
    bare: bool = False
    attempts: int = 0


def divided(documents: list[Document], reply: Reply, attempts: int, max_attempts: int) -> list[RecordGroup]:
    """The groups to send instead of this one, in order; none where its own response decides.

    Args:
        attempts: requests with these documents, this one included.
    """
    if len(documents) < 2 or not reply.results.for_all:
        return []
    if reply.disposition in _ABOUT_A_RECORD:
        return halves(documents)
    is_last = reply.disposition is Disposition.OUTAGE or attempts >= max_attempts
    if is_last and reply.may_be_about_one_record:
        # An outage fails the first record as well; if that is accepted, a later one is what can't pass.
        return [RecordGroup(documents[:1]), *halves(documents[1:])]
    return []


def halves(documents: list[Document]) -> list[RecordGroup]:
    """Two groups; one where there is only one document."""
    middle = max(1, len(documents) // 2)
    parts = [documents[:middle], documents[middle:]]
    return [RecordGroup(part) for part in parts if part]


def set_aside_hint(documents: Sequence[Document], reply: Reply, *, is_accepting: bool) -> str:
    """How to get past the record, where it alone can't pass.

    Args:
        is_accepting: whether its target has accepted other records in this invocation.
    """
    content = documents[0].record.content
    if len(documents) > 1 or content is None or not is_accepting or not reply.may_be_about_one_record:
        return ""
    record = f"{content.topic}/{content.partition}/{content.offset}"
    return (
        f", while the target accepted other records; if only this record cannot pass, SET_ASIDE={record} sends it to "
        "the dead-letter bucket"
    )
