"""The ZooKeeper of old versions of Kafka: one process beside the brokers, which keeps the cluster's metadata."""

import base64
import hashlib
import hmac
import json
import secrets
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kazoo.client import KazooClient
from kazoo.handlers.threading import KazooTimeoutError

from local.kafka.java import java_environment
from local.kafka.logs import LOGGING
from local.kafka.programs import KafkaPrograms
from local.kafka.properties import properties_text
from local.kafka.sockets import listening_ports
from local.processes import Command, Ledger

PROCESS = "zookeeper"
_HOST = "127.0.0.1"
_READY_SECONDS = 60.0
_CONNECT_SECONDS = 10.0
_SESSION_END_SECONDS = 30.0
_SCRAM_ITERATIONS = 4096


class ZooKeeperError(Exception):
    """ZooKeeper does not answer, or did not do what it was asked within its time."""


class ZooKeeper:
    """The ZooKeeper that listens on ``127.0.0.1:port``, its files in ``home`."""

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._port = port

    def start(self, programs: KafkaPrograms, ledger: Ledger) -> None:
        """Start it with empty data, under the name ``zookeeper``.

        Raises:
            ProcessError, AlreadyRunningError: it does not start.
        """
        self._home.mkdir()
        properties = {
            "dataDir": self._home / "data",
            "clientPort": self._port,
            "clientPortAddress": _HOST,
            "maxClientCnxns": 0,
            # Sessions end within a tick of their time: a broker that was killed can come back soon.
            "tickTime": 500,
        }
        path = self._home / "zookeeper.properties"
        path.write_text(properties_text(properties))
        # No management of a logger that isn't there, and no web server.
        options = ["-Dzookeeper.jmx.log4j.disable=true", "-Dzookeeper.admin.enableServer=false", *LOGGING]
        ledger.start(
            PROCESS,
            Command(
                [*programs.command("org.apache.zookeeper.server.ZooKeeperServerMain", *options), path],
                env=java_environment(),
                cwd=self._home,
                log=self._home / "zookeeper.log",
            ),
            ready=lambda: self._port in listening_ports(ledger.running().get(PROCESS)),
            deadline_seconds=_READY_SECONDS,
        )

    def put_scram_user(self, username: str, password: str) -> None:
        """Add a SCRAM-SHA-512 user or change its password, as Kafka's own tool writes it; brokers learn of it later.

        Raises:
            ZooKeeperError: it does not answer.
        """
        # The tool takes passwords on its command line, which everyone on this machine can read.
        entity = f"users/{urllib.parse.quote(username, safe='')}"
        config = {"version": 1, "config": {"SCRAM-SHA-512": _scram_credential(password)}}
        notice = {"version": 2, "entity_path": entity}
        with self._session() as session:
            path = f"/config/{entity}"
            session.ensure_path(path)
            session.set(path, json.dumps(config).encode())
            session.ensure_path("/config/changes")
            session.create("/config/changes/config_change_", json.dumps(notice).encode(), sequence=True)

    def await_end_of_session(self, broker: int) -> None:
        """Return when the broker's former self is forgotten: until then it may not come back.

        Raises:
            ZooKeeperError: that takes more than 30 s.
        """
        deadline = time.monotonic() + _SESSION_END_SECONDS
        with self._session() as session:
            while session.exists(f"/brokers/ids/{broker}"):
                if time.monotonic() > deadline:
                    raise ZooKeeperError(f"broker {broker} is still registered after {_SESSION_END_SECONDS:g} s")
                time.sleep(0.05)

    @contextmanager
    def _session(self) -> Iterator[KazooClient]:
        session = KazooClient(f"{_HOST}:{self._port}")
        try:
            session.start(timeout=_CONNECT_SECONDS)
            yield session
        except KazooTimeoutError as error:
            raise ZooKeeperError(f"no answer within {_CONNECT_SECONDS:g} s") from error
        finally:
            session.stop()
            session.close()


def _scram_credential(password: str) -> str:
    """What is kept of a password (RFC 5802): nothing that would let anyone log in."""
    salt = secrets.token_bytes(24)
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _SCRAM_ITERATIONS)
    client_key, server_key = (hmac.digest(salted, name, "sha512") for name in (b"Client Key", b"Server Key"))
    kept = {"salt": salt, "stored_key": hashlib.sha512(client_key).digest(), "server_key": server_key}
    encoded = [f"{name}={base64.b64encode(value).decode()}" for name, value in kept.items()]
    return ",".join([*encoded, f"iterations={_SCRAM_ITERATIONS}"])
