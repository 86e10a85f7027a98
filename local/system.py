"""A running system on one machine: where its parts are, and how to reach them."""

import os
import socket
import ssl
import sys
from pathlib import Path
from typing import Self

import msgspec
import psutil

from local.aws import emulator
from local.aws.emulator import Emulator
from local.aws.functions import Function
from local.aws.processed import Stack
from local.aws.resources import Resources
from local.event_source_mapping.stats import Stats
from local.kafka.cluster import KafkaCluster
from local.processes import Command, Ledger

CHECKOUT = Path(__file__).resolve().parent.parent
HOME = CHECKOUT / ".local"
USERNAME = "test"
PROBE_TOPIC = "msk-toolkit-heartbeat"

VANTIQ, CONSOLE = "vantiq", "console"
_VANTIQ_READY_SECONDS = 20.0
_OTHER_RUN_SECONDS = 120.0


def container_address() -> str | None:
    """This machine's address as containers on Docker Engine's usual bridge see it; None where that is missing.

    Docker Desktop, Podman and rootless engines have no bridge on this machine.
    """
    for address in psutil.net_if_addrs().get("docker0", []):
        if address.family == socket.AF_INET:
            return address.address
    return None


class OtherVersionError(Exception):
    """The system was started by another version of this checkout."""


class System(msgspec.Struct, kw_only=True, frozen=True):
    """A running system, as another process needs to know it."""

    run: Path
    emulator: Emulator
    resources: Resources
    stack: Stack
    vantiq_port: int
    vantiq_token_file: Path
    console_port: int
    # So many processes share the consumer group of a mapping.
    pollers: int = 1

    @property
    def ledger(self) -> Ledger:
        """The processes of the system."""
        return ledger(self.run)

    @property
    def kafka(self) -> KafkaCluster:
        """The brokers."""
        return KafkaCluster.open(self.run / "kafka")

    @property
    def vantiq_url(self) -> str:
        """The stand-in's address on this machine."""
        return f"https://localhost:{self.vantiq_port}"

    @property
    def console_url(self) -> str:
        """The page with the whole path."""
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def vantiq_journal(self) -> Path:
        """What the stand-in accepted, a line for each event."""
        return self.run / "vantiq" / "journal.jsonl"

    def function(self, logical_id: str) -> Function:
        """A deployed function, such as ``TopicsFunction``."""
        name, session = self.stack.physical_ids[logical_id], self.emulator.session()
        # Most run once at a time, and the scheduler may have been first.
        return Function(name, session, self.emulator.endpoint, patience_seconds=_OTHER_RUN_SECONDS)

    def poller_stats(self) -> list[Stats]:
        """What each event source mapping has done so far."""
        files = sorted((self.run / "pollers").glob("*.stats.json"))
        return [msgspec.json.decode(file.read_bytes(), type=Stats) for file in files]

    def start_vantiq(self) -> None:
        """Start the stand-in, or start it again: same address, token and journal."""
        home = self.run / "vantiq"
        hosts = filter(None, ["127.0.0.1", container_address()])
        self.ledger.start(
            VANTIQ,
            module_command(
                "local.vantiq",
                f"--port={self.vantiq_port}",
                *(f"--host={host}" for host in hosts),
                *(f"--token-file={self.vantiq_token_file}", f"--journal={self.vantiq_journal}"),
                *(f"--cert={home / 'server.pem'}", f"--key={home / 'server.key'}"),
                f"--define={home / 'definitions.json'}",
                # Sources of type KAFKA run with the Java client of the brokers' own version.
                *("--kafka", *map(str, self.kafka.programs)),
                log=home / "vantiq.log",
            ),
            ready=lambda: _speaks_tls(self.vantiq_port, self.kafka.ca_file),
            deadline_seconds=_VANTIQ_READY_SECONDS,
        )

    def stop_vantiq(self) -> None:
        """Stop the stand-in; its journal stays."""
        self.ledger.stop(VANTIQ)

    @classmethod
    def open(cls, run: Path = HOME / "run") -> Self | None:
        """The system that another process has brought up; None where there is none.

        Raises:
            OtherVersionError: another version of this checkout started it; its files can't be read.
        """
        try:
            system = msgspec.json.decode(
                (run / "system.json").read_bytes(), type=cls, dec_hook=lambda kind, text: kind(text)
            )
        except FileNotFoundError:
            return None
        except msgspec.ValidationError as error:
            raise OtherVersionError(
                f"{run} was written by another version of this checkout; run make down, then make up"
            ) from error
        # Every other part can be stopped while the system runs.
        if emulator.PROCESS not in system.ledger.running():
            return None
        return system


def module_command(module: str, *arguments: str, log: Path) -> Command:
    """How a module of this checkout runs as a process of a system."""
    return Command([sys.executable, "-m", module, *arguments], env=dict(os.environ), cwd=CHECKOUT, log=log)


def ledger(run: Path) -> Ledger:
    """The ledger of the system in ``run``."""
    return Ledger(run / "processes.json")


def _speaks_tls(port: int, ca_file: Path) -> bool:
    context = ssl.create_default_context(cafile=ca_file)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=2) as plain,
            context.wrap_socket(plain, server_hostname="localhost"),
        ):
            return True
    except OSError:
        return False
