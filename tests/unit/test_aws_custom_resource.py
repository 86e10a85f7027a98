"""CloudFormation's custom resources: the answer, its size, its time, and that its URL stays a secret."""

import json
import logging
import time
from typing import Any

import pytest
from msk_toolkit.aws import custom_resource
from msk_toolkit.aws.custom_resource import (
    ANSWER_SECONDS,
    CustomResourceAnswer,
    CustomResourceStatus,
    is_custom_resource,
    physical_id,
    send_answer,
)
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError

from tests.fakes.clock_fake import FakeClock
from tests.fakes.http_fake import Peer, ScriptedServer, drip, serve

AWS = {"AWS_REGION": "eu-central-1"}
BUCKET = "https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com"
SUCCESS = CustomResourceAnswer("SUCCESS", "", {})


def emulator(server: ScriptedServer) -> dict[str, str]:
    """A server in place of S3, as the environment names it."""
    return {**AWS, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.port}"}


def event(url: str = f"{BUCKET}/a?Signature=hush", **more: Any) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "ResponseURL": url,
        "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/5f1c",
        "RequestId": "r-1",
        "LogicalResourceId": "DeclaredTopics",
        **more,
    }


@pytest.mark.parametrize(
    "other", [{}, {"action": "plan"}, {"RequestType": "Create"}, None, [], "ResponseURL RequestType"]
)
def test_only_cloudformations_events_are_custom_resources(other: object) -> None:
    assert is_custom_resource(event())
    assert not is_custom_resource(other)


def test_the_physical_id_stays_the_same_over_the_resources_life() -> None:
    made = physical_id(event())
    assert made == "shop-DeclaredTopics"
    assert physical_id(event(RequestType="Update", PhysicalResourceId="as it was")) == "as it was"
    assert physical_id(event(RequestId="r-2")) == made


def answered(server: ScriptedServer) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(server.requests[-1].partition(b"\r\n\r\n")[2])
    return decoded


def send(
    server: ScriptedServer,
    status: CustomResourceStatus = "SUCCESS",
    reason: str = "",
    data: dict[str, str] | None = None,
    seconds: float = 5,
) -> None:
    url = f"http://127.0.0.1:{server.port}/a?Signature=hush"
    answer = CustomResourceAnswer(status, reason, data or {})
    send_answer(event(url), answer, emulator(server), Deadline(seconds))


CREATED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.enable_socket
@pytest.mark.parametrize("status", ["SUCCESS", "FAILED"])
def test_the_answer_has_all_that_cloudformation_asks_for(status: CustomResourceStatus) -> None:
    with ScriptedServer(serve(CREATED)) as server:
        send(server, status, "why", {"Created": "2"})
    assert server.requests[0].startswith(b"PUT /a?Signature=hush HTTP/1.1\r\n")
    assert b"\r\ncontent-type: \r\n" in server.requests[0].lower()
    assert answered(server) == {
        "Status": status,
        "Reason": "why",
        "PhysicalResourceId": "shop-DeclaredTopics",
        "StackId": event()["StackId"],
        "RequestId": "r-1",
        "LogicalResourceId": "DeclaredTopics",
        "Data": {"Created": "2"},
    }


@pytest.mark.enable_socket
def test_an_address_without_a_query_is_answered_as_it_is() -> None:
    with ScriptedServer(serve(CREATED)) as server:
        send_answer(event(f"http://127.0.0.1:{server.port}/a%3Ab"), SUCCESS, emulator(server), Deadline(5))
    assert server.requests[0].startswith(b"PUT /a%3Ab HTTP/1.1\r\n")


@pytest.mark.enable_socket
@pytest.mark.parametrize("piece", ["x", "ü", "€", "🦊", '"', "\\", "\n", "\x01", "x\x01€", "\ud800"])
def test_a_long_reason_is_cut_so_that_the_whole_answer_fits(piece: str) -> None:
    longest = event(
        StackId=f"arn:aws:cloudformation:eu-west-1:123456789012:stack/{'s' * 128}/{'0' * 36}",
        LogicalResourceId="L" * 255,
        RequestId="0" * 36,
    )
    with ScriptedServer(serve(CREATED)) as server:
        longest["ResponseURL"] = f"http://127.0.0.1:{server.port}/"
        answer = CustomResourceAnswer("FAILED", piece * 9000, {"Created": "0", "Changed": "0"})
        send_answer(longest, answer, emulator(server), Deadline(5))
    # CloudFormation refuses more than 4096.
    assert 3900 < len(server.requests[0].partition(b"\r\n\r\n")[2]) < 4096
    assert (piece * 9000).replace("\ud800", "?").startswith(answered(server)["Reason"])


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "trouble",
    [
        Peer.reset,
        serve(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"),
        serve(b"no HTTP at all\r\n\r\n"),
        serve(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"),
    ],
)
def test_an_answer_that_breaks_is_sent_again_and_its_url_is_in_no_log(
    trouble: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(trouble, serve(CREATED)) as server:
        send(server)
    assert server.connections <= 2
    printed = capfd.readouterr()
    assert "hush" not in caplog.text + printed.out + printed.err


@pytest.mark.enable_socket
def test_an_answer_is_sent_again_until_the_time_is_up_and_then_lost_without_the_url() -> None:
    with ScriptedServer(Peer.reset) as server, pytest.raises(AwsError, match="could not be") as lost:
        send(server, seconds=1)
    assert server.connections >= 3
    assert_no_url(lost.value)


@pytest.mark.enable_socket
def test_an_address_that_hangs_leaves_time_for_another_try_and_ends_by_the_deadline() -> None:
    began = time.monotonic()
    with ScriptedServer(lambda peer: peer.hang()) as server, pytest.raises(AwsError, match="could not be") as lost:
        send(server, seconds=1)
    assert 0.5 < time.monotonic() - began < 1.1
    assert server.connections >= 2
    assert_no_url(lost.value)


def test_an_address_that_hangs_is_tried_four_times_within_the_whole_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    attempts: list[float] = []

    def hang(deadline: Deadline, action: str, call: object) -> int:
        attempts.append(clock.now)
        clock.advance(deadline.remaining())
        raise AwsError("no answer")

    monkeypatch.setattr(custom_resource, "call_within", hang)
    began = clock.now
    with pytest.raises(AwsError, match="no answer in time"):
        send_answer(event(), SUCCESS, AWS, Deadline(60, clock), clock.advance)
    assert len(attempts) >= 4
    assert ANSWER_SECONDS - 1 < clock.now - began <= ANSWER_SECONDS


@pytest.mark.enable_socket
def test_an_answer_that_drips_ends_by_the_deadline() -> None:
    began = time.monotonic()
    with ScriptedServer(drip(CREATED * 9, seconds=0.1)) as server, pytest.raises(AwsError, match="could not be"):
        send(server, seconds=1)
    assert time.monotonic() - began < 1.1


@pytest.mark.enable_socket
@pytest.mark.parametrize("status", [b"403 Forbidden", b"307 Temporary Redirect"])
def test_an_answer_that_is_refused_is_an_error_at_once_without_the_url(status: bytes) -> None:
    refusal = b"HTTP/1.1 %s\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" % status
    with ScriptedServer(serve(refusal)) as server, pytest.raises(AwsError, match=status[:3].decode()) as refused:
        send(server)
    assert server.connections == 1
    assert_no_url(refused.value)


@pytest.mark.enable_socket
def test_a_bucket_that_can_not_be_reached_is_an_error_that_says_nothing_of_the_socket() -> None:
    with ScriptedServer(Peer.reset) as server:
        closed = server.port
    environ = {**AWS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{closed}"}
    with pytest.raises(AwsError) as caught:
        send_answer(event(f"http://127.0.0.1:{closed}/a?Signature=hush"), SUCCESS, environ, Deadline(0.3))
    assert str(caught.value) == "CloudFormation could not be answered: no response from its bucket"
    assert_no_url(caught.value)


def assert_no_url(error: BaseException) -> None:
    assert "hush" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
