"""The consumer groups are the user's, and everything in the stack follows their prefix."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.status import StatusSettings

from tests.template.stack import Stack, raw_template

NO_SECRET = {"AuthMode": "iam", "ScramSecretArn": "", "ScramSecretKmsKeyArn": ""}
_MOVING = {"MoveTheForwardersOffsets", "CommitInTheForwardedTopics"}
HEARTBEATS = {"HeartbeatTarget": "topic:/msk/heartbeat"}


def groups(stack: Stack) -> list[str]:
    return [mapping["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"] for mapping in stack.mappings()]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    else:
        yield str(value)


@pytest.mark.parametrize(("prefix", "first"), [("", "shop-"), ("team.b_", "team.b_")])
def test_every_group_of_the_stack_begins_with_the_prefix_which_is_the_stacks_name_by_default(
    prefix: str, first: str
) -> None:
    stack = Stack(ConsumerGroupPrefix=prefix, **HEARTBEATS)
    assert groups(stack) == [f"{first}orders", f"{first}sensor-readings", f"{first}msk-toolkit-heartbeat"]
    for function in ("ConsumerProbeFunction", "StatusFunction", "TopicsFunction"):
        assert stack.variables(function)["FORWARD_GROUP_PREFIX"] == first
    assert stack.variables("ConsumerProbeFunction")["CONSUMER_GROUP"] == f"{first}consumer-probe"
    assert stack.variables("DiagnoseFunction")["CONSUMER_GROUP"] == f"{first}diagnose"


def test_the_status_knows_the_groups_by_the_same_prefix() -> None:
    for prefix, group in (("", "shop-orders"), ("team.b_", "team.b_orders")):
        variables = Stack(ConsumerGroupPrefix=prefix).variables("StatusFunction")
        assert f"{load(StatusSettings, variables).group_prefix}orders" == group
    # A template before the parameter.
    assert StatusSettings(stack_name="shop", cluster_arn="arn").group_prefix == "shop-"


def test_with_iam_the_roles_permissions_on_groups_follow_the_prefix() -> None:
    stack = Stack(ConsumerGroupPrefix="team.b_", **NO_SECRET, **HEARTBEATS)
    functions = stack.names("AWS::Serverless::Function")
    resources = {text for name in functions for text in texts(stack.statements(name)) if ":group/" in text}
    assert resources
    names = {re.sub(r"^.*:group/[^/]+/[^/]+/", "", resource) for resource in resources}
    assert all(name.startswith("team.b_") for name in names), names


def test_the_topics_function_moves_offsets_of_the_stacks_groups_in_the_forwarded_topics_alone() -> None:
    statements = Stack(**NO_SECRET).statements("TopicsFunction")
    groups = statements["MoveTheForwardersOffsets"]["Resource"]
    assert groups == "arn:aws:kafka:eu-central-1:123456789012:group/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5/shop-*"
    topics = statements["CommitInTheForwardedTopics"]["Resource"]
    names = ["orders", "sensor-readings", "msk-toolkit-heartbeat"]
    assert topics == [f"arn:*:kafka:*:*:topic/*/{name}" for name in names]
    others = [text for sid in statements if sid not in _MOVING for text in texts(statements[sid])]
    assert not {"kafka-cluster:ReadData", "kafka-cluster:AlterGroup"} & set(others)


@pytest.mark.parametrize(
    ("answers", "start"),
    [
        ({"StartingPosition": "AT_TIMESTAMP"}, "StartingPosition AT_TIMESTAMP requires"),
        ({"StartingPositionTimestamp": "1764547200"}, "StartingPositionTimestamp is only valid"),
        ({"StartingPosition": "LATEST", "StartingPositionTimestamp": "1764547200"}, "StartingPositionTimestamp is"),
        ({"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": "1764547200"}, ""),
    ],
)
def test_a_timestamp_and_its_starting_position_come_together(answers: dict[str, str], start: str) -> None:
    assert [text[: len(start)] for text in Stack(**answers).refusals()] == ([start] if start else [])


def test_new_mappings_begin_at_the_time_that_is_given_and_heartbeats_at_the_end() -> None:
    stack = Stack(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp="1764547200.5", **HEARTBEATS)
    starts = [(each["StartingPosition"], each.get("StartingPositionTimestamp")) for each in stack.mappings()]
    assert starts == [("AT_TIMESTAMP", "1764547200.5")] * 2 + [("LATEST", None)]
    assert not [each for each in Stack().mappings() if "StartingPositionTimestamp" in each]


@pytest.mark.parametrize(
    ("text", "accepted"),
    [("1764547200", True), ("1764547200.125", True), ("1764547200000", False), ("2025-12-01T00:00", False)],
)
def test_a_time_in_milliseconds_is_refused_before_anything_is_made(text: str, accepted: bool) -> None:
    pattern = raw_template()["Parameters"]["StartingPositionTimestamp"]["AllowedPattern"]
    assert bool(re.search(pattern, text)) == accepted
