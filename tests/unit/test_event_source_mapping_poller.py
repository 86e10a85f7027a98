"""The poller: what it invokes, what it commits, and that nothing gets lost."""

import itertools
from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from local.aws.functions import FunctionError
from local.event_source_mapping.event import Partition
from local.event_source_mapping.outcome import PartialReading
from local.event_source_mapping.poller import _backoff
from tests.fakes.poller_world import (
    ON_DEMAND,
    P0,
    P1,
    PROVISIONED,
    Bucket,
    Function,
    Place,
    World,
    everything,
    play,
)


def test_delivers_all_once_and_commits_all() -> None:
    world, function = World(), Function(ON_DEMAND)
    stats = play(ON_DEMAND, world, function).stats
    assert sorted(function.delivered) == sorted(everything(world))
    assert world.committed == {P0: 10, P1: 10}
    assert (stats.polled, stats.invoked, stats.committed, stats.failed_invocations) == (20, 20, 20, 0)
    assert max(function.sizes) == 4


def test_what_a_filter_leaves_out_is_not_invoked_and_committed_in_its_order() -> None:
    mapping = msgspec.structs.replace(PROVISIONED, filters=('{"value": {"n": [1, 4]}}',))
    world, function = World(), Function(PROVISIONED, ["cut"])
    world.logs = {
        partition: [msgspec.structs.replace(record, value=b'{"n": %d}' % record.offset) for record in records]
        for partition, records in world.logs.items()
    }
    commits = list[Mapping[Partition, int]]()
    world.at_commit = commits.append
    stats = play(mapping, world, function).stats
    assert sorted(function.delivered) == [(str(partition), offset) for partition in (P0, P1) for offset in (1, 4)]
    assert world.committed == {P0: 10, P1: 10}
    assert (stats.polled, stats.filtered_out, stats.committed) == (20, 16, 20)
    # The first invocation delivers half, so that nothing behind it may be committed at first.
    assert commits[0][P0] <= 4


def test_one_payload_mixes_partitions() -> None:
    world, seen = World(), list[set[str]]()

    def function(event: dict[str, Any]) -> None:
        seen.append(set(event["records"]))

    play(ON_DEMAND, world, function)
    assert {"orders-0", "orders-1"} in seen


def test_on_demand_loses_what_a_partial_answer_lists() -> None:
    world, function = World(), Function(PROVISIONED, ["cut"])
    play(ON_DEMAND, world, function)
    assert set(function.delivered) < everything(world)
    assert world.committed == {P0: 10, P1: 10}


def test_listed_only_loses_what_a_function_leaves_unlisted() -> None:
    """The measured trap: stopping at the first failure, and reporting that record only."""
    world, function = World(), Function(PROVISIONED, ["cut"])

    def first_only(event: dict[str, Any]) -> Any:
        failures = function(event)["batchItemFailures"]
        first = {item["itemIdentifier"]["partition"]: item for item in reversed(failures)}
        return {"batchItemFailures": list(first.values())}

    play(PROVISIONED, world, first_only, reading=PartialReading.LISTED_ONLY)
    assert set(function.delivered) < everything(world)


def test_a_raising_function_holds_back_every_later_record() -> None:
    world = World()
    world.deadline = 100

    def function(event: dict[str, Any]) -> None:
        raise FunctionError("boom")

    stats = play(ON_DEMAND, world, function).stats
    assert world.committed == {P0: 0, P1: 0}
    assert stats.invoked == 4 * stats.invocations
    # It backs off: no more than one try each three seconds, and a few in the beginning.
    assert stats.failed_invocations < 100 / 3 + 6


def test_a_poisoned_record_goes_to_the_destination_alone() -> None:
    mapping = msgspec.structs.replace(PROVISIONED, maximum_retry_attempts=1, bisect_batch_on_function_error=True)
    world, bucket, delivered = World(), Bucket(), list[Place]()

    def function(event: dict[str, Any]) -> None:
        places = [(name, record["offset"]) for name, records in event["records"].items() for record in records]
        if ("orders-1", 5) in places:
            raise FunctionError("poison")
        delivered.extend(places)

    stats = play(mapping, world, function, bucket).stats
    assert bucket.places == [("orders-1", 5)]
    assert set(delivered) == everything(world) - {("orders-1", 5)}
    assert (stats.dead_lettered, stats.dropped) == (1, 0)


def test_without_a_destination_given_up_records_are_dropped() -> None:
    mapping = msgspec.structs.replace(PROVISIONED, maximum_retry_attempts=0)
    world, function = World(), Function(PROVISIONED, ["raise"])
    assert play(mapping, world, function).stats.dropped == 4
    assert world.committed == {P0: 10, P1: 10}


def test_records_are_not_done_until_the_destination_has_taken_them() -> None:
    mapping = msgspec.structs.replace(PROVISIONED, maximum_retry_attempts=0)
    world, bucket = World(), Bucket(failures=3)

    def function(event: dict[str, Any]) -> None:
        raise FunctionError("boom")

    def committed(offsets: Mapping[Partition, int]) -> None:
        assert all((str(at), offset - 1) in bucket.places for at, offset in offsets.items())

    world.at_commit = committed
    play(mapping, world, function, bucket)
    assert sorted(bucket.places) == sorted(everything(world))


def test_throttling_is_no_attempt() -> None:
    mapping = msgspec.structs.replace(PROVISIONED, maximum_retry_attempts=0)
    world, bucket, function = World(), Bucket(), Function(PROVISIONED, ["throttle"] * 5)
    stats = play(mapping, world, function, bucket).stats
    assert (stats.throttled, bucket.places) == (5, [])
    assert set(function.delivered) == everything(world)


def test_survives_brokers_that_are_down() -> None:
    world, function = World(), Function(ON_DEMAND)
    world.failing_polls, world.failing_commits = 5, 3
    stats = play(ON_DEMAND, world, function).stats
    assert (stats.polling_errors, stats.commit_errors) == (5, 3)
    assert sorted(function.delivered) == sorted(everything(world))
    assert stats.committed == 20


def test_gives_up_the_records_of_a_partition_that_was_taken_away_while_it_retried() -> None:
    world, function = World(), Function(ON_DEMAND)
    calls = 0

    def losing(event: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            world.lost = frozenset({P0})
            raise FunctionError("boom")
        assert calls != 2 or "orders-0" not in event["records"]
        return function(event)

    play(ON_DEMAND, world, losing)
    assert set(function.delivered) == everything(world)
    assert world.committed == {P0: 10, P1: 10}


def test_commits_nothing_for_a_partition_that_another_member_owns_by_now() -> None:
    world, function = World(), Function(ON_DEMAND)
    world.failing_commits = 1

    def leaving(event: dict[str, Any]) -> Any:
        world.lost |= {P0} & world.logs.keys()
        world.logs.pop(P0, None)
        world.position.pop(P0, None)
        return function(event)

    play(ON_DEMAND, world, leaving)
    assert world.committed == {P0: 0, P1: 10}


def test_what_is_not_done_at_the_stop_is_not_committed() -> None:
    world, function = World(), Function(ON_DEMAND)

    def stopping(event: dict[str, Any]) -> Any:
        world.stop.set()
        return function(event)

    play(ON_DEMAND, world, stopping)
    assert len(function.delivered) == sum(world.committed.values()) == 4


def test_is_idle_when_there_is_nothing() -> None:
    world = World(count=0)
    world.deadline = 60
    stats = play(ON_DEMAND, world, Function(ON_DEMAND)).stats
    assert (stats.invocations, stats.state) == (0, "polling")


troubles = st.lists(st.sampled_from(["none", "raise", "throttle", "cut"]), max_size=25)


@given(
    troubles,
    st.booleans(),
    st.booleans(),
    st.sampled_from(PartialReading),
    st.sampled_from([-1, 0, 2]),
    st.integers(0, 3),
    st.sets(st.integers(0, 20), max_size=3),
)
def test_nothing_is_committed_before_it_is_done_and_nothing_is_lost(
    troubles: list[str],
    provisioned: bool,
    bisect: bool,
    reading: PartialReading,
    retries: int,
    failing_commits: int,
    rebalances: set[int],
) -> None:
    mapping = msgspec.structs.replace(
        PROVISIONED if provisioned else ON_DEMAND,
        bisect_batch_on_function_error=bisect,
        maximum_retry_attempts=retries,
    )
    world, function, bucket = World(), Function(mapping, troubles), Bucket()
    world.failing_commits = failing_commits
    invocations = 0

    def invoke(event: dict[str, Any]) -> Any:
        nonlocal invocations
        invocations += 1
        if invocations in rebalances:
            world.lost = frozenset({P1})
        return function(event)

    def committed(offsets: Mapping[Partition, int]) -> None:
        done = {*function.delivered, *bucket.places}
        for partition, offset in offsets.items():
            assert {(str(partition), before) for before in range(offset)} <= done

    world.at_commit = committed
    play(mapping, world, invoke, bucket, reading)

    assert {*function.delivered, *bucket.places} == everything(world)
    assert world.committed == {P0: 10, P1: 10}
    for partition in world.logs:
        # One that was set aside may come again after a commit that failed, behind its successors.
        kept = [place for place in function.delivered if place[0] == str(partition) and place not in bucket.places]
        firsts = list(dict.fromkeys(kept))
        assert firsts == sorted(firsts)


def test_the_pause_between_tries_rises_to_its_bound_and_stays_there_for_ever() -> None:
    pauses = list(itertools.islice(_backoff(), 3000))
    assert pauses[:5] == [0.2, 0.4, 0.8, 1.6, 3.0]
    assert set(pauses[4:]) == {3.0}
