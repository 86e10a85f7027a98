"""Init time and peak memory of every built function, and first calls: ``python -m benchmarks.cold_start``.

Each start is Lambda's own runtime client (awslambdaric) under Lambda's runtime interface emulator, as plain
processes without any limit of CPU: trust the ratios within one run, not the milliseconds.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.cold_start_endpoint import endpoint
from benchmarks.cold_start_functions import (
    BARE,
    BARE_BOTO3,
    ColdStartError,
    Subject,
    bare_functions,
    built_functions,
    machine,
    runtime_folder,
)
from benchmarks.cold_start_runs import Sample, measure

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".aws-sam" / "build"
REPORT = ROOT / "build" / "bench" / "cold_start.json"
FORWARDER = "ForwarderFunction"
# Its first call reads the token's secret and brings two records to Vantiq; the bare boto3 function reads the secret.
FIRST_CALL = "first call of "
EVENT = ROOT / "events" / "forwarder.json"


class Row(NamedTuple):
    """Medians of a function.

    Args:
        times_bare: its init time in that of a bare handler.
        times_boto3: in that of a bare boto3 client.
        work_times_boto3: CPU time of import and first call, in that of the bare boto3 client's import and, where the
            function is called, first call: the figure that a busy machine changes least.
    """

    function: str
    init_ms: float
    call_ms: float
    import_cpu_ms: float
    call_cpu_ms: float
    peak_mb: float
    times_bare: float
    times_boto3: float
    work_times_boto3: float


def called(subject: Subject, url: str) -> Subject:
    """The function with all that its first call needs.

    Args:
        url: of what answers as Secrets Manager and as Vantiq.
    """
    variables = {
        "MEASURED_EVENT": str(EVENT),
        "AWS_ENDPOINT_URL": url,
        "AWS_LAMBDA_FUNCTION_NAME": "measured",
        "VANTIQ_URL": url,
        "VANTIQ_TOKEN_SECRET_ARN": "vantiq-token",
        "VANTIQ_TARGET": "topic:/measured",
        "TARGET_CHECK": "off",
        "POLLER_MODE": "on-demand",
    }
    return subject._replace(name=FIRST_CALL + subject.name, environment={**subject.environment, **variables})


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
    medians = {name: _median(taken) for name, taken in samples.items()}
    bare, boto3 = medians[BARE], medians[BARE_BOTO3]
    rows = []
    for name, median in medians.items():
        yardstick = medians.get(FIRST_CALL + BARE_BOTO3, boto3) if name.startswith(FIRST_CALL) else boto3
        rows.append(
            Row(
                function=name,
                init_ms=round(median.init_ms, 1),
                call_ms=round(median.call_ms, 1),
                import_cpu_ms=round(median.import_cpu_ms, 1),
                call_cpu_ms=round(median.call_cpu_ms, 1),
                peak_mb=round(median.peak_mb, 1),
                times_bare=round(median.init_ms / bare.init_ms, 2),
                times_boto3=round(median.init_ms / boto3.init_ms, 2),
                work_times_boto3=round(_work(median) / max(_work(yardstick), 0.001), 2),
            )
        )
    return rows


def _median(samples: list[Sample]) -> Sample:
    return Sample(*map(statistics.median, zip(*samples, strict=True)))


def _work(sample: Sample) -> float:
    return sample.import_cpu_ms + sample.call_cpu_ms


def show(rows: list[Row]) -> None:
    """Print the table."""
    table = Table("function", title="Cold start of the built functions (medians)")
    for heading in ("init ms", "call ms", "import CPU", "call CPU", "peak MB", "x bare", "x boto3", "CPU x boto3"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(row.function, *(f"{value:g}" for value in row[1:]))
    Console().print(table)


def _forwarder(subjects: list[Subject], suffix: str) -> list[Subject]:
    return [subject._replace(name=subject.name + suffix) for subject in subjects if subject.name == FORWARDER]


def main() -> int:
    """Measure, print, write the report; 1 with a sentence on stderr when something can't be started."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cold_start", description="Init time and peak memory of every built function."
    )
    parser.add_argument("--build", type=Path, default=BUILD, help="folder of a sam build for this machine")
    parser.add_argument("--baseline", type=Path, help="folder of another sam build, whose forwarder is measured beside")
    parser.add_argument("--env-vars", type=Path, help="as for sam local invoke: variables by logical id (JSON)")
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            variables = {}
            if options.env_vars:
                variables = json.loads(options.env_vars.read_text(encoding="utf-8"))
            bare, built = bare_functions(Path(folder)), built_functions(options.build.resolve(), variables)
            forwarders = _forwarder(built, "")
            if options.baseline:
                forwarders += _forwarder(built_functions(options.baseline.resolve(), variables), ", baseline")
            with endpoint() as url:
                first_calls = [called(subject, url) for subject in bare[1:] + forwarders]
                subjects = bare + built + forwarders[1:] + first_calls
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
