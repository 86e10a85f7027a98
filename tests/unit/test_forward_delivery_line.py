"""A failing invocation is one line: what waits, why, and what to do about exactly that."""

from typing import Any

import pytest
from msk_toolkit.errors import AwsError, CredentialsError, VantiqError
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.delivery_line import delivery_line, remedy_of, waiting_line
from msk_toolkit.forward.failure_cause import cause_of_error
from msk_toolkit.forward.lanes import Lane
from msk_toolkit.forward.outcome import BatchOutcome, Failure, LaneOutcome
from msk_toolkit.forward.telemetry import is_outage
from msk_toolkit.path_causes import PathCause
from msk_toolkit.vantiq.errors import ProxyError, RequestStage, VantiqUnansweredError
from msk_toolkit.vantiq.resources import VantiqRefusedError

from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_fake import Fault, at_offset, refusal
from tests.fakes.vantiq_fake import answer as reply

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:vantiq-token-AbCdEf"
TWO_PARTITIONS = [record(n, partition=p) for p in range(2) for n in range(3)]
PAGE = b"<html>log in</html>"


def always(response: Any) -> Fault:
    return lambda path, documents: response


def unanswered(stage: RequestStage, cause: str) -> VantiqUnansweredError:
    return VantiqUnansweredError(stage, cause, "vantiq:443", "failed", maybe_taken=False)


ANSWERS = [
    (refusal(401), PathCause.VANTIQ_TOKEN_REFUSED),
    (refusal(403), PathCause.VANTIQ_FORBIDDEN),
    (refusal(404), PathCause.VANTIQ_TARGET_MISSING),
    (refusal(400, "io.vantiq.resource.not.found"), PathCause.VANTIQ_TARGET_MISSING),
    (refusal(503), PathCause.VANTIQ_UNAVAILABLE),
    (refusal(500), PathCause.VANTIQ_UNAVAILABLE),
    (refusal(429), PathCause.VANTIQ_THROTTLED),
    (refusal(400, "io.vantiq.resource.quota.exceeded"), PathCause.VANTIQ_THROTTLED),
    (reply(302, Location="/login"), PathCause.VANTIQ_ANSWER_INVALID),
    (reply(200, PAGE), PathCause.VANTIQ_ANSWER_INVALID),
    (reply(202), PathCause.VANTIQ_ANSWER_INVALID),
    (unanswered("dns", "name-not-found"), PathCause.VANTIQ_NAME_NOT_RESOLVED),
    (unanswered("tcp", "connection-refused"), PathCause.VANTIQ_UNREACHABLE),
    (unanswered("tls", "tls-expired"), PathCause.VANTIQ_TLS_FAILED),
    (unanswered("answer", "answer-timeout"), PathCause.VANTIQ_NO_ANSWER),
    (ProxyError("tcp", "connection-refused", "proxy:3128", "failed"), PathCause.PROXY_UNREACHABLE),
    (ProxyError("proxy", "proxy-login-refused", "proxy:3128", "failed"), PathCause.PROXY_LOGIN_REFUSED),
    (ProxyError("proxy", "proxy-timeout", "proxy:3128", "failed"), PathCause.PROXY_NO_ANSWER),
]


@pytest.mark.parametrize(("response", "cause"), ANSWERS)
@pytest.mark.parametrize("patient", [True, False])
def test_any_answer_for_everything_is_an_outage_with_its_cause_remedy_and_command(
    response: Any, cause: PathCause, patient: bool
) -> None:
    outcome = ForwarderHarness(always(response), patient=patient).forward(*TWO_PARTITIONS)
    message, fields = delivery_line(outcome)
    assert is_outage(outcome)
    assert message.startswith("delivery incomplete: 6 of 6 records wait: ")
    assert message.endswith(f" -> {cause.remedy}")
    assert (fields["cause"], fields["remedy"]) == (cause, cause.remedy)
    assert fields["command"] == cause.command_for("orders")
    assert {failure["cause"] for failure in fields["failures"]} == {cause}


def test_a_server_error_for_one_partition_is_no_outage() -> None:
    harness = ForwarderHarness(at_offset(0, refusal(503)), max_attempts=2)
    outcome = harness.forward(*TWO_PARTITIONS)
    _, fields = delivery_line(outcome)
    assert not is_outage(outcome)
    assert fields["cause"] == PathCause.VANTIQ_UNAVAILABLE
    # Nor is it when the batch is redelivered, and only that partition is left.
    assert not is_outage(harness.forward(*TWO_PARTITIONS))


def test_a_refused_token_names_its_secret_and_nothing_else_to_check() -> None:
    outcome = ForwarderHarness(always(refusal(401))).forward(*TWO_PARTITIONS)
    message, fields = delivery_line(outcome, SECRET)
    assert fields["remedy"] == f"{PathCause.VANTIQ_TOKEN_REFUSED.remedy} It is {SECRET}."
    assert fields["command"] == "mskv token set"
    assert "VANTIQ_TARGET" not in message


def test_a_delivered_batch_says_what_each_partition_had() -> None:
    harness = ForwarderHarness(at_offset(1, refusal(400)))
    message, fields = delivery_line(harness.forward(*TWO_PARTITIONS))
    assert message == "delivered"
    assert fields == {
        "places": {
            "orders-0": {"received": 3, "delivered": 2, "dead_lettered": 1},
            "orders-1": {"received": 3, "delivered": 3},
        }
    }


def test_a_refusal_that_blocks_says_how_to_go_on() -> None:
    harness = ForwarderHarness(always(refusal(400)), bucket=False)
    outcome = harness.forward(*TWO_PARTITIONS)
    _, fields = delivery_line(outcome)
    assert fields["cause"] == PathCause.VANTIQ_REFUSES_RECORDS
    assert "OnRefusal=dead-letter" in fields["remedy"]
    assert fields["command"] == "mskv letters orders"
    assert not is_outage(outcome)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (VantiqRefusedError("reading topic /a", 401, ""), PathCause.VANTIQ_TOKEN_REFUSED),
        (VantiqRefusedError("reading topic /a", 503, ""), PathCause.VANTIQ_UNAVAILABLE),
        (CredentialsError("secret x: holds no token"), PathCause.VANTIQ_TOKEN_UNREADABLE),
        (AwsError("denied", "AccessDeniedException"), PathCause.VANTIQ_TOKEN_UNREADABLE),
        (VantiqError("the answer is not JSON"), PathCause.VANTIQ_ANSWER_INVALID),
    ],
)
def test_an_error_before_the_first_record_has_its_cause_too(error: Any, cause: PathCause) -> None:
    assert cause_of_error(error) is cause


def outcome_of(lanes: list[LaneOutcome]) -> BatchOutcome:
    return BatchOutcome(len(lanes), 0, lanes, {}, [], None)


def test_the_line_is_bounded_however_many_partitions_fail() -> None:
    records = decode(event([record(0)])).partitions["orders-0"]
    lanes = [
        LaneOutcome(Lane(f"orders-{number}", records), failure=Failure("retriable", str(number)))
        for number in range(300)
    ]
    _, fields = delivery_line(outcome_of(lanes))
    assert (len(fields["places"]), len(fields["failures"])) == (100, 20)
    assert "cause" not in fields


def test_every_kind_of_failure_has_a_remedy() -> None:
    for kind in ("outage", "blocked", "retriable", "late", "held"):
        assert remedy_of(Failure(kind, "why")).endswith(".")


def test_an_invocation_that_keeps_trying_names_cause_remedy_and_what_waits() -> None:
    outcome = ForwarderHarness(always(refusal(401))).forward(*TWO_PARTITIONS)
    message, fields = waiting_line(outcome.lanes, SECRET)
    assert message.startswith("delivery waits: 6 records: Vantiq answered 401")
    assert SECRET in message
    assert (fields["waiting"], fields["cause"]) == (6, PathCause.VANTIQ_TOKEN_REFUSED)
    assert [failure["place"] for failure in fields["failures"]] == ["orders-0"]
