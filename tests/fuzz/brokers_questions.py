"""What the toolkit asks of brokers, each in a conversation that can be recorded and played again."""

import struct
import uuid
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from unittest.mock import patch

from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka import group as groups
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.group_listing import listed_group
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.reassignments import leaving_replicas
from msk_toolkit.kafka.records import first_records, offset_at, offset_range, produce, read_from
from msk_toolkit.kafka.sasl import log_in
from msk_toolkit.kafka.topic_configs import alter_topic_configs, broker_config, topic_configs
from msk_toolkit.kafka.topics import NewTopic, add_partitions, create_topics, delete_topics
from msk_toolkit.stage import Stage

ADDRESS = BrokerAddress("b-1.recorded.example", 9096)
# Of the topic there is a partition for each codec, and one without records.
TOPIC, PARTITIONS = "recorded", 6
GROUP = "recorded-group"
USERNAME, PASSWORD = "recorded", "not-a-secret"
_NONCE = uuid.UUID(int=16)
_HEADER = struct.Struct(">ihhi")


class Conversation(NamedTuple):
    """A question, and whether it is asked on a listener that wants a login."""

    ask: Callable[[BrokerConnection, Deadline], Any]
    with_login: bool = False


def _login(connection: BrokerConnection, deadline: Deadline) -> None:
    access = Access(brokers=(ADDRESS,), auth_mode="scram", username=USERNAME, password=PASSWORD)
    # The broker's part was recorded for this very nonce.
    with patch("kafka.net.sasl.scram.uuid.uuid4", return_value=_NONCE):
        log_in(ADDRESS, access, lambda request: connection._exchange.send(request, Stage.SASL, deadline))


def _membership(connection: BrokerConnection, deadline: Deadline) -> Any:
    member = groups.join_group(connection, GROUP, TOPIC, range(PARTITIONS), deadline)
    groups.commit(connection, member, TOPIC, {0: groups.Committed(1, "a note")}, deadline)
    positions = groups.committed_offsets(connection, GROUP, TOPIC, [0, 1], deadline)
    groups.leave(connection, member, deadline)
    return positions


def _starts() -> dict[int, int]:
    return dict.fromkeys(range(PARTITIONS), 0)


QUESTIONS: dict[str, Conversation] = {
    "login": Conversation(_login, with_login=True),
    "mechanisms": Conversation(lambda peer, by: peer.mechanisms(Stage.SASL, by), with_login=True),
    "topic": Conversation(lambda peer, by: read_metadata(peer, [TOPIC], by)),
    "all topics": Conversation(lambda peer, by: read_metadata(peer, None, by, operations=False)),
    "configurations": Conversation(lambda peer, by: topic_configs(peer, [TOPIC], by)),
    "inherited": Conversation(
        lambda peer, by: topic_configs(peer, [TOPIC], by, {TOPIC: ["retention.ms"]}, inherited=True)
    ),
    "broker's configuration": Conversation(lambda peer, by: broker_config(peer, 1, "min.insync.replicas", by)),
    "new topics": Conversation(
        lambda peer, by: create_topics(
            peer, [NewTopic("new", 1, 1, {}), NewTopic(TOPIC, 1, 1, {})], validate_only=True, deadline=by
        )
    ),
    "more partitions": Conversation(
        lambda peer, by: add_partitions(peer, {TOPIC: PARTITIONS + 1}, validate_only=True, deadline=by)
    ),
    "deleted topics": Conversation(lambda peer, by: delete_topics(peer, ["not-there"], by)),
    "changed configurations": Conversation(
        lambda peer, by: alter_topic_configs(peer, {TOPIC: {"retention.ms": "1"}}, validate_only=True, deadline=by)
    ),
    "moving replicas": Conversation(lambda peer, by: leaving_replicas(peer, {TOPIC: range(PARTITIONS)}, by)),
    "written record": Conversation(lambda peer, by: produce(peer, TOPIC, 5, b"v", timestamp=1000, deadline=by)),
    "records": Conversation(lambda peer, by: read_from(peer, TOPIC, _starts(), deadline=by)),
    "first records": Conversation(
        lambda peer, by: first_records(peer, TOPIC, dict.fromkeys(range(5), (0, 5)), Stage.LAG, by)
    ),
    "offsets": Conversation(lambda peer, by: offset_range(peer, TOPIC, list(range(PARTITIONS)), Stage.FETCH, by)),
    "offset at a time": Conversation(lambda peer, by: offset_at(peer, TOPIC, 0, 1, Stage.FETCH, by)),
    "coordinator": Conversation(lambda peer, by: groups.find_coordinator(peer, GROUP, by)),
    "membership": Conversation(_membership),
    "all positions": Conversation(lambda peer, by: groups.all_committed_offsets(peer, GROUP, by)),
    "group's type": Conversation(lambda peer, by: listed_group(peer, GROUP, by)),
}


class Played:
    """A socket whose peer answers each request with the next of these frames, under the request's own number."""

    def __init__(self, frames: Iterable[tuple[int, bytes]]) -> None:
        self._frames = iter(frames)
        self._data = b""

    def settimeout(self, seconds: float) -> None:
        """See socket."""

    def close(self) -> None:
        """See socket."""

    def sendall(self, request: bytes) -> None:
        """Take a request; the next frame answers it if it was recorded for such a request."""
        _, api_key, _, correlation_id = _HEADER.unpack_from(request)
        recorded, frame = next(self._frames, (-1, b""))
        if recorded == api_key and len(frame) >= 8:
            # An answer to another request is found at once, and then nothing else is looked at.
            frame = frame[:4] + struct.pack(">i", correlation_id) + frame[8:]
        self._data += frame if recorded == api_key else b""

    def recv(self, most: int) -> bytes:
        """The bytes as they come; a peer that has no more of them is silent."""
        if not self._data:
            raise TimeoutError
        data, self._data = self._data[:most], self._data[most:]
        return data


class Recorded:
    """A socket that keeps what passes: each request's number of its API, and the frame that answered it."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self.frames: list[tuple[int, bytes]] = []

    def settimeout(self, seconds: float) -> None:
        """See socket."""
        self._sock.settimeout(seconds)

    def close(self) -> None:
        """See socket."""
        self._sock.close()

    def sendall(self, request: bytes) -> None:
        """See socket."""
        self.frames.append((_HEADER.unpack_from(request)[1], b""))
        self._sock.sendall(request)

    def recv(self, most: int) -> bytes:
        """See socket."""
        data = bytes(self._sock.recv(most))
        api_key, frame = self.frames[-1]
        self.frames[-1] = api_key, frame + data
        return data


def connection_over(sock: Any, address: BrokerAddress = ADDRESS) -> BrokerConnection:
    """A connection over any kind of socket."""
    return BrokerConnection(address, sock)
