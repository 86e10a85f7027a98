"""Memory of a warm forwarder over many invocations of 6 MB: ``python -m benchmarks.memory``; it must stay flat."""

import argparse
import contextlib
import itertools
import json
import os
import resource
import sys
from pathlib import Path

from benchmarks.builds import ROOT
from benchmarks.forwarding import endpoint
from benchmarks.forwarding_senders import Setup, forwarder
from tests.fakes.kafka_events import event, record

EVENT_BYTES = 6 * 1024 * 1024
# The allocator's arenas settle within so many.
WARM_UP = 50
MAX_GROWTH = 0.02
# Megabytes.
MAX_ABOVE_IDLE = 90
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
    sys.path.insert(0, str(ROOT / "functions" / "forwarder"))
    with endpoint() as port, Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        send = forwarder(Setup(port, 0, 100), {})
        idle = resident()
        seen = []
        for number in range(WARM_UP + invocations):
            send(json.loads(text))
            if number >= WARM_UP and (number - WARM_UP) % max(1, invocations // POINTS) == 0:
                seen.append(resident())
    growth = seen[-1] / seen[0] - 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shown = " ".join(f"{megabytes:.0f}" for megabytes in seen)
    print(f"{invocations} invocations of {len(text) / 2**20:.1f} MB: {shown} MB")
    above = max(seen) - idle
    print(f"growth {growth:+.1%} ({MAX_GROWTH:.0%} maximum), peak {peak:.0f} MB")
    print(f"{above:.0f} MB above the idle function ({MAX_ABOVE_IDLE} MB maximum)")
    return int(growth > MAX_GROWTH or above > MAX_ABOVE_IDLE)


if __name__ == "__main__":
    sys.exit(main())
