"""What a broker says of others and of itself: addresses that can be connected to, texts that can be shown."""

from collections.abc import Callable
from typing import Any

import pytest
from kafka.protocol.metadata import FindCoordinatorResponse
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress, advertised_address
from msk_toolkit.kafka.error_codes import LONGEST_REASON, broker_error, shown
from msk_toolkit.kafka.group import find_coordinator
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.scram import MOST_ROUNDS, Scram

from tests.fakes.kafka_broker_fake import Asked, api_versions, metadata, replies, talking_to

pytestmark = pytest.mark.enable_socket

FIND_COORDINATOR = 10


@pytest.mark.parametrize("host", ["b-1.example.com", "10.0.0.1", "::1", "fe80::1%eth0", "a_b", "h" * 255])
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert advertised_address(host, 65535) == BrokerAddress(host, 65535)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        *[(host, 9092) for host in (None, "", "h" * 256, "a b", "a\x00", "\xe4", "h\n")],
        *[("h", port) for port in (0, -1, 65536)],
    ],
)
def test_what_can_not_be_connected_to_is_no_address(host: Any, port: int) -> None:
    with pytest.raises(ValueError, match="that is not"):
        advertised_address(host, port)


def coordinator(host: str | None) -> Callable[[Asked], Any]:
    return lambda asked: FindCoordinatorResponse(
        version=asked.version, throttle_time_ms=0, error_code=0, error_message=None, node_id=1, host=host, port=9092
    )


def test_metadata_that_names_no_host_is_the_brokers_fault_and_not_this_machine() -> None:
    answers = replies(api_versions(), metadata(9092, ""))
    with talking_to(answers) as (connection, deadline), pytest.raises(StageError) as caught:
        read_metadata(connection, [], deadline)
    assert caught.value.cause == "protocol-error"


def test_a_coordinator_without_a_host_is_the_brokers_fault() -> None:
    answers = replies(api_versions(highest=2, api_key=FIND_COORDINATOR), coordinator(""))
    with talking_to(answers) as (connection, deadline), pytest.raises(StageError) as caught:
        find_coordinator(connection, "g", deadline)
    assert caught.value.cause == "protocol-error"


def test_what_a_broker_says_is_shown_on_one_line_of_a_bounded_length() -> None:
    assert shown("a\nb\x1b[31m") == "a b [31m"
    assert shown("x" * LONGEST_REASON) == "x" * LONGEST_REASON
    assert str(broker_error("CreateTopics", 40, "y" * (LONGEST_REASON + 1))).endswith("y" * LONGEST_REASON + "...")


def test_a_broker_can_not_have_a_password_hashed_for_minutes() -> None:
    client = Scram("u", "p", "SCRAM-SHA-512")
    client.auth_bytes()
    nonce = client._scram_client.nonce + b"x"
    with pytest.raises(ValueError):  # noqa: PT011 - the exchange turns any of them into the stage's failure
        client.receive(b"r=%s,s=c2FsdA==,i=%d" % (nonce, MOST_ROUNDS + 1))
