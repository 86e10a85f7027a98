"""The jars of a version of Apache Kafka, from Maven Central."""

import os
import shutil
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext

from local.downloads import sole_download
from local.kafka.checksums import ChecksumError, expect, verify
from local.kafka.versions import runtime_of

# Backends of slf4j that some versions bring (3.6 one that is only a name by now); ours takes their place.
_OTHER_LOGGING = {"slf4j-log4j12", "slf4j-reload4j"}
# Of 4.1.2; other versions differ little.
_DOWNLOAD_MB = 45
_PROGRESS_SECONDS = 2.0


class KafkaUnavailableError(Exception):
    """A Kafka version is not available, or can't be run here."""


def kafka_jars(version: str, cache: Path, on_progress: Callable[[str], object] = lambda _: None) -> Path:
    """The directory under ``cache`` with the jars of a Kafka version; downloads them the first time only.

    Raises:
        KafkaUnavailableError: that fails.
    """
    jars = cache / f"kafka-{version}"
    if jars.is_dir():
        return jars
    with sole_download(jars):
        if not jars.is_dir():
            on_progress(f"downloading Apache Kafka {version}: about {_DOWNLOAD_MB} MB, once")
            _bring(version, jars, on_progress)
    return jars


def _bring(version: str, jars: Path, on_progress: Callable[[str], object]) -> None:
    # Whatever is interrupted leaves only this directory; the final name means that everything is there.
    partial = jars.with_name(f"{jars.name}.{os.getpid()}.partial")
    try:
        expect(version)
        library = download(version, partial, on_progress)
        verify(version, library)
        library.rename(jars)
    except ChecksumError as error:
        raise KafkaUnavailableError(str(error)) from error
    except (
        RuntimeError,
        OSError,
        zipfile.BadZipFile,
    ) as error:  # jgo raises RuntimeError; requests' errors are OSError
        raise KafkaUnavailableError(f"Apache Kafka {version} can't be downloaded: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def download(version: str, directory: Path, on_progress: Callable[[str], object]) -> Path:
    """Resolve and download into ``directory``; returns the folder in it that has the jars alone, not yet verified.

    Raises:
        RuntimeError, OSError, zipfile.BadZipFile: that fails.
    """
    maven = MavenContext(repo_cache=directory / "repository", timeout=60)
    runtime = runtime_of(version)
    dependencies = [maven.create_dependency(f"org.apache.kafka:kafka_{runtime.scala}:{version}")]
    if not runtime.zookeeper:  # before, the brokers' jar had the tools
        connect = maven.project("org.apache.kafka", "connect-runtime")  # the tools' web server: 60 jars for nothing
        dependencies.append(maven.create_dependency(f"org.apache.kafka:kafka-tools:{version}", [connect]))
    direct, transitive = maven.resolver.resolve(dependencies)
    artifacts = [dependency.artifact for dependency in (*direct, *transitive)]
    artifacts = [artifact for artifact in artifacts if artifact.artifactId not in _OTHER_LOGGING]
    # Kafka logs through slf4j and leaves the choice of a backend to us. The simplest one, which has the version of
    # the interface, needs no configuration file.
    slf4j = next(artifact for artifact in artifacts if artifact.artifactId == "slf4j-api")
    artifacts.append(maven.project("org.slf4j", "slf4j-simple").at_version(slf4j.version).artifact())
    library = directory / "lib"
    library.mkdir(parents=True)
    size, next_report = 0, time.monotonic() + _PROGRESS_SECONDS
    with ThreadPoolExecutor(4) as pool:
        for number, jar in enumerate(pool.map(lambda artifact: artifact.resolve(), artifacts), 1):
            size += jar.stat().st_size
            if time.monotonic() >= next_report:
                next_report = time.monotonic() + _PROGRESS_SECONDS
                on_progress(f"{number} of {len(artifacts)} files, {size / 1e6:.0f} MB")
            with zipfile.ZipFile(jar) as archive:
                if archive.testzip() is not None:
                    raise zipfile.BadZipFile(f"{jar.name} is damaged")
            jar.rename(library / jar.name)
    return library
