"""Runs inside the measured process: imports the function as Lambda's init does, and tells what that has cost."""

import importlib
import os
import resource
from pathlib import Path

importlib.import_module(os.environ["MEASURED_MODULE"])


def handler(_event: object, _context: object) -> dict[str, float]:
    """CPU time (ms) and peak resident memory (MB) of this process up to now. The function itself is not called."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # Not ru_maxrss: that counts the parent's memory too, from before the exec.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_kb = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return {"cpu_ms": (usage.ru_utime + usage.ru_stime) * 1000, "peak_mb": int(peak_kb) / 1024}
