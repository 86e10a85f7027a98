"""The plan, how it reads, and what the function is asked and answers."""

from typing import Any

import pytest
from msk_toolkit.errors import AwsError, ConfigurationError
from msk_toolkit.topics.custom_resource import answer_for
from msk_toolkit.topics.declaration import DeclaredTopic
from msk_toolkit.topics.plan import ObservedTopic, Plan, plan
from msk_toolkit.topics.render import render
from msk_toolkit.topics.serve import TopicsRequest, TopicsResponse, parse_request

DECLARED = [
    DeclaredTopic("orders", 6, 3, {"min.insync.replicas": 2, "cleanup.policy": "compact"}),
    DeclaredTopic("AWSKafkaTutorialTopic", 1, 2),
    DeclaredTopic("sensor-readings", 3, 3, {"retention.ms": 1000}),
]
OBSERVED = {
    each.name: each
    for each in (
        ObservedTopic("orders", 4, 2, {"min.insync.replicas": "1"}),
        ObservedTopic("sensor-readings", 3, 3, {"retention.ms": "1000", "segment.ms": "5"}),
        ObservedTopic("somebody-elses", 1, 1, {}),
    )
}


def test_each_declared_topic_gets_its_step_in_the_declared_order() -> None:
    found = plan(DECLARED, OBSERVED)
    assert [(step.topic, step.action) for step in found.steps] == [
        ("orders", "differs"),
        ("AWSKafkaTutorialTopic", "create"),
        ("sensor-readings", "unchanged"),
    ]
    assert (found.to_create, found.different, found.undeclared) == ({"AWSKafkaTutorialTopic"}, 1, 1)


def test_a_difference_says_what_is_and_what_was_declared() -> None:
    assert plan(DECLARED, OBSERVED).steps[0].differences == [
        "partitions are 4, declared 6",
        "replication factor is 2, declared 3",
        "min.insync.replicas is 1, declared 2",
        "cleanup.policy is not set, declared compact",
    ]


def test_what_is_set_on_a_topic_and_not_declared_is_left_alone() -> None:
    assert plan(DECLARED[2:], OBSERVED).steps[0].differences == []


def test_nothing_declared_plans_nothing() -> None:
    assert plan([], OBSERVED) == Plan([], 3)


def test_a_plan_reads_like_this() -> None:
    assert render(plan(DECLARED, OBSERVED), applied=False).splitlines() == [
        "~ orders                 4 partitions, replication factor 2: differs from its declaration; left as it is",
        "                         partitions are 4, declared 6",
        "                         replication factor is 2, declared 3",
        "                         min.insync.replicas is 1, declared 2",
        "                         cleanup.policy is not set, declared compact",
        "+ AWSKafkaTutorialTopic  1 partitions, replication factor 2: to be created",
        "= sensor-readings        3 partitions, replication factor 3: up to date",
        "1 to create, 1 up to date, 1 different; 1 not declared and left alone",
    ]


def test_a_plan_that_was_carried_out_says_created() -> None:
    lines = render(plan(DECLARED, OBSERVED), applied=True).splitlines()
    assert lines[5].endswith(": created")
    assert lines[-1].startswith("1 created, ")


def test_an_empty_plan_is_one_line() -> None:
    text = render(Plan([], 0), applied=False)
    assert text == "0 to create, 0 up to date, 0 different; 0 not declared and left alone"


@pytest.mark.parametrize("event", [{}, {"action": "plan"}, {"topics": None}])
def test_a_request_only_looks_unless_told_to_apply(event: dict[str, Any]) -> None:
    assert parse_request(event) == TopicsRequest("plan", None)
    assert parse_request({"action": "apply"}).action == "apply"


def test_a_request_may_bring_its_own_topics() -> None:
    given = [{"name": "a", "partitions": 1, "replication_factor": "2"}]
    assert parse_request({"topics": given}).topics == [DeclaredTopic("a", 1, 2)]
    assert parse_request({"topics": []}).topics == []


@pytest.mark.parametrize(
    "event", [None, [], "apply", 5, {"action": "delete"}, {"action": None}, {"acton": "apply"}, {"topics": "a"}]
)
def test_a_request_of_another_shape_is_refused(event: Any) -> None:
    with pytest.raises(ConfigurationError, match="event"):
        parse_request(event)


def test_all_mistakes_of_the_topics_in_a_request_come_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_request({"action": "apply", "topics": [{"name": "a"}, {"name": "b"}]})
    assert len(caught.value.problems) == 4


def applied(request: TopicsRequest) -> TopicsResponse:
    found = plan(request.topics if request.topics is not None else DECLARED, OBSERVED)
    return TopicsResponse(request.action, found, render(found, applied=True))


def failing(error: Exception) -> Any:
    def carry_out(request: TopicsRequest) -> TopicsResponse:
        raise error

    return carry_out


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_resource_that_is_created_or_updated_applies_the_declared_topics(kind: str) -> None:
    status, reason, data = answer_for({"RequestType": kind, "ResourceProperties": {"ServiceToken": "x"}}, applied)
    assert (status, data) == ("SUCCESS", {"Created": "1"})
    assert reason == "1 created, 1 up to date, 1 different; 1 not declared and left alone"


def test_a_resource_may_declare_its_own_topics() -> None:
    topics = [{"name": "a", "partitions": "1", "replication_factor": "1"}]
    _, reason, _ = answer_for({"RequestType": "Create", "ResourceProperties": {"Topics": topics}}, applied)
    assert reason.startswith("1 created, 0 up to date")


def test_deleting_the_resource_succeeds_whatever_is_broken_and_touches_nothing() -> None:
    status, reason, _ = answer_for({"RequestType": "Delete"}, failing(ConfigurationError("settings", ["all wrong"])))
    assert (status, "stay" in reason) == ("SUCCESS", True)


def test_a_failure_that_has_a_name_is_told_to_the_stack() -> None:
    found = answer_for({"RequestType": "Create"}, failing(AwsError("MSK: denied")))
    assert found == ("FAILED", "MSK: denied", {})


def test_an_unexpected_error_is_answered_without_its_details() -> None:
    status, reason, _ = answer_for({"RequestType": "Create"}, failing(ZeroDivisionError("hush")))
    assert (status, reason) == ("FAILED", "unexpected ZeroDivisionError; see the function's log")


def test_wrong_properties_are_answered_with_all_their_mistakes() -> None:
    event = {"RequestType": "Update", "ResourceProperties": {"Topics": [{"name": "a"}]}}
    status, reason, _ = answer_for(event, applied)
    assert (status, "partitions is missing; " in reason) == ("FAILED", True)
