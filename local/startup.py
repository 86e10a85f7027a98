"""The whole system on one machine, up and down: its parts, the stack built and deployed, the pollers after it."""

import contextlib
import secrets
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
import yaml
from msk_toolkit.settings.topic_names import vantiq_name

from local.alarms.definitions import definitions, definitions_file
from local.alarms.process import mails_folder, start_alarms
from local.aws import deployment, emulator
from local.aws.emulator import Brokers, Emulator
from local.aws.network import open_broker_ports
from local.aws.processed import Stack
from local.aws.resources import Resources, create
from local.console.process import start_console
from local.interrupts import not_cut_off
from local.kafka.cluster import KafkaCluster, KafkaClusterError
from local.kafka.settings import KafkaOptions
from local.pollers import start_pollers
from local.ports import free_ports
from local.private_files import write_private
from local.steps import Steps
from local.system import CHECKOUT, PROBE_TOPIC, USERNAME, System, container_address, ledger

STACK = "msk-vantiq"
# Topics of the stand-in take arrays, so the forwarder sends them.
_MAX_BATCH_RECORDS = 50
# Where the probes' heartbeats go, so that the whole path is timed here too.
_HEARTBEATS = "/msk/heartbeat"
# The probes run five times as often as by default, and so do the alarms' periods pass.
ALARM_FACTOR = 5.0


def topic_names(declaration: Path = CHECKOUT / "topics.yaml") -> list[str]:
    """The declared topics that are forwarded: all but the probes' own."""
    topics = yaml.safe_load(declaration.read_text())["topics"]
    return [topic["name"] for topic in topics if topic["name"] != PROBE_TOPIC]


def stack_parameters(ca: str, vantiq_url: str) -> Mapping[str, str]:
    """The template's parameters for the local system, beside those that name the emulator's resources."""
    return {
        "AuthMode": "scram",
        "TrustedCa": ca,
        "VantiqUrl": vantiq_url,
        "VantiqPort": str(urlsplit(vantiq_url).port or 443),
        "VantiqTrustedCa": ca,
        "ForwardTopics": ",".join(topic_names()),
        "RecordsPerPost": str(_MAX_BATCH_RECORDS),
        "HeartbeatTarget": f"topic:{_HEARTBEATS}",
        # Nobody's records are here: `mskv verify --local --write TOPIC` may do what it does on AWS.
        "TestRecords": "true",
        "ProducerProbeSchedule": "rate(1 minute)",
        "ConsumerProbeSchedule": "rate(1 minute)",
        "DriftCheckSchedule": "rate(6 minutes)",
        # The emulator shows an invocation's log at its end. This leaves 30 of the forwarder's 120 s for attempts, so
        # that an outage is in its log within half a minute.
        "AdvancedSettings": '{"RESERVE_SECONDS": 90}',
    }


class Variant(NamedTuple):
    """How a system differs from that of `make up`.

    Args:
        parameters: of the stack, beside or instead of the usual ones.
        pollers: how many share a mapping's consumer group.
        watched: with alarms and console.
    """

    parameters: Mapping[str, str] = {}
    pollers: int = 1
    watched: bool = True


_USUAL = Variant()


def bring_up(run: Path, cache: Path, steps: Steps, variant: Variant = _USUAL) -> System:
    """Start everything in ``run``, build, deploy, and start the pollers of each mapping.

    What was started before an error stays in the ledger, for ``bring_down``.

    Raises:
        KafkaClusterError, KafkaUnavailableError, EmulatorError, DeploymentError, ProcessError: of the part that failed.
    """
    bring_down(run)
    _remove_remains(run)
    (run / "vantiq").mkdir(parents=True)
    # The build takes a processor for a while and depends on nothing that runs.
    with ThreadPoolExecutor(1) as pool:
        forwarded = {"ForwardTopics": ",".join(topic_names())}
        building = pool.submit(_timed_build, build_folder(run), forwarded, run / "sam-build.log")
        kafka = _start_kafka(run, cache, steps)
        token = secrets.token_urlsafe(24)
        aws, resources = _start_aws(run, cache, kafka, token, steps)
        with steps.step("sam build, begun together with the brokers") as step:
            built, seconds = building.result()
            step.result = f"{seconds:.1f} s in all, beside the steps above"
    system = _start_vantiq(run, kafka, token, aws, resources, steps)
    system = msgspec.structs.replace(system, pollers=variant.pollers)
    with steps.step("sam deploy"):
        steps.doing(lambda: last_line(run / "sam-deploy.log"))
        parameters = {**stack_parameters(kafka.ca_file.read_text(), system.vantiq_url), **variant.parameters}
        deployed = deployment.Deployment(built, STACK, parameters, run / "sam-deploy.log")
        stack = deployment.deploy(deployed, aws, resources)
        ec2 = aws.session().client("ec2", endpoint_url=aws.endpoint)
        functions = stack.physical_ids["FunctionSecurityGroup"]
        open_broker_ports(ec2, functions, resources.security_group_id, _broker_ports(kafka))
        system = msgspec.structs.replace(system, stack=stack)
    with steps.step(f"Event source mappings: pollers, {variant.pollers} for each"):
        start_pollers(system)
    write_private(run / "system.json", msgspec.json.encode(system, enc_hook=str))
    if variant.watched:
        _start_surfaces(system, built, steps)
    return system


def _start_surfaces(system: System, built: deployment.Build, steps: Steps) -> None:
    """What shows a system that a person looks at."""
    _start_alarms(system, built, steps)
    with steps.step("Console: web page with the whole path, and faults to try") as step:
        start_console(system.ledger, system.run, system.console_port)
        step.result = system.console_url


def _broker_ports(kafka: KafkaCluster) -> list[int]:
    """The ports that MSK's answer names."""
    ports: list[int] = []
    for listener in ("PLAINTEXT", "SSL", "SASL_SSL"):
        ports += kafka.settings.ports[listener].values()
    return ports


def build_folder(run: Path) -> Path:
    """Where the stack of a run is built: not in its own folder, which every start empties."""
    return run.with_name(f"{run.name}-build")


def _timed_build(folder: Path, forwarded: Mapping[str, str], log: Path) -> tuple[deployment.Build, float]:
    began = time.monotonic()
    built = deployment.build(CHECKOUT, folder, forwarded, log)
    return built, time.monotonic() - began


def last_line(log: Path) -> str:
    """The last line of a log that is being written; blanks in it count once."""
    try:
        lines = log.read_text(errors="replace").split("\n")
    except OSError:
        return "starting"
    texts = [" ".join(line.split()) for line in lines if line.strip(" -=")]
    return texts[-1] if texts else "starting"


def _start_kafka(run: Path, cache: Path, steps: Steps) -> KafkaCluster:
    with steps.step("Apache Kafka: three brokers, TLS and SASL/SCRAM"):
        options = KafkaOptions(
            username=USERNAME,
            password=secrets.token_urlsafe(24),
            cache=cache,
            container_address=container_address(),
        )
        return KafkaCluster.start(ledger(run), run / "kafka", options, on_progress=steps.say)


def _start_aws(
    run: Path, cache: Path, kafka: KafkaCluster, vantiq_token: str, steps: Steps
) -> tuple[Emulator, Resources]:
    with steps.step("AWS: emulator, cluster, key, secrets"):
        if not emulator.is_installed(cache):
            steps.say("installing the emulator: 60 MB, once")
        brokers = Brokers(kafka.bootstrap("PLAINTEXT"), kafka.bootstrap("SSL"), kafka.bootstrap("SASL_SSL"))
        aws = emulator.start(ledger(run), run, cache, brokers=brokers, container_address=container_address())
        resources = create(
            aws.session(),
            aws.endpoint,
            scram={"username": USERNAME, "password": kafka.settings.password},
            vantiq_token=vantiq_token,
            kafka_version=kafka.settings.version,
        )
        return aws, resources


def _start_vantiq(
    run: Path, kafka: KafkaCluster, token: str, aws: Emulator, resources: Resources, steps: Steps
) -> System:
    """The system with its stand-in, and without a stack yet."""
    with steps.step("Vantiq: stand-in"):
        # Drawn only now: until brokers and emulator listen, one of them could draw the same.
        vantiq_port, console_port = free_ports(2)
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
        return system


def bring_down(run: Path) -> list[str]:
    """End every process that the system in ``run`` has started, and no other; returns their names.

    Takes half a minute at most, and Ctrl-C waits for that.
    """
    with not_cut_off():
        names = ledger(run).running().keys()
        if (run / "kafka" / "cluster.json").exists():
            # Three brokers that leave at once wait for one another; their data is not kept anyway.
            # What another version of this checkout has started ends with the ledger alone.
            with contextlib.suppress(KafkaClusterError):
                KafkaCluster.open(run / "kafka").stop()
        stopped = sorted({*names, *ledger(run).stop_all()})
        # Hundreds of megabytes of unpacked functions; the next start begins without them anyway.
        emulator.remove_data(run)
        return stopped


def _remove_remains(run: Path) -> None:
    """Delete what an earlier run has left; not the ledger and its lock, which this very run holds."""
    run.mkdir(parents=True, exist_ok=True)
    for child in run.iterdir():
        if child.is_dir():
            shutil.rmtree(child)
        elif not child.name.startswith("processes"):
            child.unlink()


def _prepare_vantiq(kafka: KafkaCluster, home: Path, token: str) -> None:
    certificate, key = kafka.authority.issue("vantiq", ["localhost", "127.0.0.1", "host.docker.internal"])
    shutil.copy(certificate, home / "server.pem")
    shutil.copy(key, home / "server.key")
    names = [*(f"/msk/{vantiq_name(topic)}" for topic in topic_names()), _HEARTBEATS]
    topics = [{"name": name, "isReliable": True, "autoUnwind": True} for name in names]
    (home / "definitions.json").write_bytes(msgspec.json.encode({"topics": topics}))
    write_private(home / "token", token.encode())


def _start_alarms(system: System, built: deployment.Build, steps: Steps) -> None:
    with steps.step("Alarms: evaluated from the metrics in the logs") as step:
        file = definitions_file(system.run)
        file.parent.mkdir(exist_ok=True)
        template = yaml.safe_load(built.template.read_text())
        file.write_bytes(msgspec.json.encode(definitions(template, system.stack)))
        start_alarms(system.ledger, system.run, ALARM_FACTOR)
        step.result = f"periods {ALARM_FACTOR:g} times shorter than on AWS; mails in {mails_folder(system.run)}"
