"""``sam build`` and ``sam deploy``, for real, against the emulator."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from local.aws.completion import complete
from local.aws.emulator import REGION, Emulator
from local.aws.processed import Stack, read_stack
from local.aws.refusals import without_refused
from local.aws.resources import Resources

_BUILD_SECONDS = 600
_DEPLOY_SECONDS = 300
_LAST_LINES = 15
_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class DeploymentError(Exception):
    """``sam`` failed or took too long; the message ends with its last lines and names its log."""


class Build(msgspec.Struct, frozen=True):
    """What ``sam build`` has made: the built template as AWS would get it."""

    template: Path
    architecture: str


def architecture() -> str:
    """Lambda's name of this machine's processor."""
    return _ARCHITECTURES[platform.machine().lower()]


def build(checkout: Path, output: Path, parameters: Mapping[str, str], log: Path) -> Build:
    """Build the checkout's template into ``output``, for a deployment on this machine.

    ``parameters`` are the stack's: SAM needs those that a ``Fn::ForEach`` runs over.

    Raises:
        DeploymentError: ``sam build`` fails.
    """
    output.mkdir(parents=True, exist_ok=True)
    values = _write(output / "parameters.yaml", dict(parameters))
    arguments = [
        "build",
        f"--template-file={checkout / 'template.yaml'}",
        f"--build-dir={output / 'build'}",
        f"--cache-dir={output / 'cache'}",
        "--cached",
        "--parallel",
        "--language-extensions",
        f"--parameter-overrides=file://{values}",
    ]
    _sam(arguments, _Surroundings(checkout, log, dict(os.environ), _BUILD_SECONDS))
    return Build(output / "build" / "template.yaml", architecture())


class Deployment(NamedTuple):
    """What is deployed, under which name, and where the log goes.

    Args:
        parameters: the stack's, beside those that name the emulator's resources.
    """

    built: Build
    stack_name: str
    parameters: Mapping[str, str]
    log: Path


def deploy(deployment: Deployment, emulator: Emulator, resources: Resources) -> Stack:
    """Deploy what was built, and make what the emulator refuses of it in another form.

    Raises:
        DeploymentError: ``sam deploy`` fails.
        StillNeededError: the template uses what is refused.
    """
    built = deployment.built
    whole = yaml.safe_load(built.template.read_text())
    template, refusals = without_refused(whole)
    # JSON is YAML; beside the built template, because its paths are relative. The parameters go by a file too: a
    # certificate has line breaks.
    slim = _write(built.template.with_name("template.local.yaml"), template)
    values = {**resources.stack_parameters(), "Architecture": built.architecture, **deployment.parameters}
    arguments = [
        "deploy",
        f"--template-file={slim}",
        f"--stack-name={deployment.stack_name}",
        f"--s3-bucket={resources.artifact_bucket}",
        f"--region={REGION}",
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
        "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
        "--no-progressbar",
        "--language-extensions",
        f"--parameter-overrides=file://{_write(built.template.with_name('parameters.local.yaml'), values)}",
    ]
    # SAM polls the stack every five seconds by default; the emulator is done in less.
    environment = {**emulator.environment(), "SAM_CLI_POLL_DELAY": "0.5"}
    _sam(arguments, _Surroundings(built.template.parent, deployment.log, environment, _DEPLOY_SECONDS))
    stack = read_stack(emulator.session(), emulator.endpoint, deployment.stack_name)
    complete(emulator, stack, whole, refusals)
    return stack


def _write(path: Path, content: Any) -> Path:
    path.write_bytes(msgspec.json.encode(content))
    return path


class _Surroundings(NamedTuple):
    """Where and with what ``sam`` runs, and for how long at most."""

    cwd: Path
    log: Path
    environment: dict[str, str]
    limit_seconds: float


def _sam(arguments: Sequence[str], surroundings: _Surroundings) -> None:
    cwd, log, environment, limit = surroundings
    # SAM builds with the first python3.13 on PATH that has pip: the project's own.
    bin_folder = Path(sys.executable).parent
    environment = environment | {
        "PATH": os.pathsep.join([str(bin_folder), environment.get("PATH", os.defpath)]),
        "SAM_CLI_TELEMETRY": "0",
    }
    sam = shutil.which("sam", path=environment["PATH"]) or "sam"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        try:
            subprocess.run(
                [sam, *arguments],
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=limit,
                check=True,
            )
        except subprocess.TimeoutExpired as error:
            raise DeploymentError(f"sam {arguments[0]} took more than {limit:g} s{_ending(log)}") from error
        except (OSError, subprocess.CalledProcessError) as error:
            raise DeploymentError(f"sam {arguments[0]} failed{_ending(log)}") from error


def _ending(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()[-_LAST_LINES:]
    return "\n".join([f"; the end of its log ({log}):", *lines])
