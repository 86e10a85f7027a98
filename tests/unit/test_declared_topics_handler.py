"""The function outside of the VPC: it asks the topics function, and answers CloudFormation in its place."""

import json
from typing import Any

import pytest
from msk_toolkit.deployment import events
from msk_toolkit.errors import ConfigurationError

from tests.fakes.http_fake import Peer, ScriptedServer, serve
from tests.integration.handlers import Context, fits_its_schema, load_handler
from tests.unit.test_documents import check

STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1"
CLUSTER = "arn:aws:kafka:eu-central-1:123456789012:cluster/c/1"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_s"


def stack_event(port: int, kind: str = "Create") -> dict[str, Any]:
    return {
        "RequestType": kind,
        "StackId": STACK,
        "RequestId": "r",
        "LogicalResourceId": "AppliedTopics",
        "ResourceProperties": {"ServiceToken": "t"},
        "ResponseURL": f"http://127.0.0.1:{port}/a?Signature=hush",
    }


def answered(body: object, *headers: str) -> bytes:
    text = json.dumps(body)
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(text)}", *headers, "", text]).encode()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(response: bytes, kind: str = "Create", **more: Any) -> tuple[dict[str, Any], list[bytes]]:
        with ScriptedServer(serve(response)) as aws, ScriptedServer(serve(b"HTTP/1.1 200 OK\r\n\r\n")) as s3:
            environ = {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws.port}",
                "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{s3.port}",
                "TOPICS_FUNCTION": "shop-topics",
            }
            handler = load_handler("declared_topics", monkeypatch, environ | {"CONNECT_FUNCTION": "shop-connect"})
            response_ = handler(stack_event(s3.port, kind) | more, Context(85))
            fits_its_schema("declared_topics", response_)
            sent: dict[str, Any] = json.loads(s3.requests[-1].partition(b"\r\n\r\n")[2])
            return sent, aws.requests

    return run


@pytest.mark.enable_socket
def test_cloudformation_gets_the_topics_functions_answer_and_nobody_else_the_signed_address(
    run: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    result = {"status": "SUCCESS", "reason": "2 created", "created": 2, "changed": 0, "excused": False}
    result["starts"] = "no new mapping"
    sent, requests = run(answered(result))
    assert (sent["Status"], sent["Reason"]) == ("SUCCESS", "2 created")
    assert sent["Data"] == {"Created": "2", "Changed": "0", "Status": "applied", "StartingPositions": "no new mapping"}
    assert sent["PhysicalResourceId"] == "s-AppliedTopics"
    (request,) = requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /2015-03-31/functions/shop-topics/invocations ")
    check("topics.event", json.loads(body))
    printed = capfd.readouterr()
    assert "hush" not in request.decode() + caplog.text + printed.out + printed.err


@pytest.mark.enable_socket
def test_a_topics_function_that_fails_is_reported_by_the_status_and_by_the_alarm_of_its_name(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = {"errorMessage": "2026 1 Task timed out after 60.00 seconds"}
    sent, _ = run(answered(failure, "X-Amz-Function-Error: Unhandled"))
    assert sent["Status"] == "SUCCESS"
    assert sent["Data"]["Status"].startswith("not applied: The outcome is unknown: shop-topics timed out")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    (metric,) = [line for line in lines if "TopicsNotRestored" in line]
    assert (metric["TopicsNotRestored"], metric["service"]) == ([1.0], "shop-topics")


@pytest.mark.enable_socket
def test_a_deployment_reports_which_target_of_vantiqs_is_missing_and_does_not_fail(run: Any) -> None:
    unfit = {"target": "topic:/msk/orders", "state": "unfit", "reason": "nobody registered it", "remedy": "register it"}
    result = {"status": "checked", "targets": [unfit], "table": "", "problems": []}
    sent, requests = run(answered(result), ResourceType="Custom::CheckedTargets")
    assert sent["Status"] == "SUCCESS"
    assert sent["Data"] == {
        "Status": "topic:/msk/orders is unfit: nobody registered it: register it",
    }
    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /2015-03-31/functions/shop-connect/invocations ")
    assert json.loads(body) == {"action": "check"}


@pytest.mark.enable_socket
def test_fit_targets_are_reported_as_fit_and_a_check_that_fails_as_not_checked(run: Any) -> None:
    result = {"status": "checked", "targets": [{"target": "type:Order", "state": "fit"}], "table": "", "problems": []}
    assert run(answered(result), ResourceType="Custom::CheckedTargets")[0]["Data"] == {"Status": "fit"}
    failure = answered({"errorMessage": "2026 1 Task timed out after 60.00 seconds"}, "X-Amz-Function-Error: Unhandled")
    sent, _ = run(failure, ResourceType="Custom::CheckedTargets")
    assert sent["Status"] == "SUCCESS"
    assert sent["Data"]["Status"].startswith("not checked: shop-connect timed out")


@pytest.mark.enable_socket
def test_a_bug_in_the_check_of_targets_does_not_leave_cloudformation_without_an_answer(
    run: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bytes:
        raise ZeroDivisionError("hush")

    monkeypatch.setattr(events, "invoke_for_result", broken)
    sent, _ = run(answered({}), ResourceType="Custom::CheckedTargets")
    assert sent["Status"] == "SUCCESS"
    assert sent["Data"]["Status"] == "not checked: unexpected ZeroDivisionError; see the function's log"
    (record,) = [record for record in caplog.records if record.exc_info]
    assert (record.levelname, record.message) == ("ERROR", "targets")


@pytest.mark.enable_socket
def test_a_deletion_asks_vantiq_nothing(run: Any) -> None:
    sent, requests = run(answered({}), "Delete", ResourceType="Custom::CheckedTargets")
    assert (sent["Status"], requests) == ("SUCCESS", [])


@pytest.mark.enable_socket
def test_settings_that_are_missing_do_not_leave_cloudformation_without_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TOPICS_FUNCTION", raising=False)
    with ScriptedServer(serve(b"HTTP/1.1 200 OK\r\n\r\n")) as s3:
        environ = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{s3.port}"}
        load_handler("declared_topics", monkeypatch, environ)(stack_event(s3.port), Context(85))
        sent = json.loads(s3.requests[-1].partition(b"\r\n\r\n")[2])
    assert "TOPICS_FUNCTION is missing" in sent["Data"]["Status"]


@pytest.mark.enable_socket
@pytest.mark.parametrize("function", ["declared_topics", "topics"])
def test_a_request_whose_answer_would_go_elsewhere_does_nothing(
    function: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer(serve(answered({}))) as aws, ScriptedServer(serve(b"HTTP/1.1 200 OK\r\n\r\n")) as other:
        environ = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws.port}", "TOPICS_FUNCTION": "shop-topics"}
        with pytest.raises(ConfigurationError, match="nothing is sent there"):
            load_handler(function, monkeypatch, environ)(stack_event(other.port), Context(85))
    assert (aws.requests, other.requests) == ([], [])
    assert "hush" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("function", ["declared_topics", "topics"])
def test_a_request_without_a_stack_is_an_error_that_names_the_field(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {name: value for name, value in stack_event(1).items() if name != "StackId"}
    with pytest.raises(ConfigurationError, match="StackId is missing"):
        load_handler(function, monkeypatch, {"TOPICS_FUNCTION": "shop-topics"})(event, Context(85))


def test_any_other_event_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = load_handler("declared_topics", monkeypatch, {"TOPICS_FUNCTION": "shop-topics"})({}, Context())
    assert answer == {"topicsFunction": "shop-topics"}
    fits_its_schema("declared_topics", answer)


@pytest.mark.enable_socket
def test_without_a_way_to_s3_or_to_anything_the_topics_function_still_returns_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ScriptedServer(Peer.hang) as aws:
        environ = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws.port}",
            "CLUSTER_ARN": CLUSTER,
            "SCRAM_SECRET_ARN": SECRET,
            "LAMBDA_TASK_ROOT": "functions/topics",
        }
        handler = load_handler("topics", monkeypatch, environ)
        event = {name: value for name, value in stack_event(1).items() if name != "ResponseURL"}
        answer = handler(event | {"AnswerWithinSeconds": 3.0, "RollsBack": None}, Context(60))
    fits_its_schema("topics", answer)
    assert (answer["status"], answer["excused"]) == ("SUCCESS", True)
    assert "reading secret" in answer["reason"]
