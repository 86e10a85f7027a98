"""Run the tests of schema registries with Apicurio Registry: ``python -m tests.contract.apicurio`` (`make registries`).

Apicurio is downloaded once from Maven Central, and runs with the project's Java on loopback, with everything in memory.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.maven import MavenContext

from local.kafka.java import PROJECTS_JAVA, java_environment
from local.ports import free_ports

VERSION = "3.3.3"
SHA_256 = "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63"
CACHE = Path(__file__).parents[2] / ".local" / "cache"
START_SECONDS = 120


def apicurio(cache: Path) -> Path:
    """The folder of the registry, downloaded the first time only."""
    folder = cache / f"apicurio-{VERSION}"
    if folder.is_dir():
        return folder
    print(f"downloading Apicurio Registry {VERSION}: 158 MB, once", flush=True)
    maven = MavenContext(repo_cache=cache / "apicurio-repository", timeout=60)
    package = (
        maven.project("io.apicurio", "apicurio-registry-app").at_version(VERSION).artifact("all", "tar.gz").resolve()
    )
    if hashlib.sha256(package.read_bytes()).hexdigest() != SHA_256:
        raise SystemExit(f"{package} is not what was pinned: delete it")
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    with tarfile.open(package) as archive:
        archive.extractall(partial, filter="data")
    partial.rename(folder)
    package.unlink()
    return folder


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A running registry; gives the URL of its API in Confluent's form."""
    (port,) = free_ports(1)
    options = {
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": port,
        "quarkus.management.enabled": "false",
        "apicurio.storage.kind": "sql",
        "apicurio.storage.sql.kind": "h2",
    }
    command = [
        str(PROJECTS_JAVA / "bin" / "java"),
        "-Xmx512m",
        *(f"-D{name}={value}" for name, value in options.items()),
    ]
    with (folder.parent / "apicurio.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "-jar", "quarkus-run.jar"], cwd=folder, env=java_environment(), stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            requests.get(f"{url}/subjects", timeout=5).raise_for_status()
        except requests.RequestException:
            time.sleep(0.5)
        else:
            return
    raise SystemExit(f"Apicurio does not start: see {CACHE / 'apicurio.log'}")


def main() -> None:
    """Run the tests; the exit code is theirs."""
    with running(apicurio(CACHE)) as url:
        tests = ["-m", "pytest", "-q", "-rs", "tests/contract/test_schema_registries.py"]
        done = subprocess.run([sys.executable, *tests], env={**os.environ, "SCHEMA_REGISTRY_URL": url}, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
