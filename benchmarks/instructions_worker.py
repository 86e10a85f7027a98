"""The forwarder under callgrind, which counts while a batch is sent: ``python -m benchmarks.instructions_worker SO``.

The library tells callgrind when to count; :mod:`benchmarks.instructions` compiles it.
"""

import ctypes
import json
import os
import sys

import msgspec

from benchmarks.forwarding_events import batch_of
from benchmarks.forwarding_senders import SENDERS
from benchmarks.forwarding_worker import Order


def main() -> int:
    """Carry out one order a line until the input ends, and leave its count in a file of callgrind's."""
    callgrind = ctypes.CDLL(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        text = json.dumps(batch_of(order.shape))
        send = SENDERS[order.sender](order.setup, json.loads(text))
        # Not counted: connections and caches are made.
        send(json.loads(text))
        events = [json.loads(text) for _ in range(order.invocations)]
        callgrind.start()
        for event in events:
            send(event)
        callgrind.stop()
        answers.write("counted\n")
        answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
