"""Init time and peak memory of every built function: ``python -m benchmarks.cold_start``.

Each start is Lambda's own runtime client (awslambdaric) under Lambda's runtime interface emulator, as plain
processes without any limit of CPU: trust the ratios to the two bare functions of the same run, not the milliseconds.
"""

import argparse
import compileall
import importlib.util
import json
import os
import platform
import py_compile
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from rich.console import Console
from rich.table import Table

from local.container.runtime import runtime_files
from local.ports import free_ports

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".aws-sam" / "build"
REPORT = ROOT / "build" / "bench" / "cold_start.json"
START_SECONDS = 10
INIT_SECONDS = 60

BARE = "a bare handler"
BARE_BOTO3 = "a bare boto3 Secrets Manager client"
BARE_SOURCES = {
    BARE: "def handler(event, context):\n    return event\n",
    BARE_BOTO3: "import boto3\n\nclient = boto3.client('secretsmanager')\n\n\n"
    "def handler(event, context):\n    return event\n",
}
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


class ColdStartError(RuntimeError):
    """A function could not be started, or the build is not for this machine."""


class Subject(NamedTuple):
    """A function to start: its folder and module, the folders of its layers, its environment."""

    name: str
    task: Path
    module: str
    layers: tuple[Path, ...]
    environment: Mapping[str, str]


class Sample(NamedTuple):
    """One cold start. ``init_ms`` is from the first request to its answer: process start, imports, an empty call."""

    init_ms: float
    cpu_ms: float
    peak_mb: float


class Row(NamedTuple):
    """Medians of a function, and its init time against the two bare functions."""

    function: str
    init_ms: float
    cpu_ms: float
    peak_mb: float
    times_bare: float
    times_boto3: float


def built_functions(build: Path, variables: Mapping[str, Mapping[str, str]]) -> list[Subject]:
    """The functions of a ``sam build``.

    ``variables`` by logical id, as ``sam local invoke --env-vars`` takes them.

    Raises:
        ColdStartError: the build has no layer for this machine.
    """
    template = yaml.safe_load((build / "template.yaml").read_text(encoding="utf-8"))
    declared = _of_type(template, "AWS::Serverless::LayerVersion").values()
    layers = [
        build / layer["ContentUri"] / "python" for layer in declared if machine() in layer["CompatibleArchitectures"]
    ]
    if not layers:
        raise ColdStartError(f"{build / 'template.yaml'} has no layer for {machine()}")
    return [
        Subject(
            name=name,
            task=build / properties["CodeUri"],
            module=properties["Handler"].rpartition(".")[0],
            layers=tuple(layers),
            environment=variables.get(name, {}),
        )
        for name, properties in _of_type(template, "AWS::Serverless::Function").items()
    ]


def _of_type(template: dict[str, Any], resource_type: str) -> dict[str, dict[str, Any]]:
    """The properties of the resources of a type, by logical id; a loop (Fn::ForEach) is a list, and left out."""
    resources = {name: value for name, value in template["Resources"].items() if isinstance(value, dict)}
    return {name: value["Properties"] for name, value in resources.items() if value["Type"] == resource_type}


def machine() -> str:
    """This machine's architecture as Lambda calls it."""
    return {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


def bare_functions(folder: Path) -> list[Subject]:
    """The two functions to compare with, written and compiled below ``folder``."""
    subjects = []
    for number, (name, source) in enumerate(BARE_SOURCES.items()):
        task = folder / f"bare{number}"
        task.mkdir()
        (task / "bare.py").write_text(source, encoding="utf-8")
        subjects.append(Subject(name, task, "bare", (), {}))
        compile_folder(task)
    return subjects


def runtime_folder(folder: Path) -> Path:
    """A stand-in for /var/runtime below ``folder``: awslambdaric and boto3, compiled."""
    for path, source in runtime_files().items():
        target = folder / "runtime" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    compile_folder(folder / "runtime")
    return folder / "runtime"


def compile_folder(folder: Path) -> None:
    """Compile as the build does."""
    compileall.compile_dir(folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


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
        return Sample(init_ms=init_ms, **answer)


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


def measure_all(subjects: list[Subject], runtime: Path, repetitions: int) -> dict[str, list[Sample]]:
    """Samples by function. Repetitions are interleaved, so that a slow moment of the machine meets all of them."""
    samples: dict[str, list[Sample]] = {subject.name: [] for subject in subjects}
    for repetition in range(repetitions + 1):
        for subject in subjects:
            sample = measure(subject, runtime)
            if repetition:  # the first one fills the file cache
                samples[subject.name].append(sample)
    return samples


def summary(samples: Mapping[str, list[Sample]]) -> list[Row]:
    """Medians by function, in the order of ``samples``, which hold the two bare ones."""
    init = {name: statistics.median(sample.init_ms for sample in taken) for name, taken in samples.items()}
    return [
        Row(
            function=name,
            init_ms=round(init[name], 1),
            cpu_ms=round(statistics.median(sample.cpu_ms for sample in taken), 1),
            peak_mb=round(statistics.median(sample.peak_mb for sample in taken), 1),
            times_bare=round(init[name] / init[BARE], 2),
            times_boto3=round(init[name] / init[BARE_BOTO3], 2),
        )
        for name, taken in samples.items()
    ]


def show(rows: list[Row]) -> None:
    """Print the table."""
    table = Table("function", title="Cold start of the built functions (medians)")
    for heading in ("init ms", "CPU ms", "peak MB", "x bare", "x boto3"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(row.function, *(f"{value:g}" for value in row[1:]))
    Console().print(table)


def main() -> int:
    """Measure, print, write the report; 1 with a sentence on stderr when something can't be started."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cold_start", description="Init time and peak memory of every built function."
    )
    parser.add_argument("--build", type=Path, default=BUILD, help="folder of a sam build for this machine")
    parser.add_argument("--env-vars", type=Path, help="as for sam local invoke: variables by logical id (JSON)")
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            variables = {}
            if options.env_vars:
                variables = json.loads(options.env_vars.read_text(encoding="utf-8"))
            subjects = bare_functions(Path(folder)) + built_functions(options.build.resolve(), variables)
            rows = summary(measure_all(subjects, runtime_folder(Path(folder)), options.repetitions))
    except ColdStartError as exc:
        print(exc, file=sys.stderr)
        return 1
    show(rows)
    options.report.parent.mkdir(parents=True, exist_ok=True)
    report = {"repetitions": options.repetitions, "machine": machine(), "functions": [row._asdict() for row in rows]}
    options.report.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
