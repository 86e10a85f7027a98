"""What a move of a group's offsets costs, and when it must not be made."""

from collections.abc import Mapping

import pytest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.offsets.plan import GroupOffsets, PartitionState, move_problems, offset_problems, planned_moves
from msk_toolkit.offsets.request import MoveOffsets, PlanOffsets, To, is_offsets_event, parse_offsets_request
from msk_toolkit.offsets.run import group_of
from msk_toolkit.settings.topics import TopicsSettings

PARTITIONS = {
    0: PartitionState(first=10, end=100, committed=60, at_time=40),
    1: PartitionState(first=0, end=50, committed=20, at_time=None),
}
GROUP = GroupOffsets("Empty", PARTITIONS)


def moves(
    to: To, observed: GroupOffsets = GROUP, offsets: Mapping[int, int] | None = None
) -> list[tuple[int, int | None, int, int, int]]:
    return [
        (move.partition, move.committed, move.target, move.repeated, move.skipped)
        for move in planned_moves(observed, to, offsets or {})
    ]


def test_the_beginning_is_what_the_topic_still_has() -> None:
    assert moves("beginning") == [(0, 60, 10, 50, 0), (1, 20, 0, 20, 0)]


def test_to_the_end_everything_that_waits_is_skipped_and_counted() -> None:
    assert moves("end") == [(0, 60, 100, 0, 40), (1, 20, 50, 0, 30)]


def test_a_partition_without_a_record_of_that_time_goes_on_at_its_end() -> None:
    assert moves("time") == [(0, 60, 40, 20, 0), (1, 20, 50, 0, 30)]


def test_partitions_that_are_not_named_stay() -> None:
    assert moves("offsets", offsets={1: 25}) == [(1, 20, 25, 0, 5)]


@pytest.mark.parametrize(
    ("committed", "to", "expected"),
    [
        # Kafka has deleted what lies before the first offset: it does not come again.
        (4, "beginning", (0, 4, 10, 0, 0)),
        (4, "end", (0, 4, 100, 0, 90)),
        # No commit, and one beyond the end of a topic that was created again: nothing of it has been read for sure.
        (None, "end", (0, None, 100, 0, 90)),
        (None, "beginning", (0, None, 10, 0, 0)),
        (140, "end", (0, 140, 100, 0, 90)),
        (140, "beginning", (0, 140, 10, 0, 0)),
    ],
)
def test_what_is_repeated_and_skipped_counts_from_where_the_group_really_reads_on(
    committed: int | None, to: To, expected: tuple[int, int | None, int, int, int]
) -> None:
    assert moves(to, GroupOffsets("Empty", {0: PartitionState(10, 100, committed)})) == [expected]


def test_an_offset_that_the_partition_does_not_have_is_refused() -> None:
    problems = list(offset_problems(GROUP, {0: 9, 1: 50, 2: 0}))
    assert problems == [
        "partition 0: 9 is not from 10 to 100, the offsets that it has",
        "partition 2: the topic has 2 partitions, from 0",
    ]


def refusals(observed: GroupOffsets, to: To, *, skip: bool = False) -> list[str]:
    return list(move_problems(observed, "g", planned_moves(GROUP, to, {}), skip=skip))


def test_an_approved_move_of_an_empty_group_is_made() -> None:
    assert refusals(GROUP, "beginning") == []
    assert refusals(GROUP, "end", skip=True) == []


def test_nothing_is_skipped_without_leave_and_the_number_is_named() -> None:
    (problem,) = refusals(GROUP, "end")
    assert problem.startswith("70 records would be skipped and never be forwarded")


def test_records_that_came_since_a_plan_to_the_end_are_not_skipped_by_it() -> None:
    later = GroupOffsets("Empty", {**PARTITIONS, 0: PartitionState(10, 900, 60)})
    assert "70 records" in refusals(later, "end")[0]


@pytest.mark.parametrize("state", ["Stable", "PreparingRebalance", "CompletingRebalance", "Assigning"])
def test_a_group_with_members_is_left_alone(state: str) -> None:
    (problem,) = refusals(GroupOffsets(state, PARTITIONS), "beginning")
    assert f"group g has members (it is {state})" in problem


def test_a_commit_since_the_plan_refuses_it() -> None:
    later = GroupOffsets("Empty", {**PARTITIONS, 0: PartitionState(10, 100, 61)})
    assert refusals(later, "beginning") == ["partition 0: the group has committed 61 since the plan: plan again"]


def test_records_that_kafka_deleted_since_the_plan_refuse_it() -> None:
    later = GroupOffsets("Empty", {**PARTITIONS, 0: PartitionState(30, 100, 60)})
    assert refusals(later, "beginning") == ["partition 0: 10 is not from 30 to 100, the offsets that it has"]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"to": "time"}, 'time belongs to "to": "time"'),
        ({"to": "end", "time": 5}, 'time belongs to "to": "time"'),
        ({"to": "offsets"}, 'offsets belong to "to": "offsets"'),
        ({"to": "offsets", "offsets": [{"partition": 1, "offset": 2}] * 2}, "a partition is named twice"),
        ({"to": "nowhere"}, "to"),
        ({"to": "end", "group": "mine"}, "group is not known"),
    ],
)
def test_a_request_that_contradicts_itself_is_refused(event: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        parse_offsets_request({"action": "plan_offsets", "topic": "orders", **event})


def test_the_moves_of_a_plan_are_a_request_as_they_are() -> None:
    event = {"action": "move_offsets", "topic": "orders", "moves": [{"partition": 0, "committed": None, "target": 3}]}
    assert is_offsets_event(event)
    assert isinstance(parse_offsets_request(event), MoveOffsets)
    assert not is_offsets_event({"action": "plan"})
    assert isinstance(parse_offsets_request({"action": "plan_offsets", "topic": "o", "to": "end"}), PlanOffsets)


def test_only_groups_of_the_stacks_own_mappings_can_be_named() -> None:
    arn = "arn:aws:kafka:eu-central-1:123456789012:cluster/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5"
    settings = TopicsSettings(
        cluster_arn=arn, auth_mode="iam", forward_topics="orders", forward_group_prefix="shop-", probe_topic="beat"
    )
    assert [group_of(topic, settings) for topic in ("orders", "beat")] == ["shop-orders", "shop-beat"]
    with pytest.raises(ConfigurationError, match="payments is not forwarded; forwarded are orders, beat"):
        group_of("payments", settings)


@pytest.mark.parametrize("action", [["plan_offsets"], {"plan_offsets": 1}, None, 7])
def test_an_action_that_is_no_text_is_not_about_offsets(action: object) -> None:
    assert not is_offsets_event({"action": action})
