"""``sam local invoke`` against the local system: the variables that a function in a container needs."""

import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from local.aws.deployment import architecture
from local.aws.emulator import REGION
from local.aws.resources import SCRAM_SECRET_NAME, VANTIQ_SECRET_NAME
from local.system import PROBE_TOPIC, System

CONTAINER_HOST = "host.docker.internal"


class NoContainerAddressError(Exception):
    """The system was started without Docker Engine's bridge, so no container can reach it."""


def container_environment(system: System) -> dict[str, Any]:
    """The content of an ``--env-vars`` file; its keys are those of ``Parameters`` in ``events/env.example.json``.

    Raises:
        NoContainerAddressError: no container can reach the system.
    """
    if system.emulator.container_endpoint is None:
        raise NoContainerAddressError(
            "containers can't reach the local system: there was no docker0 bridge when it was started. Start Docker "
            "Engine, then run `make down` and `make up` (Docker Desktop and Podman have no such bridge)"
        )
    ca = system.kafka.ca_file.read_text()
    return {
        "Parameters": {
            "AWS_ENDPOINT_URL": system.emulator.container_endpoint,
            "CLUSTER_ARN": system.resources.cluster_arn,
            "AUTH_MODE": "scram",
            "SCRAM_SECRET_ARN": SCRAM_SECRET_NAME,
            "SCRAM_USERS": "",
            "BOOTSTRAP_SERVERS": system.kafka.bootstrap("CONTAINER"),
            "TRUSTED_CA": ca,
            "PROBE_TOPIC": PROBE_TOPIC,
            "PRODUCER_PROBE_LOGS": system.stack.physical_ids["ProducerProbeLogs"],
            "CONSUMER_PROBE_LOGS": system.stack.physical_ids["ConsumerProbeLogs"],
            "CONSUMER_GROUP": "laptop-consumer-probe",
            "VANTIQ_URL": f"https://{CONTAINER_HOST}:{system.vantiq_port}",
            "VANTIQ_TOKEN_SECRET_ARN": VANTIQ_SECRET_NAME,
            "VANTIQ_TRUSTED_CA": ca,
            "VANTIQ_NAMESPACE": "",
            "VANTIQ_TARGET": "topic:/msk/{topic}",
            **dict.fromkeys(("VANTIQ_ROUTES", "VANTIQ_PROXY", "VANTIQ_PROXY_SECRET_ARN", "VANTIQ_NO_PROXY"), ""),
            "PAYLOAD": "envelope",
            "RECORD_IDS": "position",
            "TOMBSTONES": "forward",
            "DEAD_LETTER_BUCKET": system.stack.physical_ids["DeadLetterBucket"],
            "POLLER_MODE": "on-demand",
            "DETAILED_METRICS": "false",
            "CERTIFICATE_WARN_DAYS": "14",
            "ADVANCED_SETTINGS": "",
            # SAM's own guesses at these would be looked for in vain.
            "SUBNET_IDS": ",".join(system.resources.subnet_ids),
            "SECURITY_GROUP_IDS": system.stack.physical_ids["FunctionSecurityGroup"],
            "FORWARDER_FUNCTION": system.stack.physical_ids["ForwarderFunction"],
            "FORWARDER_ROLE_ARN": "",
        }
    }


def sam_program() -> str:
    """SAM as this shell reaches it: by its name, or beside the Python that runs this."""
    if shutil.which("sam"):
        return "sam"
    program = Path(sys.executable).parent / "sam"
    if program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    return shlex.quote(str(program))


def invocation(file: Path, program: str) -> str:
    """The commands that build and invoke a function with the variables of ``file``, to be copied.

    Args:
        program: how SAM is called.
    """
    build = ".aws-sam/laptop"
    return f"""{file} written: the variables with which a function in a container reaches this system. Next:

  {program} build --build-dir {build}
  {program} local invoke ProducerProbeFunction --region {REGION} --template {build}/template.yaml \\
    --event events/producer_probe.json --env-vars {shlex.quote(str(file))} \\
    --add-host {CONTAINER_HOST}:host-gateway --parameter-overrides Architecture={architecture()} --language-extensions

Other functions and their events are in docs/local.md."""


def write_environment(system: System, path: Path) -> None:
    """Write the file; it names secrets and holds none.

    Raises:
        NoContainerAddressError: no container can reach the system.
    """
    path.write_text(json.dumps(container_environment(system), indent=2) + "\n")
