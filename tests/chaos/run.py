"""One seed: the quiet system, then the disturbed one, then everything healed, drained, replayed and accounted for."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from local.aws.functions import FunctionError, FunctionUnavailableError
from tests.chaos.account import Account, Place, Promise, account
from tests.chaos.adversary import Adversary
from tests.chaos.arrivals import Arrivals
from tests.chaos.broker_acts import BrokerActs
from tests.chaos.consumer_acts import ConsumerActs
from tests.chaos.live import Live, persistently
from tests.chaos.peer_acts import PeerActs
from tests.chaos.records import BLOCK, record
from tests.chaos.schedule import LINES, acts
from tests.chaos.stack_acts import StackActs
from tests.chaos.vantiq_faults import StandIn
from tests.chaos.writer import Topics, Writer

TOPICS = Topics("sensor-readings", "AWSKafkaTutorialTopic")
_HEARTBEATS = frozenset({"/msk/heartbeat"})
# The template's own, with which every seed begins.
START = {"BatchSize": "500", "Ordering": "partition", "PollerMode": "on-demand"}
_QUIET_SHARE = 0.2
_WARM_BLOCKS = 12
_POLL_SECONDS = 0.1
_DRAIN_POLL_SECONDS = 1.0
_LETTER_SECONDS = 240.0


class Plan(NamedTuple):
    """What a run is asked for.

    Args:
        records: to be written, rounded up to whole blocks.
        backlog: how many records wait in Kafka at most, so that the system is always busy.
        pace: how much quicker than usual the acts follow one another.
        write_seconds: after so long no more is written under chaos, however much is left.
        drain_seconds: how long the healed system may take.
        large: whether some records are as large as Kafka takes them.
    """

    seed: int
    records: int
    backlog: int = 10_000
    pace: float = 1.0
    write_seconds: float = math.inf
    drain_seconds: float = 600.0
    large: bool = True


class Outcome(msgspec.Struct, kw_only=True):
    """What a seed came to. Rates are records per second."""

    seed: int
    account: Account
    letters_replayed: int
    letters_left: int
    quiet_rate: float
    chaos_rate: float
    seconds: float
    acts: dict[str, int]
    failed_acts: dict[str, int]
    faults_played: dict[str, int]
    complaints: list[str]

    @property
    def clean(self) -> bool:
        """Whether nothing is lost, altered, out of order, foreign or left in the bucket."""
        return self.account.clean and not self.letters_left and not self.complaints


class Run:
    """A seed on a running system."""

    def __init__(self, live: Live, plan: Plan, say: Callable[[str], None]) -> None:
        self._live, self._plan, self._say = live, plan, say
        kafka = live.system.kafka
        self._standin = StandIn(live.system)
        self._writer = Writer(kafka.bootstrap("PLAINTEXT"), plan.seed, TOPICS, large=plan.large)
        self._brokers = BrokerActs(kafka, live.group_of(TOPICS.main))
        self._consumers = ConsumerActs(live, self._standin)
        self._stack = StackActs(live, self._consumers, self._writer, TOPICS)
        self._stack.orderings = {START["Ordering"]}
        self._peers = PeerActs(live, self._standin)
        self._complaints: list[str] = []

    def play(self) -> Outcome:
        """Play it to its end."""
        plan, began = self._plan, time.monotonic()
        self._heal()
        self._live.update(START)
        self._standin.request("POST", "reset")
        self._standin.play([])
        blocks = -(-plan.records // BLOCK)
        quiet = max(1, round(blocks * _QUIET_SHARE))
        system = self._live.system
        with Arrivals(system.vantiq_journal, plan.seed, ignored=_HEARTBEATS, large=plan.large) as arrivals:
            warm = min(_WARM_BLOCKS, quiet)
            self._warm_up(range(warm), arrivals)
            quiet_rate = self._rate(range(warm, warm + quiet), arrivals)
            self._say(f"quiet: {quiet_rate:,.0f} records/s")
            chaos_rate, adversary = self._disturbed(range(warm + quiet, blocks), arrivals)
            self._say(f"under chaos: {chaos_rate:,.0f} records/s")
            played = self._standin.stats()["faults_played"]
            replayed, left = self._replay()
            self._settle(arrivals)
        if arrivals.failure:
            self._complaints.append(arrivals.failure)
        promise = Promise(self._lane, self._writer.refused)
        return Outcome(
            seed=plan.seed,
            account=account(self._writer.written, arrivals.arrivals, promise, self._stack.read),
            letters_replayed=replayed,
            letters_left=left,
            quiet_rate=round(quiet_rate, 1),
            chaos_rate=round(chaos_rate, 1),
            seconds=round(time.monotonic() - began, 1),
            acts=dict(sorted(adversary.done.items())),
            failed_acts=dict(sorted(adversary.failed.items())),
            faults_played=played,
            complaints=self._complaints,
        )

    def _warm_up(self, blocks: Sequence[int], arrivals: Arrivals) -> None:
        """The first blocks start an environment for each poller; that belongs to no rate."""
        self._write(blocks, arrivals)
        self._drain(arrivals)

    def _disturbed(self, blocks: Sequence[int], arrivals: Arrivals) -> tuple[float, Adversary]:
        plan = self._plan
        carry = {**self._brokers.acts(), **self._consumers.acts(), **self._stack.acts(), **self._peers.acts()}
        kinds = [tuple(kind for kind in line if self._is_played(kind)) for line in LINES]

        def say(text: str) -> None:
            self._say(f"{len(arrivals.numbers):>8,} arrived  {text}")

        adversary = Adversary([acts(plan.seed, line, plan.pace) for line in kinds], carry, say)
        before, began = len(arrivals.numbers), time.monotonic()
        adversary.begin()
        try:
            self._write(blocks, arrivals, plan.write_seconds)
        finally:
            adversary.end()
            self._say("healing")
            self._heal()
        self._drain(arrivals)
        return (len(arrivals.numbers) - before) / (time.monotonic() - began), adversary

    def _is_played(self, kind: str) -> bool:
        """Every second seed keeps the order of whole partitions, so that it can be held to that."""
        return kind != "change the ordering" or self._plan.seed % 2 == 1

    def _heal(self) -> None:
        self._brokers.heal()
        self._peers.heal()
        # The topics function logs in with the password.
        self._stack.heal()
        self._consumers.heal()

    def _rate(self, blocks: Sequence[int], arrivals: Arrivals) -> float:
        before, began = len(arrivals.numbers), time.monotonic()
        self._write(blocks, arrivals)
        self._drain(arrivals)
        return (len(arrivals.numbers) - before) / (time.monotonic() - began)

    def _write(self, blocks: Sequence[int], arrivals: Arrivals, limit_seconds: float = math.inf) -> None:
        """Keep a backlog; a writer that is far ahead waits."""
        writer, until = self._writer, time.monotonic() + limit_seconds
        deadline = time.monotonic() + self._plan.drain_seconds
        for block in blocks:
            if time.monotonic() > until:
                return
            while len(writer.acknowledged) - len(arrivals.numbers) > self._plan.backlog:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no progress within {self._plan.drain_seconds:g} s")
                time.sleep(_POLL_SECONDS)
            writer.write(block)
            deadline = time.monotonic() + self._plan.drain_seconds

    def _drain(self, arrivals: Arrivals) -> None:
        """Wait until the groups have finished every acknowledged record."""
        self._writer.flush()
        deadline = time.monotonic() + self._plan.drain_seconds
        left = self._behind()
        while left:
            if time.monotonic() > deadline:
                self._complaints.append(f"not drained after {self._plan.drain_seconds:g} s: {left}")
                return
            time.sleep(_DRAIN_POLL_SECONDS)
            left = self._behind()
        # The last envelopes are in the journal, and not read yet.
        self._settle(arrivals)

    def _behind(self) -> dict[tuple[str, int], int]:
        """By partition: how many offsets are missing up to the last acknowledged record."""
        last: dict[tuple[str, int], int] = {}
        for place in list(self._writer.acknowledged.values()):
            if place.generation == self._writer.generation[place.topic]:
                at = (place.topic, place.partition)
                last[at] = max(place.offset, last.get(at, -1))
        committed = {topic: persistently(partial(self._live.committed, topic)) for topic in TOPICS}
        behind = {at: offset + 1 - max(0, committed[at[0]].get(at[1], 0)) for at, offset in last.items()}
        return {at: missing for at, missing in behind.items() if missing > 0}

    def _settle(self, arrivals: Arrivals) -> None:
        """Wait until the journal is read to its end."""
        size = -1
        deadline = time.monotonic() + 30.0
        while size != len(arrivals.arrivals) and time.monotonic() < deadline:
            size = len(arrivals.arrivals)
            time.sleep(1.0)

    def _replay(self) -> tuple[int, int]:
        """Replay the letters of a Vantiq that accepts everything; returns how many went and how many are left."""
        self._standin.forgive()
        redrive, replayed = self._live.function("RedriveFunction"), 0
        deadline = time.monotonic() + _LETTER_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = redrive.invoke({"action": "replay", "dry_run": False, "records_per_second": 0})
                replayed += answer.get("done", {}).get("delivered", 0)
                left = sum(group["letters"] for group in redrive.invoke({"action": "list"}).get("groups", []))
            except (FunctionError, FunctionUnavailableError) as error:
                self._say(f"redrive: {error}")
                time.sleep(1.0)
                continue
            if not left:
                return replayed, 0
        return replayed, left

    def _lane(self, number: int, place: Place) -> object:
        """A partition where the order was always by partition, and its keys otherwise."""
        at = (place.topic, place.generation, place.partition)
        if self._stack.orderings == {"partition"}:
            return at
        key = record(self._plan.seed, number, large=self._plan.large).key
        if key is None:
            return None
        return (*at, key)


def say_with_time(say: Callable[[str], None]) -> Callable[[str], None]:
    """Says texts with the seconds since now; from any thread."""
    began, lock = time.monotonic(), threading.Lock()

    def said(text: str) -> None:
        with lock:
            say(f"{time.monotonic() - began:7.1f} s  {text}")

    return said
