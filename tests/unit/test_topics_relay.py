"""CloudFormation is answered from outside of the VPC, whatever keeps the topics function from answering."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from msk_toolkit.aws.invocation import invoke_for_result
from msk_toolkit.deadline import Deadline
from msk_toolkit.topics.custom_resource_result import CustomResourceResult
from msk_toolkit.topics.relay import is_relayed, relay, relayed_result

URL = "https://bucket.s3.amazonaws.com/answer?Signature=hush"
STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1"
DONE = CustomResourceResult("SUCCESS", "2 created", 2, 1)
TOPICS = [{"name": "a", "partitions": "1", "replication_factor": "3"}]


def asked(kind: str = "Create", before: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    event: dict[str, Any] = {
        "RequestType": kind,
        "StackId": STACK,
        "ResponseURL": URL,
        "RequestId": "r",
        "LogicalResourceId": "T",
    }
    event |= {"ResourceProperties": {"ServiceToken": "t", **properties}}
    return event if before is None else event | {"OldResourceProperties": {"ServiceToken": "t", **before}}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "Invoke")


class FakeLambda:
    """Answers each invocation with the next outcome; the last one again and again."""

    def __init__(self, *outcomes: object, failed: bool = False) -> None:
        self.outcomes = list(outcomes)
        self.failed = failed
        self.events: list[bytes] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.events.append(Payload)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        body = outcome if isinstance(outcome, bytes) else json.dumps(outcome).encode()
        return {"Payload": io.BytesIO(body), **({"FunctionError": "Unhandled"} if self.failed else {})}


def relayed(
    event: dict[str, Any], functions: FakeLambda, rolls_back: Callable[[], bool | None] = lambda: False
) -> CustomResourceResult:
    clock = Clock()
    until = Deadline(75, clock)
    return relay(
        event, lambda payload: invoke_for_result(functions, "shop-topics", payload, until, clock.sleep), rolls_back
    )


def test_the_topics_functions_answer_is_passed_on_as_it_is() -> None:
    for answer in (
        DONE,
        CustomResourceResult("FAILED", "no", 0, 1),
        CustomResourceResult("SUCCESS", "no way", excused=True),
    ):
        found = relayed(asked(), FakeLambda(relayed_result(answer)))
        assert (found, found.data) == (answer, answer.data)


def test_the_signed_address_is_not_passed_on() -> None:
    functions = FakeLambda(relayed_result(DONE))
    relayed(asked("Update", {}, Topics=TOPICS), functions, lambda: True)
    (sent,) = functions.events
    assert b"hush" not in sent
    request = json.loads(sent)
    assert is_relayed(request)
    assert request["ResourceProperties"]["Topics"] == TOPICS
    # It may have no way to CloudFormation, and must end before nobody waits any more.
    assert (request["RollsBack"], request["AnswerWithinSeconds"]) == (True, 75.0)


TIMED_OUT = {"errorMessage": "2026-11-28T14:00:00Z 1 Task timed out after 60.00 seconds hush"}
BROKEN = {"errorType": "Runtime.ImportModuleError", "errorMessage": "hush"}
FAILURES = [
    (FakeLambda(TIMED_OUT, failed=True), "shop-topics timed out; usually a call hangs because its subnets have no"),
    (FakeLambda(BROKEN, failed=True), "shop-topics ended with Runtime.ImportModuleError"),
    (FakeLambda(b"\xff no JSON", failed=True), "shop-topics ended with an error"),
    (FakeLambda(b"\xff no JSON"), "returned something that is not a result"),
    (FakeLambda(None), "returned something that is not a result"),
    (FakeLambda({"status": "MAYBE", "reason": ""}), "returned something that is not a result"),
    (FakeLambda(ReadTimeoutError(endpoint_url="https://lambda")), "shop-topics gave no answer in time"),
    (FakeLambda(refusal("TooManyRequestsException")), "another invocation uses its concurrency"),
    (FakeLambda(refusal("EC2AccessDeniedException")), "refused with EC2AccessDeniedException"),
    (FakeLambda(refusal("AccessDeniedException")), "access denied; allow it for the function's role"),
    (FakeLambda(ZeroDivisionError("hush")), "unexpected ZeroDivisionError"),
]


@pytest.mark.parametrize(("functions", "text"), FAILURES)
def test_a_new_stack_comes_up_although_its_topics_function_fails_and_its_status_names_what(
    functions: FakeLambda, text: str
) -> None:
    found = relayed(asked(), functions)
    assert (found.status, found.excused) == ("SUCCESS", True)
    assert found.data["Status"].startswith("not applied: ")
    assert text in found.data["Status"]
    assert "hush" not in found.reason


@pytest.mark.parametrize(("functions", "text"), FAILURES)
def test_a_stack_with_topics_of_its_own_and_a_change_of_topics_fail_as_they_must(
    functions: FakeLambda, text: str
) -> None:
    for event in (asked(Topics=TOPICS), asked("Update", {"CodeVersion": "arn:1"}, CodeVersion="arn:2")):
        found = relayed(event, functions)
        assert (found.status, text in found.reason) == ("FAILED", True)


@pytest.mark.parametrize("known", [True, None])
def test_a_rollback_never_fails_because_the_topics_function_does(known: bool | None) -> None:
    event = asked("Update", {"CodeVersion": "arn:2"}, CodeVersion="arn:1")
    found = relayed(event, FakeLambda(TIMED_OUT, failed=True), lambda: known)
    assert (found.status, found.excused) == ("SUCCESS", True)
    assert found.data["Status"].startswith("not applied: This")


def test_whether_the_stack_rolls_back_is_asked_once_also_where_the_topics_function_fails() -> None:
    questions = iter([True])
    event = asked("Update", {"CodeVersion": "arn:2"}, CodeVersion="arn:1")
    found = relayed(event, FakeLambda(TIMED_OUT, failed=True), lambda: next(questions))
    assert (found.status, found.bug) == ("SUCCESS", None)
    assert found.reason.startswith("This is a rollback")


def test_what_may_have_been_done_is_not_reported_as_unchanged() -> None:
    assert relayed(asked(), FakeLambda(TIMED_OUT, failed=True)).reason.startswith("The outcome is unknown: ")
    assert relayed(asked(), FakeLambda(refusal("TooManyRequestsException"))).reason.startswith("Nothing was changed. ")


def test_a_check_that_holds_the_topics_function_is_waited_for() -> None:
    busy = refusal("TooManyRequestsException")
    functions = FakeLambda(busy, busy, busy, relayed_result(DONE))
    assert relayed(asked(), functions) == DONE
    # The time of the waiting is the request's.
    assert [json.loads(event)["AnswerWithinSeconds"] for event in functions.events] == [75.0, 73.0, 71.0, 69.0]


def test_it_is_not_waited_for_longer_than_leaves_time_to_apply() -> None:
    functions = FakeLambda(refusal("TooManyRequestsException"))
    relayed(asked(), functions)
    assert json.loads(functions.events[-1])["AnswerWithinSeconds"] >= 10


def test_what_is_known_to_be_wrong_fails_also_where_the_topics_function_can_not_be_asked() -> None:
    found = relayed(asked(Topcs=TOPICS), FakeLambda(TIMED_OUT, failed=True))
    assert (found.status, found.reason.startswith("Nothing was changed. ResourceProperties: Topcs")) == ("FAILED", True)


def test_a_deletion_asks_nobody_and_succeeds() -> None:
    functions = FakeLambda(TIMED_OUT, failed=True)
    assert relayed(asked("Delete"), functions).status == "SUCCESS"
    assert functions.events == []
