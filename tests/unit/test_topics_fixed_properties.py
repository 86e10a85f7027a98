"""What a mapping keeps for as long as it exists: a change of it is refused before anything is changed."""

from typing import Any

import pytest
from msk_toolkit.topics.custom_resource import answer_for
from msk_toolkit.topics.custom_resource_result import CustomResourceResult
from msk_toolkit.topics.fixed_properties import fixed_properties_problems
from msk_toolkit.topics.request import TopicsResponse

STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1"
BEFORE: dict[str, Any] = {
    "ForwardTopics": ["orders", "plants"],
    "ProbeTopic": "heartbeat",
    "HeartbeatTarget": "",
    "ConsumerGroupPrefix": "",
    "StartingPosition": "TRIM_HORIZON",
    "StartingPositionTimestamp": "",
}
AT_A_TIME = {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": "1764547200"}


def problems(before: dict[str, Any], **changes: Any) -> list[str]:
    return list(fixed_properties_problems(before, {**before, **changes}))


@pytest.mark.parametrize("changes", [{"StartingPosition": "LATEST"}, AT_A_TIME, {"ConsumerGroupPrefix": "shop-"}])
def test_a_change_that_no_mapping_can_follow_names_a_topic_and_what_to_do(changes: dict[str, str]) -> None:
    (problem,) = problems(BEFORE, **changes)
    assert "orders (and 1 more)" in problem
    assert "Set them back" in problem or "Set it back" in problem


@pytest.mark.parametrize("changes", [{"StartingPosition": "LATEST"}, AT_A_TIME, {"ConsumerGroupPrefix": "shop-"}])
def test_with_other_topics_only_everything_may_change(changes: dict[str, str]) -> None:
    assert problems(BEFORE, ForwardTopics=["new"], **changes) == []


def test_outside_msk_the_brokers_of_a_mapping_that_stays_can_not_change() -> None:
    brokers = {"BootstrapServers": "k-1:9093"}
    outside = BEFORE | brokers | {"ClusterName": "plant-kafka"}
    (problem,) = problems(outside, BootstrapServers="k-1:9093,k-2:9093")
    assert problem.startswith("BootstrapServers can't change while orders (and 1 more) keeps its mapping")
    assert problems(BEFORE | brokers | {"ClusterName": ""}, BootstrapServers="b-1:9096") == []


def test_the_heartbeats_mapping_keeps_its_group_and_has_a_start_of_its_own() -> None:
    before = BEFORE | {"HeartbeatTarget": "topic:/heartbeat"}
    (problem,) = problems(before, ForwardTopics=["new"], ConsumerGroupPrefix="shop-", StartingPosition="LATEST")
    assert "ConsumerGroupPrefix can't change while heartbeat keeps its mapping" in problem


def test_what_an_earlier_version_did_not_have_is_not_compared() -> None:
    before = {"ForwardTopics": ["orders"], "ProbeTopic": "heartbeat", "HeartbeatTarget": "topic:/heartbeat"}
    assert list(fixed_properties_problems(before, BEFORE | AT_A_TIME | {"ConsumerGroupPrefix": "shop-"})) == []


def answered(rolls_back: bool | None) -> tuple[CustomResourceResult, list[str]]:
    """The answer to a changed prefix, and the actions that were carried out."""
    carried_out: list[str] = []

    def carry_out(request: Any) -> TopicsResponse:
        carried_out.append(request.action)
        return TopicsResponse("apply", "applied", "0 topics changed.")

    event = {
        "RequestType": "Update",
        "StackId": STACK,
        "ResourceProperties": {"ServiceToken": "t", **BEFORE, "ConsumerGroupPrefix": "shop-"},
        "OldResourceProperties": {"ServiceToken": "t", **BEFORE},
    }
    return answer_for(event, carry_out, lambda: rolls_back), carried_out


def test_an_update_with_such_a_change_fails_before_a_topic_is_touched() -> None:
    answer, carried_out = answered(rolls_back=False)
    assert (answer.status, carried_out) == ("FAILED", [])
    assert answer.reason.startswith("Nothing was changed. ConsumerGroupPrefix can't change")


def test_a_rollback_of_such_a_change_applies_the_topics_as_ever() -> None:
    answer, carried_out = answered(rolls_back=True)
    assert (answer.data["Status"], carried_out) == ("applied", ["apply"])
