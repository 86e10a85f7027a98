"""What the topics function is asked, and what CloudFormation is told."""

from typing import Any

import pytest
from msk_toolkit.aws.rollback import is_rollback
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ConfigurationError
from msk_toolkit.topics.apply import Change
from msk_toolkit.topics.custom_resource import answer_for
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.delete import Deletion
from msk_toolkit.topics.observed import Observed
from msk_toolkit.topics.plan import Plan, as_grown, plan
from msk_toolkit.topics.render import render
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, parse_request

from tests.fakes.topics_model import cluster, standing

TOPIC = {"name": "a", "partitions": "2", "replication_factor": "3"}


@pytest.mark.parametrize("event", [{}, {"action": "plan"}, {"topics": None}])
def test_a_request_only_looks_unless_told_otherwise(event: dict[str, Any]) -> None:
    assert parse_request(event) == TopicsRequest()


@pytest.mark.parametrize("topics", [[TOPIC], {"topics": [TOPIC]}, {"defaults": {"partitions": 2}, "topics": [TOPIC]}])
def test_a_request_may_bring_its_own_topics(topics: Any) -> None:
    assert parse_request({"topics": topics}).topics == [DeclaredTopic("a", 2, 3)]


def test_a_request_may_bring_the_plan_that_was_approved() -> None:
    request = parse_request({"action": "apply", "plan": {"steps": [], "undeclared": 0}})
    assert request.plan == Plan([], 0)


def test_a_deletion_names_its_topic_twice() -> None:
    request = parse_request({"action": "delete", "delete": [{"topic": "a", "confirm": "a", "although": ["protected"]}]})
    assert request.delete == [Deletion("a", "a", ["protected"])]


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "apply",
        {"action": "destroy"},
        {"acton": "apply"},
        {"topics": "a"},
        {"action": "plan", "plan": {"steps": [], "undeclared": 0}},
        {"action": "delete"},
        {"action": "apply", "delete": [{"topic": "a", "confirm": "a"}]},
        {"action": "delete", "delete": [{"topic": "a"}]},
        {"action": "delete", "delete": [{"topic": "a", "confirm": "a", "although": ["everything"]}]},
        {"action": "apply", "keep_partitions": True},
    ],
)
def test_a_request_of_another_shape_is_refused(event: Any) -> None:
    with pytest.raises(ConfigurationError, match="event"):
        parse_request(event)


def test_all_mistakes_of_the_topics_in_a_request_come_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_request({"action": "apply", "topics": [{"name": "a"}, {"name": "b"}]})
    assert len(caught.value.problems) == 4


class Function:
    """The function over a model of a cluster; notes what it was asked."""

    def __init__(self, observed: Observed, failure: Exception | None = None) -> None:
        self.observed = observed
        self.failure = failure
        self.asked: list[TopicsRequest] = []

    def __call__(self, request: TopicsRequest) -> TopicsResponse:
        self.asked.append(request)
        if self.failure:
            raise self.failure
        declared = request.topics or []
        decided = plan(as_grown(declared, self.observed) if request.keep_partitions else declared, self.observed)
        problems = [refusal.reason for step in decided.steps for refusal in step.refusals]
        changes = [] if problems else [Change(step.topic, "create", "done") for step in decided.having("create")]
        table = render(decided, changes, problems)
        return TopicsResponse("apply", "refused" if problems else "applied", table, decided, changes, problems)


GROWN = cluster(standing("a", 6, 3))


def event(kind: str = "Update", topics: Any = (TOPIC,), **more: Any) -> dict[str, Any]:
    return {"RequestType": kind, "StackId": "s", "ResourceProperties": {"Topics": list(topics)}, **more}


def answer(function: Function, rolls_back: bool | None = False, **more: Any) -> tuple[str, str]:
    status, reason, _ = answer_for(event(**more), function, lambda: rolls_back)
    return status, reason


def test_creation_answers_with_what_was_done() -> None:
    status, reason, data = answer_for(event("Create"), Function(cluster()), lambda: None)
    assert (status, data) == ("SUCCESS", {"Created": "1", "Changed": "0"})
    assert reason == "Plan: 1 create, 0 update, 0 unchanged, 0 refused; 0 not declared and left alone. 1 change made."


def test_fewer_partitions_fail_when_the_user_asks_for_them() -> None:
    for kind in ("Create", "Update"):
        status, reason = answer(Function(GROWN), kind=kind)
        assert status == "FAILED"
        assert reason == "Nothing was changed. partitions 6 -> 2: Kafka can't take partitions away"


@pytest.mark.parametrize("rolls_back", [True, None])
def test_a_rollback_to_fewer_partitions_is_understood_and_succeeds(rolls_back: bool | None) -> None:
    function = Function(GROWN)
    status, reason = answer(function, rolls_back)
    assert status == "SUCCESS"
    assert reason.endswith("a: the partitions stay, Kafka can't take them away.")
    assert [request.keep_partitions for request in function.asked] == [False, True]


def test_a_creation_never_asks_whether_it_is_a_rollback() -> None:
    def never() -> bool | None:
        raise AssertionError

    assert answer_for(event("Create"), Function(GROWN), never)[0] == "FAILED"


@pytest.mark.parametrize("failure", [AwsError("MSK: denied"), ZeroDivisionError("hush")])
@pytest.mark.parametrize(("rolls_back", "status"), [(True, "SUCCESS"), (False, "FAILED"), (None, "FAILED")])
def test_a_known_rollback_never_fails_whatever_is_broken(
    failure: Exception, rolls_back: bool | None, status: str
) -> None:
    found, reason = answer(Function(GROWN, failure), rolls_back)
    assert found == status
    assert "hush" not in reason
    assert ("denied" in reason) == isinstance(failure, AwsError)


def test_another_refusal_beside_fewer_partitions_still_fails_where_nobody_knows_of_a_rollback() -> None:
    other = {"name": "b", "partitions": "1", "replication_factor": "2"}
    status, reason = answer(Function(cluster(standing("a", 6, 3), standing("b", 1, 3))), None, topics=[TOPIC, other])
    assert (status, "replication 3 -> 2" in reason) == ("FAILED", True)


def test_an_apply_that_broke_off_tells_what_was_done_and_what_was_not() -> None:
    def broken_off(request: TopicsRequest) -> TopicsResponse:
        changes = [Change("a", "create", "done"), Change("b", "config", "not-done", "denied")]
        return TopicsResponse("apply", "incomplete", "", Plan([], 0), changes)

    status, reason, _ = answer_for(event(), broken_off, lambda: False)
    assert status == "FAILED"
    assert reason == "Not done: config of b: denied. Done: create of a. An update goes on from here."


def test_deleting_the_resource_succeeds_whatever_is_broken_and_touches_nothing() -> None:
    function = Function(GROWN, ZeroDivisionError())
    assert answer(function, kind="Delete")[0] == "SUCCESS"
    assert function.asked == []


def test_wrong_properties_are_answered_with_all_their_mistakes() -> None:
    status, reason = answer(Function(GROWN), topics=[{"name": "a"}])
    assert (status, reason.count("is missing")) == ("FAILED", 2)


class CloudFormation:
    def __init__(self, status: str | Exception) -> None:
        self.status = status

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's own name
        if isinstance(self.status, Exception):
            raise self.status
        return {"Stacks": [{"StackStatus": self.status}]}


def versions(before: str, after: str) -> dict[str, Any]:
    return event(OldResourceProperties={"CodeVersion": before}, ResourceProperties={"CodeVersion": after})


@pytest.mark.parametrize(
    ("request_", "stack", "expected"),
    [
        (versions("arn:f:6", "arn:f:5"), "UPDATE_IN_PROGRESS", True),
        (versions("arn:f:9", "arn:f:10"), "UPDATE_ROLLBACK_IN_PROGRESS", False),
        (versions("arn:f:6", "arn:f:6"), "UPDATE_ROLLBACK_IN_PROGRESS", True),
        (event(), "UPDATE_ROLLBACK_IN_PROGRESS", True),
        (event(), "UPDATE_IN_PROGRESS", False),
        (event(), AwsError("no way"), None),
        (event("Create"), "ROLLBACK_IN_PROGRESS", False),
    ],
)
def test_a_rollback_is_known_by_the_version_that_goes_back_or_by_the_stacks_status(
    request_: dict[str, Any], stack: str | Exception, expected: bool | None
) -> None:
    assert is_rollback(request_, lambda service: CloudFormation(stack), Deadline(5)) is expected
