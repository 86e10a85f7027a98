"""Memory of a warm forwarder over many invocations of 6 MB: ``python -m benchmarks.memory``; it must stay flat."""

import argparse
import itertools
import json
import os
import resource
import sys
from pathlib import Path

from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.vantiq.client import VantiqClient

from benchmarks.forwarding import endpoint
from benchmarks.forwarding_senders import Setup, Token
from tests.fakes.kafka_events import event, record

EVENT_BYTES = 6 * 1024 * 1024
# The allocator's arenas settle within so many.
WARM_UP = 50
MAX_GROWTH = 0.02
POINTS = 10


def resident() -> float:
    """Megabytes that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Invoke again and again; the exit status says whether memory stayed flat."""
    parser = argparse.ArgumentParser(description="Memory of the forwarder.")
    parser.add_argument("--invocations", type=int, default=1000)
    invocations = parser.parse_args().invocations
    record_bytes = len(json.dumps(record(0, b"x" * 500)))
    count = EVENT_BYTES // record_bytes // 4
    # As Lambda does: each invocation decodes an event of its own.
    places = itertools.product(range(4), range(count))
    text = json.dumps(event([record(offset, b"x" * 500, partition=partition) for partition, offset in places]))
    with endpoint() as port:
        settings = Setup(port, 0, 100).settings
        forwarder = Forwarder(settings, DeliveryServices(VantiqClient.from_settings(settings, Token()), None))
        seen = []
        for number in range(WARM_UP + invocations):
            outcome = forwarder.forward(json.loads(text), Deadline(60))
            assert outcome.delivered == outcome.received, outcome.failures
            if number >= WARM_UP and (number - WARM_UP) % max(1, invocations // POINTS) == 0:
                seen.append(resident())
    growth = seen[-1] / seen[0] - 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shown = " ".join(f"{megabytes:.0f}" for megabytes in seen)
    print(f"{invocations} invocations of {len(text) / 2**20:.1f} MB: {shown} MB")
    print(f"growth {growth:+.1%} ({MAX_GROWTH:.0%} maximum), peak {peak:.0f} MB")
    return int(growth > MAX_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
