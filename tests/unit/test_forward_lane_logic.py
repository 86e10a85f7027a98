"""Whatever Vantiq answers, however late, and whatever lies between the records: each one is accounted for."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.forward.decode import NO_OFFSET
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.vantiq.connection import HttpResponse
from msk_toolkit.vantiq.errors import VantiqUnansweredError

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_fake import answer, refusal

ROW = {"_id": "1"}
INVALID = {"code": "io.vantiq.invalid", "message": "m", "params": []}
QUOTA = {"code": "io.vantiq.resource.quota.exceeded", "message": "m", "params": []}
# No record, records without an offset, one with an offset that can't be decoded otherwise.
JUNK: tuple[Any, ...] = (None, 7, {}, {"offset": "1"}, {"offset": 3, "topic": "a/b"}, {"offset": 5, "value": "!"})


class Play(NamedTuple):
    """One answer of Vantiq's.

    Args:
        taken: whether the records are taken although the answer is no success.
        results: of each record, by turns, where the request holds an array for a type.
        seconds: until it comes.
    """

    kind: str
    status: int = 200
    taken: bool = False
    results: tuple[Any, ...] = ()
    seconds: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()


class ScriptedVantiq:
    """Plays one answer after the other, then only good ones; knows what it took and what it said that it took."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.script: Iterator[Play] = iter(())
        self.taken: list[tuple[int, int]] = []
        self.acknowledged: set[tuple[int, int]] = set()

    async def send(
        self, method: str, path: str, body: bytes, deadline: Deadline, meanwhile: object = None
    ) -> HttpResponse:
        documents = json.loads(body)
        documents = documents if isinstance(documents, list) else [documents]
        ids = [(one["partition"], one["offset"]) for one in documents]
        assert not deadline.expired, "a request began although no time was left"
        play = next(self.script, Play("good"))
        self.clock.advance(play.seconds)
        if play.kind == "results" and "custom" in path:
            results = [play.results[number % len(play.results)] for number in range(len(ids))]
            took = [one for one, result in zip(ids, results, strict=True) if result is ROW]
            self.taken += took
            self.acknowledged.update(took)
            return answer(200, results)
        good = play.kind in {"good", "results"}
        if good or play.taken:
            self.taken += ids
        if good:
            self.acknowledged.update(ids)
            return answer(play.status)
        if play.kind == "unanswered":
            raise VantiqUnansweredError("answer" if play.taken else "tcp", "x", "v:443", "d", maybe_taken=play.taken)
        if play.kind == "unreadable":
            return answer(200, b"<html>")
        if play.kind == "error in a 200":
            return answer(200, [INVALID])
        return refusal(play.status, **dict(play.headers))


class Store:
    """Keeps dead letters, and fails where the script says so."""

    def __init__(self) -> None:
        self.fails: Iterator[bool] = iter(())
        self.names: set[str] = set()

    def write(self, name: str, body: bytes, deadline: Deadline) -> None:
        if next(self.fails, False):
            raise AwsError("S3 failed")
        self.names.add(name)


PLAYS = st.builds(
    Play,
    kind=st.sampled_from(["good", "good", "status", "status", "results", "unanswered", "unreadable", "error in a 200"]),
    status=st.sampled_from([200, 204, 302, 400, 401, 403, 404, 408, 409, 413, 422, 425, 429, 500, 503, 777]),
    taken=st.booleans(),
    results=st.lists(st.sampled_from([ROW, ROW, QUOTA, INVALID]), min_size=1, max_size=5).map(tuple),
    seconds=st.sampled_from([0.0, 0.0, 0.1, 9.0, 60.0]),
    headers=st.sampled_from([(), (), (("Retry_After", "2"),), (("Retry_After", "900"),)]),
).map(lambda play: play._replace(status=500) if play.kind == "status" and play.status < 300 else play)
ROUNDS = st.lists(st.tuples(st.lists(PLAYS, max_size=12), st.lists(st.booleans(), max_size=4)), min_size=1, max_size=3)
SETTINGS = st.builds(
    lambda target, per_post, **other: ForwarderSettings(
        vantiq_url="https://v",
        vantiq_token_secret_arn="s",
        vantiq_target=target,
        max_batch_records=per_post,
        max_post_bytes=1_500,
        **other,
    ),
    target=st.sampled_from(["topic:/orders", "upsert:Order"]),
    per_post=st.sampled_from([1, 3, 100]),
    ordering=st.sampled_from(["partition", "key", "none"]),
    max_in_flight=st.sampled_from([1, 4]),
    max_attempts=st.sampled_from([1, 3]),
    max_consecutive_refusals=st.sampled_from([0, 2]),
    poller_mode=st.sampled_from(["on-demand", "provisioned"]),
    on_refusal=st.sampled_from(["dead-letter", "block"]),
)
RECORDS = st.lists(
    st.builds(
        lambda key, value: (key, value),
        st.sampled_from([None, b"a", b"b", b"\xff"]),
        st.sampled_from([None, None, b"text", b"\xff\x00", b"[1]", b'"' + b"x" * 2_000 + b'"']),
    ),
    max_size=9,
)


def number_of(raw: Any) -> int:
    offset = raw.get("offset") if isinstance(raw, dict) else None
    return offset if isinstance(offset, int) else NO_OFFSET


def left(batch: dict[str, list[Any]], outcome: BatchOutcome, mode: str) -> dict[str, list[Any]]:
    """What the mapping redelivers: what was named, or everything after an error."""
    if not outcome.to_report:
        return {}
    if mode == "on-demand" or NO_OFFSET in outcome.unfinished.values():
        return batch
    named = set(outcome.to_report)
    return {place: [raw for raw in raws if (place, number_of(raw)) in named] for place, raws in batch.items()}


def check(outcome: BatchOutcome, vantiq: ScriptedVantiq, letters: Store) -> None:
    """Each record is acknowledged, set aside, or unfinished; nothing that is unfinished hides."""
    reported = set(outcome.to_report)
    for lane in outcome.lanes:
        records = lane.lane.records
        assert (lane.settled == len(records)) == (lane.failure is None)
        for number, one in enumerate(records):
            content = one.content
            acknowledged = content is not None and (content.partition, content.offset) in vantiq.acknowledged
            home = f"/orders/{one.place.rpartition('-')[2]}/{max(one.offset, 0):020}-"
            aside = any(home in name for name in letters.names)
            if number < lane.settled:
                assert acknowledged or aside or one.offset == NO_OFFSET, one
            else:
                assert (one.place, one.offset) in reported
    assert outcome.received == outcome.known + outcome.delivered + outcome.dead_lettered + sum(
        len(lane.lane.records) - lane.settled for lane in outcome.lanes
    )
    for place, lowest in outcome.unfinished.items():
        later = {(place, one.offset) for lane in outcome.lanes for one in lane.lane.records if lane.lane.place == place}
        assert {one for one in later if one[1] >= lowest} <= reported


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    made=SETTINGS,
    partitions=st.lists(RECORDS, min_size=1, max_size=3),
    junk=st.lists(st.sampled_from(JUNK), max_size=2),
    rounds=ROUNDS,
)
def test_each_record_is_acknowledged_set_aside_or_reported_and_lanes_keep_their_order(
    made: ForwarderSettings, partitions: list[list[tuple[Any, Any]]], junk: list[Any], rounds: Any
) -> None:
    clock = FakeClock()
    vantiq, letters = ScriptedVantiq(clock), Store()
    tools = DeliveryServices(
        vantiq, None if made.on_refusal == "block" else letters, clock, lambda: 0.0, clock.poll, lambda: 0.5
    )
    forwarder = Forwarder(made, tools)
    keys = {(p, n): key for p, some in enumerate(partitions) for n, (key, _) in enumerate(some)}
    batch: dict[str, list[Any]] = {
        f"orders-{p}": [record(n, value, partition=p, key=key) for n, (key, value) in enumerate(some)]
        for p, some in enumerate(partitions)
    }
    batch["orders-0"] = [*junk, *batch["orders-0"]]
    for script, fails in rounds:
        vantiq.script, letters.fails = iter(script), iter(fails)
        outcome = forwarder.forward({**event([]), "records": batch}, Deadline(60, clock))
        check(outcome, vantiq, letters)
        batch = left(batch, outcome, made.poller_mode)
    if made.ordering == "none" or made.vantiq_target.startswith("upsert"):
        return  # an array insert is not atomic: see the documentation
    newest: dict[Any, int] = {}
    for partition, offset in dict.fromkeys(vantiq.taken):
        lane = (partition, keys[partition, offset] if made.ordering == "key" else None)
        if made.ordering == "key" and lane[1] is None:
            continue  # Kafka itself keeps no order between those
        assert offset > newest.get(lane, -1)
        newest[lane] = offset
