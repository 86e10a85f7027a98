"""The AWS emulator: ministack, installed in an environment of its own, run as a process of the ledger."""

import os
import secrets
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import boto3
import msgspec

from local.downloads import sole_download
from local.ports import free_ports
from local.processes import Command, Ledger
from local.uv import UvMissingError, find_uv

# It pins a botocore of its own, so it can't live in the project's environment.
_REQUIREMENTS = Path(__file__).parents[2] / "locks" / "ministack.txt"
PROCESS = "aws"
REGION: Final = "eu-central-1"
_APPLICATION = Path(__file__).with_name("emulated") / "application.py"
_CONTAINER_HOST = "host.docker.internal"
_INSTALL_SECONDS = 180
_READY_SECONDS = 60


class EmulatorError(Exception):
    """The emulator can't be installed."""


class Brokers(msgspec.Struct, frozen=True):
    """What MSK's GetBootstrapBrokers answers, as ``host:port,host:port``; empty for a listener that isn't there."""

    plaintext: str
    tls: str
    scram: str


class Emulator(msgspec.Struct, frozen=True):
    """A running emulator.

    Args:
        container_endpoint: how containers reach it, None without Docker's bridge.
        session_token: what every request to it must carry; the other credentials may be any.
    """

    endpoint: str
    container_endpoint: str | None
    session_token: str

    def session(self) -> boto3.Session:
        """A session whose clients it answers."""
        return session(self.session_token)

    def environment(self) -> dict[str, str]:
        """What a program needs to talk to it instead of AWS, without the user's own settings and credentials."""
        ours = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": self.session_token,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return others | ours


def session(session_token: str) -> boto3.Session:
    """A session of the emulator with that token."""
    return boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator looks at the token alone
        aws_session_token=session_token,
        region_name=REGION,
    )


def install(cache: Path, log: Path) -> Path:
    """Make the emulator's environment unless it is there; returns its Python interpreter.

    Functions run in that interpreter, so it is the project's.

    Raises:
        EmulatorError: it can't be installed.
    """
    home = _home(cache)
    if not _is_installed(home):
        with sole_download(home):
            if not _is_installed(home):
                _install(home, log)
    return _python(home)


def is_installed(cache: Path) -> bool:
    """Whether a start has nothing to install."""
    return _is_installed(_home(cache))


def _home(cache: Path) -> Path:
    return cache / "ministack"


def _python(home: Path) -> Path:
    return home / "bin" / "python"


def _mark(home: Path) -> Path:
    return home / "requirements"


def _requirements() -> str:
    return "\n".join((_REQUIREMENTS.read_text(encoding="utf-8"), sys.version))


def _is_installed(home: Path) -> bool:
    mark = _mark(home)
    return mark.is_file() and mark.read_text() == _requirements()


def _install(home: Path, log: Path) -> None:
    try:
        uv = find_uv()
    except UvMissingError as error:
        raise EmulatorError(str(error)) from error
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        for command in (
            ["venv", "--clear", "--python", sys.executable, str(home)],
            ["pip", "sync", "--python", str(_python(home)), "--require-hashes", str(_REQUIREMENTS)],
        ):
            try:
                subprocess.run([uv, *command], check=True, stdout=output, stderr=output, timeout=_INSTALL_SECONDS)
            except (OSError, subprocess.SubprocessError) as error:
                raise EmulatorError(f"the AWS emulator can't be installed: {error}; see {log}") from error
    _mark(home).write_text(_requirements())


def start(
    ledger: Ledger,
    run: Path,
    cache: Path,
    *,
    brokers: Brokers,
    container_address: str | None = None,
    alarm_actions: bool = False,
) -> Emulator:
    """Install the emulator if necessary and start it empty, on a free port of 127.0.0.1 and ``container_address``.

    Args:
        run: the folder of its log (aws/emulator.log) and data.
        alarm_actions: whether it carries out the actions of alarms itself; of a whole system's, local/alarms does.

    Raises:
        EmulatorError: it can't be installed.
        ProcessError, AlreadyRunningError: it does not start.
    """
    home = _empty_home(run)
    python = install(cache, home / "install.log")
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    addresses = ["127.0.0.1"]
    container_endpoint = None
    hosts = ["127.0.0.1", "localhost"]
    if container_address:
        addresses.append(container_address)
        hosts.append(_CONTAINER_HOST)
        container_endpoint = f"http://{_CONTAINER_HOST}:{port}"
    token = secrets.token_urlsafe(24)
    options = {"GUARD_HOSTS": ",".join(hosts), "AWS_SESSION_TOKEN": token}
    if alarm_actions:
        options["ALARM_ACTIONS"] = "emulated"
    ledger.start(
        PROCESS,
        Command(
            # Its own command binds one address only, and leaves a file with its pid outside of our folder.
            [
                *(python, "-m", "hypercorn", f"{_APPLICATION}:make()", "--keep-alive", "75"),
                # Which calls were made, for `make cost`: JSON protocols name the call in a header.
                *(f"--access-logfile={home / 'calls.log'}", "--access-logformat=%({x-amz-target}i)s"),
                *(f"--bind={address}:{port}" for address in addresses),
            ],
            env={**_environment(home / "data", port, brokers), **options},
            cwd=home,
            log=home / "emulator.log",
        ),
        ready=lambda: _answers(f"{endpoint}/_ministack/ready"),
        deadline_seconds=_READY_SECONDS,
    )
    return Emulator(endpoint, container_endpoint, token)


def remove_data(run: Path) -> None:
    """Delete what an emulator that has ended left behind; its logs stay."""
    for name in ("data", "mappings"):
        shutil.rmtree(run / "aws" / name, ignore_errors=True)


def _empty_home(run: Path) -> Path:
    remove_data(run)
    home = run / "aws"
    (home / "data" / "tmp").mkdir(parents=True)
    return home


def _environment(data: Path, port: int, brokers: Brokers) -> Mapping[str, str]:
    """The process's whole environment: every function inherits it, so nothing of the user's may be in it."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(data),
        "TMPDIR": str(data / "tmp"),
        "STATE_DIR": str(data / "state"),
        "S3_DATA_DIR": str(data / "s3"),
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "MINISTACK_MSK_BOOTSTRAP": brokers.plaintext,
        "MINISTACK_MSK_BOOTSTRAP_TLS": brokers.tls,
        "MINISTACK_MSK_BOOTSTRAP_SASL_SCRAM": brokers.scram,
        # These two would listen on ports of their own.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # Lambda has these; the emulator leaves them out.
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False
