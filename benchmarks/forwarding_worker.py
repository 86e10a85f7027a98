"""One sender in a process of its own, which sends batches on request: ``python -m benchmarks.forwarding_worker``.

So builds of different versions are measured side by side: each finds its own toolkit and handler in its search path.
What the handler writes to its log is discarded; the answers go to the original standard output.
"""

import json
import os
import sys
import time
from typing import Any

import msgspec

from benchmarks.forwarding_events import BatchShape, batch_of
from benchmarks.forwarding_senders import SENDERS, Setup


class Order(msgspec.Struct, frozen=True):
    """Send a batch so many times.

    Args:
        sender: a name of SENDERS.
    """

    sender: str
    setup: Setup
    shape: BatchShape
    invocations: int


class Spent(msgspec.Struct, frozen=True):
    """What the order took, in seconds; the batches are parsed before and not counted."""

    wall: float
    cpu: float


def main() -> int:
    """Carry out one order a line until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        spent = carry_out(msgspec.json.decode(line, type=Order))
        answers.write(msgspec.json.encode(spent).decode() + "\n")
        answers.flush()
    return 0


def carry_out(order: Order) -> Spent:
    """Send the batch, parsed again each time, as Lambda hands it over."""
    text = json.dumps(batch_of(order.shape))
    send = SENDERS[order.sender](order.setup, json.loads(text))
    wall = cpu = 0.0
    for _ in range(order.invocations):
        event: dict[str, Any] = json.loads(text)
        began, began_cpu = time.perf_counter(), time.process_time()
        send(event)
        cpu += time.process_time() - began_cpu
        wall += time.perf_counter() - began
    return Spent(wall, cpu)


if __name__ == "__main__":
    sys.exit(main())
