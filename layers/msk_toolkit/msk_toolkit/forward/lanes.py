"""Which records must keep their order, and how many travel together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple
from zlib import crc32

from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.envelope import Document
from msk_toolkit.settings.forwarder import Ordering


class Lane(NamedTuple):
    """Records of one partition that are delivered one after the other."""

    place: str
    records: list[SourceRecord]


def split(partitions: Mapping[str, Sequence[SourceRecord]], ordering: Ordering, width: int) -> list[Lane]:
    """Divide each partition into lanes, about ``width`` in all.

    By partition there is one for each. By key, a key's records share one. Without order they are dealt out.
    """
    places = [place for place, records in partitions.items() if records]
    share = max(1, width // max(1, len(places)))
    if ordering == "partition" or share == 1:
        return [Lane(place, list(partitions[place])) for place in places]
    lanes: list[Lane] = []
    for place in places:
        lanes += _lanes_of(place, partitions[place], ordering, share)
    return lanes


def _lanes_of(place: str, records: Sequence[SourceRecord], ordering: Ordering, share: int) -> list[Lane]:
    parts: list[list[SourceRecord]] = [[] for _ in range(share)]
    for number, record in enumerate(records):
        parts[_part(record, number, ordering) % share].append(record)
    return [Lane(place, part) for part in parts if part]


def _part(record: SourceRecord, number: int, ordering: Ordering) -> int:
    key = record.content.key if record.content else None
    if ordering == "key" and isinstance(key, bytes):
        return crc32(key)
    # Kafka itself keeps no order between records without a key.
    return number


def split_into_requests(
    records: Sequence[SourceRecord], make: Callable[[SourceRecord], Document], max_records: int, max_bytes: int
) -> Iterator[list[Document]]:
    """Documents that travel together, made as they are asked for; one that can't be posted is in a group of its own.

    Args:
        max_records: documents in a group.
        max_bytes: size of a group; a larger document still gets a group of its own.
    """
    group: list[Document] = []
    size = 0
    for record in records:
        document = make(record)
        length = len(document.body) + 1
        if document.fault or document.action:
            if group:
                yield group
                group, size = [], 0
            yield [document]
            continue
        if group and (size + length > max_bytes or len(group) >= max_records):
            yield group
            group, size = [], 0
        group.append(document)
        size += length
    if group:
        yield group
