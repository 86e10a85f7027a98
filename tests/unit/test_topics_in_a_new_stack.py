"""What keeps topics from being applied does not cost the toolkit's stack; what is declared wrongly still fails."""

import json
import time
from typing import Any

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.errors import AwsError, ConfigurationError, CredentialsError, StageError
from msk_toolkit.stage import Stage
from msk_toolkit.topics.apply import TopicChange
from msk_toolkit.topics.custom_resource import answer_for
from msk_toolkit.topics.custom_resource_result import CustomResourceResult
from msk_toolkit.topics.plan import Plan, TopicStep
from msk_toolkit.topics.refusal import Refusal
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse

from tests.fakes.http_fake import ScriptedServer, serve
from tests.integration.handlers import Context, load_handler

STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1"
OBSTACLES = [
    AwsError("reading secret s: no answer from AWS (ConnectTimeoutError); the subnet needs a VPC endpoint"),
    CredentialsError("secret s: access denied"),
    StageError(Stage.TCP, Cause.CONNECT_TIMEOUT, "b-1:9096", "no answer"),
    ConfigurationError("cluster", ["has no listener for AUTH_MODE scram"]),
    ZeroDivisionError("hush"),
]


def asked(kind: str = "Create", before: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    event = {"RequestType": kind, "StackId": STACK, "ResourceProperties": {"ServiceToken": "t", **properties}}
    return event if before is None else event | {"OldResourceProperties": {"ServiceToken": "t", **before}}


def answered(event: dict[str, Any], outcome: Exception | TopicsResponse) -> CustomResourceResult:
    def carry_out(request: TopicsRequest) -> TopicsResponse:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return answer_for(event, carry_out, lambda: False)


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_new_stack_comes_up_whatever_stands_in_the_way_and_says_what_in_its_status(obstacle: Exception) -> None:
    found = answered(asked(), obstacle)
    # The alarm's metric counts what is excused.
    assert (found.status, found.excused) == ("SUCCESS", True)
    assert found.data["Status"].startswith("not applied: ")
    assert ("hush" in found.reason, str(obstacle) in found.data["Status"]) == (False, obstacle is not OBSTACLES[-1])
    assert "DiagnoseFunction" in found.reason
    assert len(found.data["Status"]) <= 500


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_stack_with_topics_of_its_own_fails_as_it_must(obstacle: Exception) -> None:
    topics = [{"name": "a", "partitions": "1", "replication_factor": "3"}]
    assert answered(asked(Topics=topics), obstacle).status == "FAILED"


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_change_that_has_nothing_to_do_with_topics_does_not_hang_on_the_brokers(obstacle: Exception) -> None:
    same = {"CodeVersion": "arn:7", "AuthMode": "iam"}
    event = asked("Update", {**same, "MaximumPollers": "3"}, **same, MaximumPollers="4")
    assert answered(event, obstacle).status == "SUCCESS"


@pytest.mark.parametrize(
    "name", ["CodeVersion", "Layer", "ClusterArn", "BootstrapServers", "AuthMode", "ScramSecretArn"]
)
def test_an_update_that_asks_for_other_topics_fails_when_they_cannot_be_had(name: str) -> None:
    event = asked("Update", {name: "one"}, **{name: ""})
    assert answered(event, OBSTACLES[0]).status == "FAILED"


def refused(*problems: str, refusals: tuple[Refusal, ...] = ()) -> TopicsResponse:
    plan = Plan([TopicStep("refused", "a", 2, 3, refusals=list(refusals))], 0)
    return TopicsResponse("apply", "refused", "", plan, problems=[*(each.reason for each in refusals), *problems])


def test_a_new_stack_whose_user_lacks_a_permission_comes_up() -> None:
    hidden = Refusal("not-readable", "the function's user may not see the topic", "allow it")
    for outcome in (refused("CreateTopics answered TOPIC_AUTHORIZATION_FAILED"), refused(refusals=(hidden,))):
        assert answered(asked(), outcome).status == "SUCCESS"


def test_a_new_stack_whose_declaration_is_refused_fails_before_anything_is_changed() -> None:
    grown = Refusal("fewer-partitions", "partitions 6 -> 2", "declare 6")
    for outcome in (refused("CreateTopics answered INVALID_CONFIG"), refused(refusals=(grown,))):
        found = answered(asked(), outcome)
        assert (found.status, found.reason.startswith("Nothing was changed. ")) == ("FAILED", True)


def test_a_new_stack_whose_brokers_fail_in_the_middle_comes_up_and_says_how_far_it_came() -> None:
    changes = [TopicChange("a", "create", "done"), TopicChange("b", "create", "unknown", "no answer")]
    found = answered(asked(), TopicsResponse("apply", "incomplete", "", Plan([], 0), changes))
    assert (found.status, found.created) == ("SUCCESS", 1)
    assert "Not done: create of b" in found.data["Status"]


def stack_event(port: int) -> dict[str, Any]:
    more = {"RequestId": "r", "LogicalResourceId": "DeclaredTopics"}
    return asked() | more | {"ResponseURL": f"http://127.0.0.1:{port}/a?Signature=hush"}


@pytest.mark.enable_socket
def test_cloudformation_is_answered_in_time_although_secrets_manager_never_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ScriptedServer(lambda peer: peer.hang()) as aws, ScriptedServer(serve(b"HTTP/1.1 200 OK\r\n\r\n")) as s3:
        environ = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws.port}",
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{s3.port}",
            "CLUSTER_ARN": "arn:aws:kafka:eu-central-1:123456789012:cluster/c/1",
            "SCRAM_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_s",
            "LAMBDA_TASK_ROOT": "functions/topics",
        }
        handler = load_handler("topics", monkeypatch, environ)
        began = time.monotonic()
        handler(stack_event(s3.port), Context(17))
        assert time.monotonic() - began < 17
        sent = json.loads(s3.requests[-1].partition(b"\r\n\r\n")[2])
    assert sent["Status"] == "SUCCESS"
    assert sent["Data"]["Status"].startswith("not applied: Nothing was changed. reading secret")


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize("properties", [None, "text", ["Topics"], 7])
def test_properties_that_are_not_an_object_fail_with_that_and_do_not_leave_the_stack_without_an_answer(
    kind: str, properties: Any
) -> None:
    event = asked(kind) | {"ResourceProperties": properties, "OldResourceProperties": properties}
    answer = answered(event, AssertionError("nothing may be applied"))
    assert (answer.status, answer.excused) == ("FAILED", False)
    assert answer.reason == "Nothing was changed. ResourceProperties must be an object"


def test_old_properties_that_are_not_an_object_do_not_leave_the_stack_without_an_answer() -> None:
    answer = answered(asked("Update") | {"OldResourceProperties": "text"}, OBSTACLES[0])
    assert answer.status in {"SUCCESS", "FAILED"}
