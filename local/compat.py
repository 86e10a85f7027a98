"""Topics, probes and connect on several versions of Apache Kafka: `python -m local.compat [VERSION ...]`.

Each version runs the integration tests of its part, and a table says how many passed.
"""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from rich.console import Console
from rich.table import Table

VERSIONS = ("3.9.1", "4.0.0", "4.1.0")
# The local brokers are KRaft nodes; these versions have only ZooKeeper, or a KRaft that their makers call a preview.
NOT_RUN = {
    "2.2.1": "needs ZooKeeper and Java 11, which the local system does not start",
    "2.8.2": "KRaft is a preview without SCRAM and without ACLs; ZooKeeper is not started",
}
PARTS = {
    "topics": "tests/integration/test_topics_on_kafka.py",
    "probes": "tests/integration/test_probes_on_kafka.py",
    "connect, files": "tests/integration/test_connect_files_on_kafka.py",
    "connect, source": "tests/integration/test_connect_source_on_kafka.py",
}
_MOST_SECONDS = 1200


def main(versions: list[str]) -> int:
    """Run and print; the exit status counts the parts that failed."""
    table = Table("Apache Kafka", *PARTS, title="Compatibility")
    failed = 0
    for version in versions or VERSIONS:
        cells = [_run(version, path) for path in PARTS.values()]
        failed += sum("failed" in cell for cell in cells)
        table.add_row(version, *cells)
    console = Console(width=140)
    console.print(table)
    for version, reason in NOT_RUN.items():
        console.print(f"{version} was not run: {reason}.")
    return failed


def _run(version: str, path: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", path, f"--junitxml={report}"]
        done = subprocess.run(
            command,
            env={**os.environ, "KAFKA_VERSION": version},
            timeout=_MOST_SECONDS,
            capture_output=True,
            check=False,
        )
        if not report.exists():
            return f"failed with status {done.returncode}"
        suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - pytest has just written it
    if suite is None:
        return "failed without a report"
    count = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    bad = count["failures"] + count["errors"]
    passed = count["tests"] - bad - count["skipped"]
    said = [
        f"{passed} passed",
        f"{bad} failed" if bad else "",
        f"{count['skipped']} skipped" if count["skipped"] else "",
    ]
    return ", ".join(part for part in said if part)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
