"""Answers of brokers with something wrong in them: bytes of real ones that were changed, cut, repeated or mixed up."""

import json
import random
import struct
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from kafka.protocol.api_header import ResponseClassRegistry
from kafka.protocol.consumer import FetchResponse
from msk_toolkit.backoff import Backoff
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.batches import Fetched
from msk_toolkit.kafka.codecs import DamagedError, unpack
from msk_toolkit.kafka.metadata import ClusterMetadata
from msk_toolkit.kafka.response_shape import MalformedResponseError, check_response

from tests.fakes.kafka_batches import packed_with
from tests.fuzz.brokers_questions import QUESTIONS, Played, connection_over
from tests.fuzz.frame import BrokenPromiseError

DATA = Path(__file__).parents[1] / "data"
RESPONSES: Mapping[str, list[tuple[int, str]]] = json.loads(
    (DATA / "broker-responses.json").read_text(encoding="utf-8")
)
# Batches of every codec and message format as Kafka's Java library writes them.
BATCHES: Mapping[str, str] = json.loads((DATA / "record-batches.kafka-2.8.2.json").read_text(encoding="utf-8"))
SECONDS = 20
_HEAD = 8
_MOST_CHANGES = 3
_MOST_ATTEMPTS = 3
_NUMBERS = (0, 1, -1, -2, 127, 128, 255, 32767, -32768, 65535, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63))
_TOO_LARGE = 2**64
_FETCH, _FETCH_VERSION = 1, 11
_OTHER_RECORDS_OF_20 = 14
_SHARE_WITH_MORE = 0.3


class Answers(NamedTuple):
    """A question and the frames that answer it: the number of each one's API, and its bytes."""

    question: str
    frames: list[tuple[int, bytes]]


Change = Callable[[random.Random, bytes], bytes]


def _flipped(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _numbered(chance: random.Random, data: bytes) -> bytes:
    """A number of any width in the place of another: lengths, counts, error codes, offsets, times."""
    form = chance.choice([">b", ">h", ">i", ">q"])
    size = struct.calcsize(form)
    at = chance.randrange(len(data))
    number = chance.choice(_NUMBERS) + chance.choice((0, 0, 1, -1))
    return data[:at] + (number % _TOO_LARGE).to_bytes(8, "big")[-size:] + data[at + size :]


def _cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def _left_out(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.randint(1, 16) :]


def _repeated(chance: random.Random, data: bytes) -> bytes:
    at, size = chance.randrange(len(data)), chance.randint(1, 64)
    return data[:at] + data[at : at + size] * chance.choice((2, 3, 200)) + data[at + size :]


def _with_noise(chance: random.Random, data: bytes) -> bytes:
    at, size = chance.randrange(len(data)), chance.randint(1, 16)
    return data[:at] + chance.randbytes(size) + data[at + chance.choice((0, size)) :]


CHANGES: tuple[Change, ...] = (_flipped, _numbered, _numbered, _cut, _left_out, _repeated, _with_noise)


def changed(chance: random.Random, data: bytes) -> bytes:
    """The data with one to three changes; nothing remains nothing."""
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        if data:
            data = chance.choice(CHANGES)(chance, data)
    return data


class Form(NamedTuple):
    """What a recorded frame is: kafka-python's class of it, and its version."""

    response_class: Any
    version: int

    @classmethod
    def of(cls, api_key: int, frame: bytes) -> "Form":
        """The newest version whose form the frame has."""
        response_class = ResponseClassRegistry._response_class_registry[api_key]
        for version in range(response_class.max_version, -1, -1):
            try:
                check_response(frame[4:], response_class, version, len(frame) * 1000, Deadline(SECONDS))
                response_class.decode(frame[_HEAD + response_class.flexible_version_q(version) :], version=version)
            except (MalformedResponseError, NotImplementedError, ValueError):
                continue
            return cls(response_class, version)
        raise LookupError(f"no version of {response_class.name} has that form")

    def with_another_value(self, chance: random.Random, body: bytes) -> bytes:
        """The body with another value in one place: null, none, many, or a number that none of them is."""
        has_tags = self.response_class.flexible_version_q(self.version)
        response = self.response_class.decode(body[has_tags:], version=self.version)
        place, name = chance.choice(list(_places(response)))
        value = getattr(place, name)
        if isinstance(value, list):
            other: Any = chance.choice((None, [], value * 2, value[:1]))
        elif isinstance(value, bool):
            other = not value
        elif isinstance(value, int):
            other = chance.choice((-1, 0, 1, 100))
        else:
            other = None
        setattr(place, name, other)
        changed_body: bytes = b"\x00" * has_tags + bytes(response.encode())
        return changed_body


def _places(structure: Any) -> Iterator[tuple[Any, str]]:
    """Each value of a response that can be another one: what holds it, and its name there."""
    for name in structure.fields:
        value = getattr(structure, name)
        if value is None or isinstance(value, list | int | str | bytes):
            yield structure, name
        for element in value if isinstance(value, list) else ():
            if hasattr(element, "fields"):
                yield from _places(element)


def _framed(head: bytes, body: bytes) -> bytes:
    return struct.pack(">i", 4 + len(body)) + head[4:_HEAD] + body


class BrokerAnswers:
    """Every reader of brokers' answers."""

    def __init__(self) -> None:
        self.recorded = {
            name: [(api_key, b64decode(frame)) for api_key, frame in frames] for name, frames in RESPONSES.items()
        }
        self._names = sorted(QUESTIONS)
        self._forms: dict[bytes, Form] = {}
        self._batches = [b64decode(data) for data in BATCHES.values()]

    def make(self, chance: random.Random) -> Answers:
        """A conversation in which one frame is not what the broker sent."""
        name = chance.choice(self._names)
        frames = list(self.recorded[name])
        at = chance.randrange(len(frames))
        api_key, frame = frames[at]
        frames[at] = api_key, self._other_frame(chance, api_key, frame)
        return Answers(name, frames)

    def _other_frame(self, chance: random.Random, api_key: int, frame: bytes) -> bytes:
        body = frame[_HEAD:]
        match chance.randrange(20):
            case 0:
                return changed(chance, frame)
            case 1:
                _, other = chance.choice(self.recorded[chance.choice(self._names)])
                return _framed(frame, other[_HEAD:])
            case 2 | 3 | 4 | 5:
                return _framed(frame, self._form(api_key, frame).with_another_value(chance, body))
            case share if api_key == _FETCH and share < _OTHER_RECORDS_OF_20:
                return _framed(frame, self._other_records(chance, body))
        return _framed(frame, changed(chance, body))

    def _form(self, api_key: int, frame: bytes) -> Form:
        if frame not in self._forms:
            self._forms[frame] = Form.of(api_key, frame)
        return self._forms[frame]

    def _other_records(self, chance: random.Random, body: bytes) -> bytes:
        """A Fetch answer with another batch: one of an old format, or one whose content was changed."""
        response = FetchResponse[_FETCH_VERSION].decode(body)
        part = chance.choice(response.responses[0].partitions)
        part.records = self._other_batch(chance)
        if chance.random() < _SHARE_WITH_MORE:
            part.records += self._other_batch(chance)
        return bytes(response.encode())

    def _other_batch(self, chance: random.Random) -> bytes:
        whole = chance.choice(self._batches)
        codec = whole[22] & 0b111
        if whole[16] < 2 or not codec or chance.random() < 0.3:
            return changed(chance, whole)
        return packed_with(0, changed(chance, _content(codec, whole)), chance.choice((3, 3, 1, 0, -1, 2**31 - 1)))

    def play(self, given: Answers) -> str:
        """Ask, and look at what the product made of the answers."""
        attempts = iter(range(_MOST_ATTEMPTS))

        def pause(backoff: Backoff, at_least_seconds: float = 0.0) -> bool:
            return next(attempts, None) is not None

        with patch.object(Backoff, "pause", pause), connection_over(Played(given.frames)) as connection:
            result = QUESTIONS[given.question].ask(connection, Deadline(SECONDS))
        check(result)
        return "read"


def _content(codec: int, whole: bytes) -> bytes:
    try:
        return unpack(codec, whole[61:], 1 << 20)
    except DamagedError:
        return whole


def check(result: Any) -> None:
    """What the callers rely on, whatever a broker says.

    Raises:
        BrokenPromiseError: it does not hold.
    """
    if isinstance(result, ClusterMetadata):
        for address in result.brokers.values():
            check_address(address)
    if isinstance(result, BrokerAddress):
        check_address(result)
    if isinstance(result, dict):
        for fetched in result.values():
            if isinstance(fetched, Fetched):
                check_order(fetched)


def check_address(address: BrokerAddress) -> None:
    """A host that can be looked up, and a port."""
    if not (isinstance(address.host, str) and address.host.isascii() and 0 < len(address.host) < 256):
        raise BrokenPromiseError(f"no host: {address!r}")
    if not 0 < address.port < 65536:
        raise BrokenPromiseError(f"no port: {address!r}")


def check_order(fetched: Fetched) -> None:
    """Offsets grow, and nothing that was read is read again."""
    offsets = [record.offset for record in fetched.records]
    if offsets != sorted(set(offsets)) or any(offset >= fetched.next_offset for offset in offsets):
        raise BrokenPromiseError(f"offsets {offsets}, then {fetched.next_offset}")
