"""The whole system on one machine: Kafka, Vantiq's stand-in, AWS's emulator, the deployed stack, its pollers."""

import contextlib
import os
import secrets
import shutil
import socket
import ssl
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self

import msgspec
import psutil
import yaml

from local.aws import deployment, emulator
from local.aws.emulator import Brokers, Emulator
from local.aws.functions import Function
from local.aws.processed import Stack
from local.aws.resources import Resources, create
from local.console.process import start_console
from local.event_source_mapping.config import Config
from local.event_source_mapping.stats import Stats
from local.kafka.cluster import KafkaCluster, KafkaClusterError
from local.ports import free_ports
from local.processes import Ledger
from local.steps import Steps

CHECKOUT = Path(__file__).resolve().parent.parent
HOME = CHECKOUT / ".local"
STACK = "msk-vantiq"
USERNAME = "test"
PROBE_TOPIC = "msk-toolkit-heartbeat"

VANTIQ = "vantiq"
_VANTIQ_READY_S = 20.0
_POLLER_READY_S = 30.0
# Topics of the stand-in take arrays, so the forwarder sends them.
_RECORDS_PER_POST = 50
# Where the probes' heartbeats go, so that the whole path is timed here too.
_HEARTBEATS = "/msk/heartbeat"


def topic_names(declaration: Path = CHECKOUT / "topics.yaml") -> list[str]:
    """The declared topics that are forwarded: all but the probes' own."""
    topics = yaml.safe_load(declaration.read_text())["topics"]
    return [topic["name"] for topic in topics if topic["name"] != PROBE_TOPIC]


def container_address() -> str | None:
    """This machine's address as containers on Docker's bridge see it; None where Docker doesn't run."""
    for address in psutil.net_if_addrs().get("docker0", []):
        if address.family == socket.AF_INET:
            return address.address
    return None


class OtherVersionError(Exception):
    """What stands was started by another version of this checkout."""


class System(msgspec.Struct, kw_only=True, frozen=True):
    """A running system, as another process needs to know it."""

    run: Path
    emulator: Emulator
    resources: Resources
    stack: Stack
    vantiq_port: int
    vantiq_token_file: Path
    console_port: int

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
        """The page with the probes' last results."""
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def vantiq_journal(self) -> Path:
        """What the stand-in accepted, a line for each event."""
        return self.run / "vantiq" / "journal.jsonl"

    def function(self, logical_id: str) -> Function:
        """A deployed function, such as ``TopicsFunction``."""
        return Function(self.stack.physical_ids[logical_id], self.emulator.session(), self.emulator.endpoint)

    def poller_stats(self) -> list[Stats]:
        """What each event source mapping has done so far."""
        files = sorted((self.run / "pollers").glob("*.stats.json"))
        return [msgspec.json.decode(file.read_bytes(), type=Stats) for file in files]

    def start_vantiq(self) -> None:
        """Start the stand-in, or start it again: same address, token and journal."""
        home = self.run / "vantiq"
        address = container_address()
        hosts = ["127.0.0.1", *([address] if address else [])]
        self.ledger.start(
            VANTIQ,
            [
                *(sys.executable, "-m", "local.vantiq", f"--port={self.vantiq_port}"),
                *(f"--host={host}" for host in hosts),
                *(f"--token-file={self.vantiq_token_file}", f"--journal={self.vantiq_journal}"),
                *(f"--cert={home / 'server.pem'}", f"--key={home / 'server.key'}"),
                f"--define={home / 'definitions.json'}",
                # Sources of type KAFKA run with the Java client of the brokers' own version.
                *("--kafka", *map(str, self.kafka.programs)),
            ],
            env=dict(os.environ),
            cwd=CHECKOUT,
            log=home / "vantiq.log",
            ready=lambda: _speaks_tls(self.vantiq_port, self.kafka.ca_file),
            deadline_s=_VANTIQ_READY_S,
        )

    def stop_vantiq(self) -> None:
        """Stop the stand-in; its journal stays."""
        self.ledger.stop(VANTIQ)

    @classmethod
    def open(cls, run: Path = HOME / "run") -> Self | None:
        """The system that another process has brought up; None where there is none.

        Raises:
            OtherVersionError: another version of this checkout has; its notes can't be read.
        """
        try:
            system = msgspec.json.decode(
                (run / "system.json").read_bytes(), type=cls, dec_hook=lambda kind, text: kind(text)
            )
        except FileNotFoundError:
            return None
        except msgspec.ValidationError as error:
            told = f"what stands in {run} was started by another version of this checkout: make down, then make up"
            raise OtherVersionError(told) from error
        return system if VANTIQ in system.ledger.running() else None


def ledger(run: Path) -> Ledger:
    """The ledger of the system in ``run``."""
    return Ledger(run / "processes.json")


def stack_parameters(ca: str, vantiq_url: str) -> Mapping[str, str]:
    """The template's parameters for the local system, beside those that name the emulator's resources."""
    return {
        "AuthMode": "scram",
        "TrustedCa": ca,
        "VantiqUrl": vantiq_url,
        "VantiqTrustedCa": ca,
        "ForwardTopics": ",".join(topic_names()),
        "RecordsPerPost": str(_RECORDS_PER_POST),
        "HeartbeatTarget": f"topic:{_HEARTBEATS}",
        "ProducerProbeSchedule": "rate(1 minute)",
        "ConsumerProbeSchedule": "rate(1 minute)",
    }


def bring_up(run: Path, cache: Path, steps: Steps) -> System:
    """Start everything in ``run``, build, deploy, and start a poller for each mapping.

    Raises the parts' own errors; what was started stays in the ledger, for :func:`bring_down`.
    """
    bring_down(run)
    _remove_remains(run)
    (run / "vantiq").mkdir(parents=True)
    vantiq_port, console_port = free_ports(2)
    # The build takes a processor for a while and depends on nothing that runs.
    with ThreadPoolExecutor(1) as pool:
        forwarded = {"ForwardTopics": ",".join(topic_names())}
        building = pool.submit(deployment.build, CHECKOUT, HOME / "build", forwarded, run / "sam-build.log")
        password = secrets.token_urlsafe(24)
        with steps.step("Apache Kafka: three brokers, TLS and SASL/SCRAM"):
            kafka = KafkaCluster.start(
                ledger(run),
                run / "kafka",
                username=USERNAME,
                password=password,
                cache=cache,
                container_address=container_address(),
                on_progress=steps.say,
            )
        with steps.step("AWS: emulator, cluster, key, secrets"):
            brokers = Brokers(kafka.bootstrap("PLAINTEXT"), kafka.bootstrap("SSL"), kafka.bootstrap("SASL_SSL"))
            aws = emulator.start(ledger(run), run, cache, brokers=brokers, container_address=container_address())
            token = secrets.token_urlsafe(24)
            resources = create(
                aws.session(),
                aws.endpoint,
                scram={"username": USERNAME, "password": password},
                vantiq_token=token,
                kafka_version=kafka.settings.version,
            )
        with steps.step("sam build"):
            built = building.result()
    with steps.step("Vantiq: stand-in"):
        system = System(
            run=run,
            emulator=aws,
            resources=resources,
            stack=Stack("", "", {}, {}, {}, {}, {}),
            vantiq_port=vantiq_port,
            vantiq_token_file=run / "vantiq" / "token",
            console_port=console_port,
        )
        _prepare_vantiq(kafka, run / "vantiq", token)
        system.start_vantiq()
    with steps.step("sam deploy"):
        parameters = stack_parameters(kafka.ca_file.read_text(), system.vantiq_url)
        stack = deployment.deploy(built, aws, resources, STACK, parameters, run / "sam-deploy.log", steps.say)
        system = msgspec.structs.replace(system, stack=stack)
    with steps.step("Event source mappings: a poller for each"):
        _start_pollers(system)
    _write_private(run / "system.json", msgspec.json.encode(system, enc_hook=str))
    with steps.step("Console: a page with the probes' last results") as step:
        start_console(ledger(run), run, console_port, CHECKOUT)
        step.result = system.console_url
    return system


def bring_down(run: Path) -> list[str]:
    """End every process that the system in ``run`` has started, and no other; answers their names."""
    names = ledger(run).running().keys()
    if (run / "kafka" / "cluster.json").exists():
        # Three brokers that leave at once wait for one another; their data is not kept anyway.
        # What another version of this checkout has started ends with the ledger alone.
        with contextlib.suppress(KafkaClusterError):
            KafkaCluster.open(run / "kafka").stop()
    return sorted({*names, *ledger(run).stop_all()})


def _remove_remains(run: Path) -> None:
    """Delete what an earlier run has left; not the ledger and its lock, which this very run holds."""
    for child in run.iterdir() if run.exists() else ():
        if child.is_dir():
            shutil.rmtree(child)
        elif not child.name.startswith("processes"):
            child.unlink()


def _prepare_vantiq(kafka: KafkaCluster, home: Path, token: str) -> None:
    certificate, key = kafka.authority.issue("vantiq", ["localhost", "127.0.0.1", "host.docker.internal"])
    shutil.copy(certificate, home / "server.pem")
    shutil.copy(key, home / "server.key")
    names = [*(f"/msk/{topic}" for topic in topic_names()), _HEARTBEATS]
    topics = [{"name": name, "isReliable": True, "autoUnwind": True} for name in names]
    (home / "definitions.json").write_bytes(msgspec.json.encode({"topics": topics}))
    _write_private(home / "token", token.encode())


def _start_pollers(system: System) -> None:
    home = system.run / "pollers"
    home.mkdir(exist_ok=True)
    for source in system.stack.event_sources():
        config, stats = home / f"{source.logical_id}.json", home / f"{source.logical_id}.stats.json"
        config.write_bytes(
            msgspec.json.encode(
                Config(
                    properties=source.properties,
                    mapping_id=source.mapping_id,
                    endpoint_url=system.emulator.endpoint,
                    region=emulator.REGION,
                    stats_file=str(stats),
                    ca_file=str(system.kafka.ca_file),
                )
            )
        )
        system.ledger.start(
            f"poller-{source.logical_id}",
            [sys.executable, "-m", "local.event_source_mapping", f"--config={config}"],
            env=dict(os.environ),
            cwd=CHECKOUT,
            log=home / f"{source.logical_id}.log",
            ready=partial(_polls, stats),
            deadline_s=_POLLER_READY_S,
        )


def _polls(stats: Path) -> bool:
    return stats.exists() and msgspec.json.decode(stats.read_bytes(), type=Stats).state == "polling"


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


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
