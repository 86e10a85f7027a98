"""A run over as many brokers as a cluster of MSK may have."""

import threading

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
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
