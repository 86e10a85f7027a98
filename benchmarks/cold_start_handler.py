"""Runs inside the measured process: imports the function as Lambda's init does, and tells what that has cost."""

import importlib
import json
import os
import resource
import time
from pathlib import Path
from typing import Any

_BEGIN = time.process_time()
_FUNCTION = importlib.import_module(os.environ["MEASURED_MODULE"])
_IMPORT_MS = (time.process_time() - _BEGIN) * 1000


def handler(_event: object, context: Any) -> dict[str, float]:
    """What the process has cost up to now.

    Peak resident memory in MB; CPU time in ms of the whole process, of the import, and of a first call of the function,
    which is made only where MEASURED_EVENT names a file with its event; also how long that call took.
    """
    begin, begin_cpu = time.perf_counter(), time.process_time()
    _call(context)
    call_ms, call_cpu_ms = (time.perf_counter() - begin) * 1000, (time.process_time() - begin_cpu) * 1000
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # Not ru_maxrss: that counts the parent's memory too, from before the exec.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_kb = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return {
        "cpu_ms": (usage.ru_utime + usage.ru_stime) * 1000,
        "import_cpu_ms": _IMPORT_MS,
        "call_cpu_ms": call_cpu_ms,
        "call_ms": call_ms,
        "peak_mb": int(peak_kb) / 1024,
    }


def _call(context: Any) -> None:
    path = os.environ.get("MEASURED_EVENT")
    if path:
        _FUNCTION.handler(json.loads(Path(path).read_text(encoding="utf-8")), context)
