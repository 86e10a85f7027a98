"""Cold starts in Lambda's own runtime client, under Lambda's runtime interface emulator."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.cold_start_functions import ColdStartError, Subject, machine
from local.ports import free_ports

START_SECONDS = 10
INIT_SECONDS = 60
# Whatever reaches for AWS during init is refused at once, and seen: such an init fails.
AWS = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
}


class Sample(NamedTuple):
    """One cold start.

    Args:
        init_ms: from the first request to its answer, without the call: process start and imports.
        call_ms: how long the function's first call takes; 0 where it is not called.
        cpu_ms: of the whole process, with the runtime's client.
        import_cpu_ms: of the function's import alone.
        call_cpu_ms: of its first call.
    """

    init_ms: float
    cpu_ms: float
    peak_mb: float
    import_cpu_ms: float = 0.0
    call_cpu_ms: float = 0.0
    call_ms: float = 0.0


def measure(subject: Subject, runtime: Path) -> Sample:
    """Start a function once.

    Raises:
        ColdStartError: its init fails; the message holds the process's log.
    """
    with emulator(subject, runtime) as (port, log):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", data=b"{}"
        )
        begin = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=INIT_SECONDS) as response:  # noqa: S310 - http, this machine
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            raise ColdStartError(
                f"{subject.name}: its init ended with status {error.code}\n{log.read_text()}"
            ) from error
        init_ms = (time.perf_counter() - begin) * 1000
        if "cpu_ms" not in answer:
            raise ColdStartError(f"{subject.name}: {answer.get('errorMessage', answer)}\n{log.read_text()}")
        return Sample(**{**answer, "init_ms": init_ms - answer["call_ms"]})


@contextmanager
def emulator(subject: Subject, runtime: Path) -> Iterator[tuple[int, Path]]:
    """The runtime interface emulator for one function: its port and its log; ended with all its children."""
    port, api_port = free_ports(2)
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    search = [subject.task, *subject.layers, runtime, Path(__file__).parent]
    command = [
        emulator_program(),
        "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
        "--runtime-api-address", f"127.0.0.1:{api_port}",
        python, "-s", "-m", "awslambdaric", "cold_start_handler.handler",
    ]  # fmt: skip
    environment = {
        **AWS,
        **subject.environment,
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(map(str, search)),
        "MEASURED_MODULE": subject.module,
    }
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(
            list(map(str, command)), cwd=subject.task, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _await_port(port, process)
            yield port, Path(log.name)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=START_SECONDS)


def emulator_program() -> Path:
    """The runtime interface emulator that the SAM CLI carries for this machine."""
    spec = importlib.util.find_spec("samcli")
    if spec is None or not spec.submodule_search_locations:
        raise ColdStartError("aws-sam-cli is not installed: its runtime interface emulator is needed")
    return Path(spec.submodule_search_locations[0]) / "local" / "rapid" / f"aws-lambda-rie-{machine()}"


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return
    raise ColdStartError(f"the runtime interface emulator does not listen (exit status {process.poll()})")
