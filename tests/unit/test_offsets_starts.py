"""A group that has committed offsets wins over the starting position, and the deployment says so."""

from typing import Any

import msgspec
import pytest
from msk_toolkit.errors import AwsError
from msk_toolkit.offsets import starts
from msk_toolkit.offsets.starts import look_up_starts, new_topics, starts_text
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.topics.custom_resource_result import CustomResourceResult
from msk_toolkit.topics.relay import relayed_result

from tests.template.stack import CLUSTER, Stack, raw_template

SETTINGS = TopicsSettings(
    cluster_arn=CLUSTER, auth_mode="iam", forward_topics="orders,plants", forward_group_prefix="shop-", probe_topic="hb"
)
CREATED = {
    "RequestType": "Create",
    "ResourceProperties": {"ForwardTopics": ["orders", "plants"], "StartingPosition": "LATEST", "ProbeTopic": "hb"},
}


def updated(before: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"RequestType": "Update", "OldResourceProperties": before, "ResourceProperties": {**before, **changes}}


BEFORE = {"ForwardTopics": ["orders"], "ProbeTopic": "hb", "HeartbeatTarget": ""}


@pytest.mark.parametrize(
    ("event", "topics"),
    [
        (CREATED, ["orders", "plants"]),
        (updated(BEFORE), []),
        (updated(BEFORE, ForwardTopics=["plants", "orders"]), ["plants"]),
        (updated(BEFORE, HeartbeatTarget="topic:/beat"), ["hb"]),
        (updated(BEFORE | {"HeartbeatTarget": "topic:/beat"}), []),
        # A stack that only has topics created.
        ({"RequestType": "Create", "ResourceProperties": {"Topics": []}}, []),
        ({"RequestType": "Create", "ResourceProperties": "nonsense"}, []),
    ],
)
def test_only_mappings_that_are_about_to_be_created_are_looked_at(event: dict[str, Any], topics: list[str]) -> None:
    assert new_topics(event) == topics


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The topics whose groups have committed offsets."""
    topics: list[str] = []

    def groups_with_offsets(groups: dict[str, str], *_: Any) -> list[str]:
        assert all(group == f"shop-{topic}" for topic, group in groups.items())
        return [topic for topic in groups if topic in topics]

    monkeypatch.setattr(starts, "groups_with_offsets", groups_with_offsets)
    monkeypatch.setattr(starts, "cluster_access", lambda *_: None)
    return topics


def looked_up(event: dict[str, Any]) -> tuple[str, list[str]]:
    from msk_toolkit.deadline import Deadline

    return look_up_starts(event, SETTINGS, lambda service: None, Deadline(5))


def test_a_group_with_offsets_is_named_and_the_others_start_as_the_parameter_says(committed: list[str]) -> None:
    committed.append("plants")
    text, going_on = looked_up(CREATED)
    assert text.startswith("committed offsets win over StartingPosition: these groups go on at theirs: shop-plants (")
    assert text.endswith("; 1 other new mappings start at LATEST")
    assert going_on == ["plants"]


def test_new_groups_start_as_the_parameter_says(committed: list[str]) -> None:
    assert looked_up(CREATED) == ("2 new mappings start at LATEST: their groups have no committed offsets", [])
    assert looked_up(updated(BEFORE)) == ("no new mapping", [])
    assert "start at the starting position" in starts_text([], 1, "")


def test_what_can_not_be_looked_up_fails_no_deployment_and_is_not_taken_for_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(*_: Any) -> None:
        raise AwsError("reading secret s: no answer from AWS")

    monkeypatch.setattr(starts, "cluster_access", unreachable)
    text, going_on = looked_up(CREATED)
    assert (text.startswith("not looked up, so committed offsets may win"), going_on) == (True, [])
    assert "no answer from AWS" in text


def test_the_sentence_reaches_the_stacks_output_within_what_cloudformation_takes() -> None:
    answer = CustomResourceResult("SUCCESS", "done", starts="x" * 900)
    assert relayed_result(answer)["starts"] == "x" * 900
    assert answer.data["StartingPositions"] == "x" * 500
    assert raw_template()["Outputs"]["StartingPositions"]["Value"] == {
        "Fn::GetAtt": ["AppliedTopics", "StartingPositions"]
    }
    assert len(msgspec.json.encode(answer.data)) < 4096
    # Both are compared when CloudFormation asks again.
    assert {"ForwardTopics", "StartingPosition"} <= Stack().properties("AppliedTopics").keys()
