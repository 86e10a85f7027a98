"""A function's real handler in a process of its own, invoked again and again: ``python -m benchmarks.soak_function``.

It reads a request as JSON from its input (``name``, ``event``, ``invocations``, ``warm_up``), and prints a line of JSON
with a sample of its resources for each tenth of the invocations.
"""

import contextlib
import gc
import importlib.util
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = 10
# The longest that a function has whose invocations replay letters.
_TIMEOUT_MS = 120_000


class Context:
    """What a handler asks of Lambda's context."""

    function_name = "soak"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:soak"
    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        """The whole timeout."""
        return _TIMEOUT_MS


def sample() -> dict[str, float]:
    """What the process holds now; ``resident`` in megabytes, with no garbage in it."""
    gc.collect()
    descriptors = _descriptors()
    status = Path("/proc/self/status").read_text()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "resident": pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        "threads": int(status.partition("Threads:")[2].split()[0]),
        "descriptors": len(descriptors),
        "sockets": sum(name.startswith("socket:") for name in descriptors),
    }


def _descriptors() -> list[str]:
    """What each of them is open for; the one that reads the folder is gone by then."""
    descriptors: list[str] = []
    for link in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(FileNotFoundError):
            descriptors.append(str(link.readlink()))
    return descriptors


def load(name: str) -> Any:
    """The handler of functions/<name>/<name>.py."""
    spec = importlib.util.spec_from_file_location(f"handler_{name}", ROOT / "functions" / name / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


def main() -> None:
    """Warm up, then sample."""
    request = json.load(sys.stdin)
    seen: list[dict[str, float]] = []
    raised: Counter[str] = Counter()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        handler = load(request["name"])
        total, step = request["invocations"], max(1, request["invocations"] // SAMPLES)
        # As Lambda does: each invocation decodes an event of its own.
        text = json.dumps(request["event"])
        for number in range(request["warm_up"] + total + 1):
            done = number - request["warm_up"]
            if done == 0:
                began = time.monotonic()
            if done >= 0 and done % step == 0:
                seen.append(sample())
            try:
                answer = handler(json.loads(text), Context())
            except Exception as error:  # noqa: BLE001 - it is counted, and the parent fails on it
                raised[f"{type(error).__name__}: {error}"[:300]] += 1
        seconds = time.monotonic() - began
    ended = {"samples": seen, "raised": raised, "seconds": seconds, "answer": str(answer)[:300]}
    print(json.dumps(ended), flush=True)


if __name__ == "__main__":
    main()
