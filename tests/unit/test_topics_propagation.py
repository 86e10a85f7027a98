"""After a write every live broker is asked until it shows it; what does not is reported, and nothing fails by it."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.session import Session
from msk_toolkit.topics.apply import TopicChange, not_shown
from msk_toolkit.topics.delete import still_shown
from msk_toolkit.topics.plan import Plan, TopicStep
from msk_toolkit.topics.propagation import FindMissing, Propagation, await_propagation

from tests.fakes.http_fake import ScriptedServer
from tests.fakes.kafka_broker_fake import plain
from tests.fakes.kafka_topics_fake import TopicsBroker

pytestmark = pytest.mark.enable_socket

PLAN = Plan([TopicStep("create", name, 1, 1) for name in ("orders", "audit")], 0)
DONE = [TopicChange("orders", "create", "done"), TopicChange("audit", "create", "not-done", "denied")]


def created() -> FindMissing:
    missing = not_shown(PLAN, DONE)
    assert missing
    return missing


@contextmanager
def cluster(*brokers: TopicsBroker) -> Iterator[Session]:
    """A session with the first of the brokers, which names all of them."""
    with ExitStack() as stack:
        ports = [stack.enter_context(broker.serving()) for broker in brokers]
        brokers[0].alive = ports
        yield stack.enter_context(Session(plain(ports[0]), 0.3))


def broker(hides: int = 0) -> TopicsBroker:
    return TopicsBroker({"orders": {}}, hides)


def test_every_broker_is_asked_until_the_last_one_shows_what_was_written() -> None:
    brokers = [broker(), broker(3), broker(1)]
    with cluster(*brokers) as session:
        assert await_propagation(session, created(), Deadline(5)) == []
    assert [each.hides for each in brokers] == [0, 0, 0]
    # Who has agreed is left in peace; the first question opens the connection.
    assert [each.asked.count("Metadata") for each in brokers[1:]] == [5, 3]


def test_connections_are_opened_while_the_write_is_under_way() -> None:
    brokers = [broker(), broker()]
    with cluster(*brokers) as session, Propagation(session) as propagation:
        propagation.begin_connecting(Deadline(5))
        deadline = Deadline(5)
        while not brokers[1].asked and not deadline.expired:
            time.sleep(0.01)
        assert brokers[1].asked == ["Metadata"]
        assert propagation.wait(created(), Deadline(5)) == []
        # One to open it, and one look.
        assert brokers[1].asked == ["Metadata", "Metadata"]


def test_a_broker_that_lets_nobody_in_delays_neither_the_write_nor_the_end() -> None:
    first = broker()
    with ScriptedServer(lambda peer: peer.hang()) as hung, cluster(first) as session:
        first.alive.append(hung.port)
        began = time.monotonic()
        with Propagation(session) as propagation:
            propagation.begin_connecting(Deadline(5))
        assert time.monotonic() - began < 0.25


def test_a_broker_that_lags_for_too_long_is_reported_with_what_it_lacks() -> None:
    late = broker(1000)
    with cluster(broker(), late) as session:
        behind = await_propagation(session, created(), Deadline(0.4))
    text = "does not show these topics yet, or they were changed again in the meantime: orders"
    assert behind == [f"127.0.0.1:{session_port(late)} {text}"]


def session_port(of: TopicsBroker) -> int:
    return of.alive[0]


def test_a_broker_that_can_not_be_reached_is_reported_and_the_wait_is_bounded() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        began = time.monotonic()
        first = broker()
        with cluster(first) as session:
            first.alive.append(port)
            (sentence,) = await_propagation(session, created(), Deadline(0.5))
        assert sentence.startswith(f"127.0.0.1:{port} fails at tcp")
        assert time.monotonic() - began < 1


def test_a_broker_that_hangs_is_waited_for_until_the_metadata_leave_it_out() -> None:
    first = broker()
    with ScriptedServer(lambda peer: peer.hang()) as hung, cluster(first) as session:
        first.alive.append(hung.port)
        looks = 0

        def rest(seconds: float) -> None:
            nonlocal looks
            looks += 1
            if looks == 2:
                first.alive.remove(hung.port)

        assert await_propagation(session, created(), Deadline(5), rest) == []
    assert looks == 2


def test_without_any_broker_left_that_is_reported_too() -> None:
    with cluster(broker()) as session:
        pass
    (sentence,) = await_propagation(session, created(), Deadline(0.3))
    assert sentence.startswith("could not list the live brokers: ")


def test_a_deleted_topic_is_waited_for_until_no_broker_shows_it() -> None:
    lagging = broker()
    with cluster(TopicsBroker({}), lagging) as session:
        assert await_propagation(session, still_shown({"orders"}), Deadline(0.2))[0].endswith("orders")
        lagging.topics.clear()
        assert await_propagation(session, still_shown({"orders"}), Deadline(2)) == []


def test_where_nothing_was_written_nobody_is_asked() -> None:
    assert not_shown(PLAN, []) is None
    assert not_shown(PLAN, [DONE[1]]) is None
