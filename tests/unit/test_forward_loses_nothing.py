"""Whatever Vantiq does and however the mapping brings records again: each one arrives, in order, or is set aside."""

import random
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.batch_response import DeliveryIncompleteError, batch_response
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.vantiq.connection import HttpResponse
from msk_toolkit.vantiq.errors import VantiqUnansweredError

from tests.fakes.clock_fake import FakeClock
from tests.fakes.dead_letters_fake import FakeDeadLetters
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_fake import FakeVantiq, refusal
from tests.fakes.vantiq_fake import answer as reply

POISON = {(0, 7), (2, 0), (2, 1), (1, 19)}
ROW, INVALID = {"_id": "1"}, {"code": "io.vantiq.invalid", "message": "m", "params": []}
QUOTA = {"code": "io.vantiq.resource.quota.exceeded", "message": "m", "params": []}


def unanswered(stage: Any) -> VantiqUnansweredError:
    return VantiqUnansweredError(stage, "x", "v:443", "what happened", maybe_taken=stage == "answer")


class MoodyVantiq(FakeVantiq):
    """Fails in every way at random, sometimes after it took the records; never takes a poison record."""

    def __init__(self, chance: random.Random, rate: float) -> None:
        super().__init__()
        self.chance = chance
        self.rate = rate
        self.faults = [self.mood]

    def mood(self, path: str, documents: list[Any]) -> HttpResponse | Exception | None:
        poisoned = [(one["partition"], one["offset"]) in POISON for one in documents]
        if self.chance.random() < self.rate:
            kind = self.chance.choice(["before", "after", "part"])
            if kind == "part" and "custom" in path:
                results = [self.chance.choice([ROW, ROW, QUOTA]) for _ in documents]
                return self.take(documents, poisoned, results)
            if kind == "after" and not any(poisoned):
                self.taken += documents
            answers: list[HttpResponse | Exception] = [refusal(s) for s in (302, 401, 403, 404, 408, 429, 500, 503)]
            answers += [unanswered(stage) for stage in ("dns", "tcp", "tls", "send", "answer")]
            return self.chance.choice([*answers, reply(200, b"<html>")])
        if any(poisoned):
            return self.take(documents, poisoned, [ROW] * len(documents)) if "custom" in path else refusal(400)
        return None

    def take(self, documents: list[Any], poisoned: list[bool], results: list[Any]) -> HttpResponse:
        """An insert of an array that is not atomic."""
        results = [INVALID if bad else result for bad, result in zip(poisoned, results, strict=True)]
        self.taken += [one for one, result in zip(documents, results, strict=True) if result is ROW]
        return reply(200, results)


def retried(batch: list[dict[str, Any]], response: Any, reading: str) -> list[dict[str, Any]]:
    """What a mapping retries after a partial batch response: only what was named, or everything from there on."""
    identifiers = [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
    named = {(identifier["partition"], identifier["offset"]) for identifier in identifiers}
    first: dict[str, int] = {}
    for place, offset in named:
        first[place] = min(offset, first.get(place, offset))

    def left(entry: dict[str, Any]) -> bool:
        place = f"{entry['topic']}-{entry['partition']}"
        if reading == "named":
            return (place, entry["offset"]) in named
        return bool(entry["offset"] >= first.get(place, 2**63))

    return [entry for entry in batch if left(entry)]


def by_lane(envelopes: list[Any], ordering: str) -> list[list[int]]:
    """Offsets of the envelopes of each lane, in the order of arrival."""
    lanes: dict[Any, list[int]] = {}
    for envelope in envelopes:
        lane = (envelope["partition"], ordering == "key" and envelope["key"])
        lanes.setdefault(lane, []).append(envelope["offset"])
    return list(lanes.values())


def first_arrivals(offsets: list[int]) -> list[int]:
    return list(dict.fromkeys(offsets))


def last_arrivals(offsets: list[int]) -> list[int]:
    return list(dict.fromkeys(reversed(offsets)))[::-1]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("reading", ["on-demand", "named", "onwards"])
@pytest.mark.parametrize(
    ("target", "ordering"),
    [
        ("topic:/orders", "partition"),
        ("upsert:Order", "partition"),
        ("topic:/orders", "key"),
        ("topic:/orders", "none"),
    ],
)
def test_every_record_arrives_in_order_or_is_set_aside(seed: int, reading: str, target: str, ordering: Any) -> None:
    chance = random.Random(seed)  # noqa: S311 a reproducible choice, not a secret
    clock = FakeClock()
    vantiq, letters = MoodyVantiq(chance, 0.2), FakeDeadLetters()
    mode: Any = "on-demand" if reading == "on-demand" else "provisioned"
    settings = ForwarderSettings(
        vantiq_url="https://v",
        vantiq_token_secret_arn="s",
        vantiq_target=target,
        ordering=ordering,
        max_in_flight=4,
        max_attempts=2,
        max_batch_records=6 if "upsert" in target else 1,
        poller_mode=mode,
    )

    def environment() -> Forwarder:
        return Forwarder(settings, DeliveryServices(vantiq, letters, clock, lambda: 0.0, clock.poll, chance.random))

    records = [record(n, partition=p, key=b"k%d" % (n % 3)) for n in range(30) for p in range(3)]
    forwarder, batch = environment(), records
    for tries in range(400):
        letters.failing = chance.random() < 0.3
        vantiq.rate = 0.2 if tries < 150 else 0.0
        if chance.random() < 0.2:
            forwarder = environment()  # the warm environment and its memory are gone
        outcome = forwarder.forward(event(batch), Deadline(60, clock))
        try:
            response = batch_response(outcome, mode)
        except DeliveryIncompleteError:
            continue
        if reading == "on-demand":  # whatever is not an error counts as success
            batch = []
        else:
            batch = retried(batch, response, reading)
        if not batch:
            break
    assert not batch
    good = {(entry["partition"], entry["offset"]) for entry in records} - POISON
    assert {(envelope["partition"], envelope["offset"]) for envelope in vantiq.taken} == good
    assert len(letters.letters) == len(POISON)
    lanes = by_lane(vantiq.taken, ordering)
    if ordering != "none" and "upsert" not in target:
        assert list(map(first_arrivals, lanes)) == [sorted(set(lane)) for lane in lanes]
    if ordering != "none":
        # Also where an array was taken in part, the last word on each record keeps the order.
        assert list(map(last_arrivals, lanes)) == [sorted(set(lane)) for lane in lanes]
