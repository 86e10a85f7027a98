"""A cache of what brokers load at their start: with it, Java starts them in two thirds of the processor time.

Java writes it when a program ends, and reads it only with the same jars and the same Java (JEP 483 and 514, Java 25;
``docs/local.md`` has the measurement). The program here is one broker of its own, started and stopped once.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from local.downloads import sole_download
from local.kafka.java import java_environment
from local.kafka.kraft import FormatError
from local.kafka.logs import LOGGING
from local.kafka.preparation import prepare
from local.kafka.programs import KafkaPrograms
from local.kafka.settings import BROKER_IDS, KafkaOptions, KafkaSettings, port_count
from local.kafka.sockets import listening_ports
from local.kafka.versions import DEFAULT_VERSION
from local.ports import free_ports
from local.processes import Command, Ledger, ProcessError

_PROCESS = "kafka-once"
_START_SECONDS = 90.0
# Java writes the cache after the broker has stopped.
_END_SECONDS = 90.0


def write_startup_cache(
    programs: KafkaPrograms, options: KafkaOptions, on_progress: Callable[[str], object] = lambda _: None
) -> None:
    """Write the cache for the version that the local system runs, unless it is there or has failed before.

    Other versions are started too seldom for it to pay. Without the cache everything works, and starts more slowly.
    """
    file = programs.startup_cache
    if options.version != DEFAULT_VERSION or file.exists():
        return
    with sole_download(file):
        if file.exists():
            return
        on_progress("preparing a cache for faster starts of the brokers: 15 to 40 s, 70 MB, once")
        home = file.with_name(f"{file.name}.partial")
        shutil.rmtree(home, ignore_errors=True)
        try:
            _run_one_broker(programs, options, home)
            (home / file.name).rename(file)
        except (OSError, FormatError, ProcessError):
            # An empty file: Java passes over it, and nobody tries again.
            file.touch()
        finally:
            Ledger(home / "processes.json").stop_all(grace_seconds=0)
            shutil.rmtree(home, ignore_errors=True)


def _run_one_broker(programs: KafkaPrograms, options: KafkaOptions, home: Path) -> None:
    home.mkdir(parents=True)
    ledger, broker = Ledger(home / "processes.json"), BROKER_IDS[0]
    options = options._replace(container_address=None, brokers=1)
    settings = KafkaSettings.choose(home, ledger.path, options, free_ports(port_count(options.version, None, 1)))
    prepare(settings, home / "certificates", programs, ledger)
    recording = f"-XX:AOTCacheOutput={home / programs.startup_cache.name}"
    process = ledger.start(
        _PROCESS,
        Command(
            [*programs.command("kafka.Kafka", recording, *LOGGING), settings.properties_file(broker)],
            env=java_environment(),
            cwd=settings.broker_home(broker),
            log=home / "broker.log",
        ),
    )
    expected = {by_broker[broker] for by_broker in settings.ports.values()}
    ledger.await_ready({_PROCESS: lambda: expected <= listening_ports(process)}, _START_SECONDS)
    ledger.stop(_PROCESS, grace_seconds=_END_SECONDS)
