"""What the adversary does and when: a pure function of the seed."""

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# The acts that run one after the other; those of different lines run at the same time.
BROKERS = (
    "kill a broker",
    "kill the controller",
    "kill the group's coordinator",
    "pause a broker",
    "stop a broker",
)
CONSUMERS = (
    "kill a poller",
    "pause a poller",
    "kill the forwarder",
    "kill the forwarder behind its POST",
    "pause the forwarder past its timeout",
    "disable and enable a mapping",
)
STACK = (
    "change the batch size",
    "change the ordering",
    "to provisioned pollers",
    "to on-demand pollers",
    "add a partition",
    "make a topic anew",
    "rotate the SCRAM password",
)
PEERS = (
    "play faults of Vantiq",
    "restart Vantiq",
    "rotate the Vantiq token",
    "fail S3",
    "fail Secrets Manager",
)
OPERATORS = ("run the probes", "check for drift", "check the targets", "redrive the letters")
LINES = (BROKERS, (*CONSUMERS, *STACK), PEERS, OPERATORS)
KINDS = tuple(itertools.chain.from_iterable(LINES))


class Act(NamedTuple):
    """One act.

    Args:
        pause: seconds since the last act of its line has ended.
        hold: seconds until it is undone.
        draw: from 0 to 1, for what the act still has to choose.
    """

    kind: str
    pause: float
    hold: float
    draw: float


def acts(seed: int, kinds: Sequence[str], pace: float = 1.0) -> Iterator[Act]:
    """The acts of a line, without end: in each round all kinds, in an order of their own.

    Args:
        pace: how much quicker than usual they follow one another.
    """
    chance = random.Random(f"{seed} {kinds[0]}")  # noqa: S311 - a reproducible choice, not a secret
    while True:
        for kind in chance.sample(list(kinds), len(kinds)):
            pause, hold = chance.uniform(0.5, 3.0), chance.uniform(0.5, 4.0)
            yield Act(kind, pause / pace, hold / pace, chance.random())
