"""``python -m local.event_source_mapping --config FILE``: play one mapping until SIGTERM."""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from local.aws.functions import Function
from local.event_source_mapping.attempts import Invocation
from local.event_source_mapping.config import Config, bootstrap_servers, client_settings
from local.event_source_mapping.destination import AwsDestination, Destination
from local.event_source_mapping.event import Source
from local.event_source_mapping.kafka_destination import KafkaDestination
from local.event_source_mapping.kafka_source import KafkaSource
from local.event_source_mapping.mapping import KAFKA_DESTINATION, Mapping, MappingError, mapping_of
from local.event_source_mapping.poller import Poller, SourceError
from local.event_source_mapping.stats import StateFile, Stats, described
from local.event_source_mapping.switch import switch_of

# An invocation that lasts longer is abandoned: its records are not committed, so they are read again.
_STOP_SECONDS = 2.5


def main() -> int:
    """Returns the process's exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m local.event_source_mapping", description="Run one event source mapping until SIGTERM."
    )
    parser.add_argument(
        "--config", type=Path, required=True, help="JSON file with the fields of local/event_source_mapping/config.py"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: _stop(stop))
    signal.signal(signal.SIGINT, lambda *_: _stop(stop))
    try:
        config = msgspec.json.decode(arguments.config.read_bytes(), type=Config)
        _play(config, stop)
    except (OSError, msgspec.DecodeError, MappingError, BotoCoreError, ClientError) as error:
        print(f"{arguments.config}: {error}", file=sys.stderr)
        return 1
    return 0


def _play(config: Config, stop: threading.Event) -> None:
    mapping = mapping_of(config.properties)
    brokers = bootstrap_servers(config, mapping)
    source = Source(mapping.event_source_arn, brokers, config.tombstones)
    records = KafkaSource(mapping, partial(_connection, config, mapping, brokers))
    session, files = config.session(), _Files(config, mapping)
    invocation = Invocation(
        source,
        Function(mapping.function_name, session, config.endpoint_url).invoke,
        reading=config.partial_reading,
    )
    if mapping.on_failure_arn:
        invocation = invocation._replace(destination=_destination(config, mapping, source))
    poller = Poller(
        mapping,
        records,
        invocation,
        notice=lambda stats: files.write(stats, time.monotonic()),
        enabled=switch_of(config.mapping_id, session, config.endpoint_url) if config.switched else lambda: True,
    )
    try:
        poller.run(stop)
    finally:
        records.leave()
        poller.stats.state = "stopped"
        files.write_now(poller.stats)


def _destination(config: Config, mapping: Mapping, source: Source) -> Destination:
    if (mapping.on_failure_arn or "").startswith(KAFKA_DESTINATION):
        return KafkaDestination(mapping, source, partial(_connection, config, mapping, source.bootstrap_servers))
    return AwsDestination(mapping, source, config.mapping_id, config.session(), config.endpoint_url)


def _connection(config: Config, mapping: Mapping, brokers: str) -> dict[str, Any]:
    """How to connect, with the secret as it is now."""
    try:
        return client_settings(config, mapping, brokers)
    except (BotoCoreError, ClientError, MappingError) as error:
        raise SourceError(f"Authentication: {error}") from error


class _Files:
    """What the poller shows: its counts, and what Lambda's API says of its mapping."""

    def __init__(self, config: Config, mapping: Mapping) -> None:
        self._mapping = mapping
        self._stats = StateFile(Path(config.stats_file))
        self._described = None
        if config.described_file:
            self._described = StateFile(Path(config.described_file))

    def write(self, stats: Stats, now: float) -> None:
        self._stats.write(stats, now)
        if self._described:
            self._described.write(described(self._mapping, stats), now)

    def write_now(self, stats: Stats) -> None:
        self._stats.write_now(stats)
        if self._described:
            self._described.write_now(described(self._mapping, stats))


def _stop(stop: threading.Event) -> None:
    stop.set()
    timer = threading.Timer(_STOP_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    sys.exit(main())
