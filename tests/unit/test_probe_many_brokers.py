"""A run over as many brokers as a cluster of MSK may have."""

import threading
from collections.abc import Callable

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import ClusterMetadata, Topic
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe.check_brokers import check_brokers
from msk_toolkit.probe.options import ProducerOptions
from msk_toolkit.stage import Stage

BROKERS = 60


def test_no_broker_waits_for_another_one_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each goes on only when all are there: with fewer threads the last ones would spend their time in a queue.
    together = threading.Barrier(BROKERS)

    def hang(address: BrokerAddress, access: Access, log: StageLog) -> BrokerConnection:
        together.wait(20)
        with log.stage(Stage.TCP):
            raise StageError(Stage.TCP, Cause.CONNECT_TIMEOUT, str(address), "no answer to the connection attempt")

    monkeypatch.setattr(BrokerConnection, "open", hang)
    access = Access(brokers=tuple(BrokerAddress("b", port) for port in range(1, BROKERS + 1)), auth_mode="none")
    options = ProducerOptions(topic="t", deadline=Deadline(30), stage_seconds=5)
    checks = check_brokers(access, options, (), lambda check, topic: None)
    assert [result.cause for check in checks for result in check.log.results] == [Cause.CONNECT_TIMEOUT] * BROKERS


class Reached:
    """A connection with a broker that names what it is given."""

    certificate_end = None
    peer = None

    def __init__(self, address: BrokerAddress) -> None:
        self.address = address

    def close(self) -> None: ...


def cluster_of(*named: BrokerAddress) -> ClusterMetadata:
    topic = Topic("t", 0, False, (), frozenset())
    return ClusterMetadata("c", 1, dict(enumerate(named, 1)), {"t": topic})


def rows(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Callable[[], ClusterMetadata]]) -> dict[str, list[str]]:
    """The causes in each bootstrap broker's row, when they answer so to Metadata."""

    def read(connection: Reached, topics: object, deadline: Deadline) -> ClusterMetadata:
        return answers[connection.address.host]()

    monkeypatch.setattr(BrokerConnection, "open", lambda address, access, log: Reached(address))
    monkeypatch.setattr("msk_toolkit.probe.check_brokers.read_metadata", read)
    access = Access(brokers=tuple(BrokerAddress(host, 1) for host in answers), auth_mode="none")
    options = ProducerOptions(topic="t", deadline=Deadline(30), stage_seconds=5)
    checks = check_brokers(access, options, (), lambda check, topic: None)
    return {check.address.host: [str(row.cause) for row in check.log.results if row.cause] for check in checks}


def test_a_broker_that_no_reader_can_make_sense_of_costs_its_own_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> ClusterMetadata:
        raise ZeroDivisionError("what the broker sent")

    both = BrokerAddress("a", 1), BrokerAddress("b", 1)
    assert rows(monkeypatch, {"a": lambda: cluster_of(*both), "b": broken}) == {"a": [], "b": ["protocol-error"]}


def test_a_broker_that_names_more_than_any_cluster_has_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [BrokerAddress("c", port) for port in range(1, 256)]
    both = BrokerAddress("a", 1), BrokerAddress("b", 1)
    found = rows(monkeypatch, {"a": lambda: cluster_of(*both), "b": lambda: cluster_of(*many)})
    assert found == {"a": [], "b": ["protocol-error"]}
