"""A version of Apache Kafka, ready to run: its jars together with the Java that runs them."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from local.kafka.jars import KafkaUnavailableError, kafka_jars
from local.kafka.java import PROJECTS_JAVA, JavaUnavailableError, java_home
from local.kafka.versions import runtime_of

# Compression libraries bring native code; without these two, Java 24 and later warn about it at every start.
_OF_NEW_JAVAS = ("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")
# A cache that does not fit is passed over; programs' output holds their own lines only.
_QUIET_ABOUT_THE_CACHE = ("-Xlog:aot*=off", "-Xlog:cds*=off")


class KafkaPrograms(NamedTuple):
    """The directory of the jars and the home of a Java runtime."""

    jars: Path
    java_home: Path

    @property
    def startup_cache(self) -> Path:
        """Where the cache of what brokers load at their start is kept: one for each version of Kafka and of Java."""
        release = (self.java_home / "release").read_text(encoding="utf-8")
        java = re.search(r'^JAVA_VERSION="(.+)"$', release, re.MULTILINE)
        return self.jars.with_name(f"{self.jars.name}-java-{java[1] if java else 'unknown'}.aot")

    def command(self, main_class: str, *options: str) -> list[str]:
        """The command line that runs a class of Kafka's; ``options`` are Java's."""
        return [
            str(self.java_home / "bin" / "java"),
            # Small and quick to start: three of these share a laptop with everything else.
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.awt.headless=true",
            *self._options_of_java(),
            *options,
            "-cp",
            str(self.jars / "*"),
            main_class,
        ]

    def _options_of_java(self) -> tuple[str, ...]:
        if self.java_home != PROJECTS_JAVA:
            return ()
        cache = self.startup_cache
        if not cache.exists() or cache.stat().st_size == 0:
            return _OF_NEW_JAVAS
        return (*_OF_NEW_JAVAS, f"-XX:AOTCache={cache}", *_QUIET_ABOUT_THE_CACHE)

    def console_tool(self, tool: str) -> list[str]:
        """The command line of one of Kafka's console tools, for example ``ConsoleConsumer``, ``TopicCommand``.

        Raises:
            KafkaUnavailableError: this version has no such tool.
        """
        # Kafka 3 and 4 moved them one by one from Scala's packages to Java's.
        packages = ("org.apache.kafka.tools", "org.apache.kafka.tools.consumer", "kafka.tools", "kafka.admin")
        for main_class in (f"{package}.{tool}" for package in packages):
            path = main_class.replace(".", "/") + ".class"
            if any(path in zipfile.ZipFile(jar).namelist() for jar in self.jars.glob("kafka*.jar")):
                return self.command(main_class)
        raise KafkaUnavailableError(f"{self.jars.name} has no console tool {tool}")


def kafka_programs(version: str, cache: Path, on_progress: Callable[[str], object] = lambda _: None) -> KafkaPrograms:
    """A version of Kafka with its Java, both under ``cache``; downloads them the first time only.

    Raises:
        KafkaUnavailableError: that fails, or the version can't be run here.
    """
    try:
        home = java_home(runtime_of(version).java, cache, on_progress)
    except (ValueError, JavaUnavailableError) as error:
        raise KafkaUnavailableError(str(error)) from error
    return KafkaPrograms(kafka_jars(version, cache, on_progress), home)
