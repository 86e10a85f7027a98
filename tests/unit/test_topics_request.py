"""What the topics function is asked, and what CloudFormation gets as an answer."""

from typing import Any

import pytest
from msk_toolkit.errors import AwsError, ConfigurationError
from msk_toolkit.topics.apply import TopicChange
from msk_toolkit.topics.custom_resource import answer_for
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.delete import Deletion
from msk_toolkit.topics.observed import ObservedTopics
from msk_toolkit.topics.plan import Plan, as_grown, plan
from msk_toolkit.topics.render import render_topics
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, parse_topics_request

from tests.fakes.topics_model import cluster, standing
from tests.template.stack import raw_template

APPLIED = {"Created": "0", "Changed": "0", "Status": "applied", "StartingPositions": "not looked up"}
TOPIC = {"name": "a", "partitions": "2", "replication_factor": "3"}


@pytest.mark.parametrize("event", [{}, {"action": "plan"}, {"topics": None}])
def test_a_request_only_looks_unless_told_otherwise(event: dict[str, Any]) -> None:
    assert parse_topics_request(event) == TopicsRequest()


@pytest.mark.parametrize("topics", [[TOPIC], {"topics": [TOPIC]}, {"defaults": {"partitions": 2}, "topics": [TOPIC]}])
def test_a_request_may_bring_its_own_topics(topics: Any) -> None:
    assert parse_topics_request({"topics": topics}).topics == [DeclaredTopic("a", 2, 3)]


def test_a_request_may_bring_the_plan_that_was_approved() -> None:
    request = parse_topics_request({"action": "apply", "plan": {"steps": [], "undeclared": 0}})
    assert request.plan == Plan([], 0)


def test_a_deletion_names_its_topic_twice() -> None:
    request = parse_topics_request(
        {"action": "delete", "delete": [{"topic": "a", "confirm": "a", "although": ["protected"]}]}
    )
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
        parse_topics_request(event)


def test_all_mistakes_of_the_topics_in_a_request_come_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_topics_request({"action": "aply", "topics": [{"name": "a"}, {"name": "b"}]})
    assert len(caught.value.problems) == 5


class Function:
    """The function over a model of a cluster; notes what it was asked."""

    def __init__(self, observed: ObservedTopics, failure: Exception | None = None) -> None:
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
        changes = [] if problems else [TopicChange(step.topic, "create", "done") for step in decided.having("create")]
        table = render_topics(decided, changes, problems)
        return TopicsResponse("apply", "refused" if problems else "applied", table, decided, changes, problems)


GROWN = cluster(standing("a", 6, 3))


def test_a_property_that_nobody_knows_is_refused_and_not_taken_for_a_wish_for_the_toolkits_own_topics() -> None:
    function = Function(cluster())
    misspelt = {"ServiceToken": "t", "topics": [TOPIC], "Partitions": "3"}
    found = answer_for(event("Create", ResourceProperties=misspelt), function, lambda: False)
    assert found.status == "FAILED"
    start, _, known = found.reason.partition("known are ")
    assert start == "Nothing was changed. ResourceProperties: topics is not known; Partitions is not known; "
    assert {"ServiceToken", "Topics", "AuthMode"} <= set(known.split(", "))
    assert function.asked == []


def test_a_deletion_with_a_property_that_nobody_knows_succeeds() -> None:
    misspelt = event("Delete", ResourceProperties={"topics": []})
    assert answer_for(misspelt, Function(cluster()), lambda: False).status == "SUCCESS"


def test_the_properties_of_the_toolkits_own_resource_run_it_again_and_apply_its_file() -> None:
    function = Function(cluster())
    names = raw_template()["Resources"]["AppliedTopics"]["Properties"]
    own = {**dict.fromkeys(names, ""), "ServiceToken": "t", "ServiceTimeout": "120", "CodeVersion": "arn:1"}
    assert answer_for(event("Create", ResourceProperties=own), function, lambda: False).status == "SUCCESS"
    assert function.asked == [TopicsRequest("apply")]


def event(kind: str = "Update", topics: Any = (TOPIC,), **more: Any) -> dict[str, Any]:
    return {"RequestType": kind, "StackId": "s", "ResourceProperties": {"Topics": list(topics)}, **more}


def answer(function: Function, rolls_back: bool | None = False, **more: Any) -> tuple[str, str]:
    found = answer_for(event(**more), function, lambda: rolls_back)
    return found.status, found.reason


def test_creation_answers_with_what_was_done() -> None:
    found = answer_for(event("Create"), Function(cluster()), lambda: None)
    assert (found.status, found.data) == ("SUCCESS", {**APPLIED, "Created": "1"})
    assert (
        found.reason
        == "Plan: 1 create, 0 update, 0 unchanged, 0 refused; 0 not declared and left alone. 1 change made."
    )


def test_fewer_partitions_fail_when_the_user_asks_for_them() -> None:
    for kind in ("Create", "Update"):
        status, reason = answer(Function(GROWN), kind=kind)
        assert status == "FAILED"
        assert reason == "Nothing was changed. partitions 6 -> 2: Kafka can't remove partitions"


@pytest.mark.parametrize("rolls_back", [True, None])
def test_a_rollback_to_fewer_partitions_is_understood_and_succeeds(rolls_back: bool | None) -> None:
    function = Function(GROWN)
    status, reason = answer(function, rolls_back)
    assert status == "SUCCESS"
    assert reason.endswith("a: keeps its partitions, since Kafka can't remove any.")
    assert [request.keep_partitions for request in function.asked] == [False, True]


def test_a_creation_never_asks_whether_it_is_a_rollback() -> None:
    def never() -> bool | None:
        raise AssertionError

    assert answer_for(event("Create"), Function(GROWN), never).status == "FAILED"


@pytest.mark.parametrize("failure", [AwsError("MSK: denied"), ZeroDivisionError("hush")])
@pytest.mark.parametrize(
    ("rolls_back", "status", "words"),
    [
        (True, "SUCCESS", "This is a rollback: the topics are left as they are"),
        (None, "SUCCESS", "This may be a rollback; it could not be determined: the topics are left as they are"),
        (False, "FAILED", ""),
    ],
)
def test_what_is_or_may_be_a_rollback_never_fails_whatever_is_broken(
    failure: Exception, rolls_back: bool | None, status: str, words: str
) -> None:
    found = answer_for(event(), Function(GROWN, failure), lambda: rolls_back)
    assert (found.status, found.excused) == (status, status == "SUCCESS")
    assert found.reason.startswith(words)
    assert "hush" not in found.reason
    assert ("denied" in found.reason) == isinstance(failure, AwsError)
    assert found.bug == (failure if isinstance(failure, ZeroDivisionError) else None)
    # What another resource reads from this one must still be there.
    assert found.data == {**APPLIED, "Status": f"not applied: {found.reason}"}


@pytest.mark.parametrize("failure", [AwsError("MSK: denied"), ZeroDivisionError("hush")])
def test_a_failed_creation_fails_since_what_follows_is_a_deletion(failure: Exception) -> None:
    found = answer_for(event("Create"), Function(GROWN, failure), lambda: None)
    assert (found.status, found.excused) == ("FAILED", False)


@pytest.mark.parametrize(("rolls_back", "status"), [(True, "SUCCESS"), (None, "SUCCESS"), (False, "FAILED")])
def test_another_refusal_beside_fewer_partitions_does_not_get_a_rollback_stuck(
    rolls_back: bool | None, status: str
) -> None:
    other = {"name": "b", "partitions": "1", "replication_factor": "2"}
    found = answer_for(
        event(topics=[TOPIC, other]), Function(cluster(standing("a", 6, 3), standing("b", 1, 3))), lambda: rolls_back
    )
    assert (found.status, found.excused) == (status, status == "SUCCESS")
    assert "replication 3 -> 2" in found.reason


@pytest.mark.parametrize(("rolls_back", "status"), [(True, "SUCCESS"), (None, "SUCCESS"), (False, "FAILED")])
def test_wrong_old_properties_do_not_get_a_rollback_stuck(rolls_back: bool | None, status: str) -> None:
    assert answer(Function(GROWN), rolls_back, topics=[{"name": "a"}])[0] == status


@pytest.mark.parametrize("failure", [AwsError("MSK: denied"), None])
def test_a_question_for_a_rollback_that_breaks_is_one_that_nobody_answers(failure: Exception | None) -> None:
    broken = KeyError("StackId")

    def rolls_back() -> bool | None:
        raise broken

    found = answer_for(event(), Function(GROWN, failure), rolls_back)
    # Whether it is an update that asks for what Kafka can't do, nobody can tell: the alarm sounds in both cases.
    assert (found.status, found.excused, found.bug) == ("SUCCESS", True, broken)
    assert "StackId" not in found.reason


def test_an_answer_names_the_brokers_that_are_behind() -> None:
    def behind(request: TopicsRequest) -> TopicsResponse:
        return TopicsResponse("apply", "applied", "Done.", Plan([], 0), behind=["b-2 does not show yet: a"])

    found = answer_for(event(), behind, lambda: False)
    assert (found.status, found.reason) == ("SUCCESS", "Done. Behind: b-2 does not show yet: a.")


def test_an_apply_that_broke_off_reports_what_was_done_and_what_was_not() -> None:
    def broken_off(request: TopicsRequest) -> TopicsResponse:
        changes = [TopicChange("a", "create", "done"), TopicChange("b", "config", "not-done", "denied")]
        return TopicsResponse("apply", "incomplete", "", Plan([], 0), changes)

    found = answer_for(event(), broken_off, lambda: False)
    assert (found.status, found.created, found.changed) == ("FAILED", 1, 0)
    assert found.reason == "Not done: config of b: denied. Done: create of a. An update continues from here."


def test_deleting_the_resource_succeeds_whatever_is_broken_and_touches_nothing() -> None:
    function = Function(GROWN, ZeroDivisionError())
    assert answer(function, kind="Delete")[0] == "SUCCESS"
    assert function.asked == []


def test_wrong_properties_are_answered_with_all_their_mistakes() -> None:
    status, reason = answer(Function(GROWN), topics=[{"name": "a"}])
    assert (status, reason.count("is missing")) == ("FAILED", 2)
