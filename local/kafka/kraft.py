"""Brokers that keep the cluster's metadata themselves: their data is formatted before the first start."""

import base64
import hashlib
import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.kafka.java import java_environment
from local.kafka.logs import QUIET
from local.kafka.programs import KafkaPrograms
from local.kafka.settings import KafkaSettings, write_private

_DEADLINE_SECONDS = 90.0
_SCRAM_ITERATIONS = 4096


class FormatError(Exception):
    """The data of a broker can't be prepared."""


def format_data(programs: KafkaPrograms, settings: KafkaSettings) -> None:
    """Prepare each broker's data directory, with the cluster's user in it.

    Raises:
        FormatError: Kafka's format tool fails.
    """
    # In a file, since everyone on this machine can read a command line.
    arguments = settings.home / "format-arguments"
    write_private(arguments, f"--add-scram\n{_scram_credential(settings)}\n")
    with ThreadPoolExecutor(len(settings.brokers)) as pool:
        list(pool.map(lambda broker: _format(programs, settings, broker, arguments), settings.brokers))
    arguments.unlink()


def _format(programs: KafkaPrograms, settings: KafkaSettings, broker: int, arguments: Path) -> None:
    command = programs.command("kafka.tools.StorageTool", *QUIET)
    options = ["--cluster-id", settings.cluster_id, "--config", str(settings.properties_file(broker))]
    try:
        done = subprocess.run(
            [*command, "format", *options, f"@{arguments}"],
            env=java_environment(),
            cwd=settings.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DEADLINE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FormatError(f"the data of broker {broker} could not be prepared in time") from error
    if done.returncode:
        output = (done.stdout + done.stderr).strip()
        raise FormatError(f"the data of broker {broker} can't be prepared: {output}")


def _scram_credential(settings: KafkaSettings) -> str:
    """The user as the format tool takes it; salted here, because the tool can't read every password."""
    salt = secrets.token_bytes(24)
    salted = hashlib.pbkdf2_hmac("sha512", settings.password.encode(), salt, _SCRAM_ITERATIONS)
    encoded_salt, encoded_password = base64.b64encode(salt).decode(), base64.b64encode(salted).decode()
    return (
        f"SCRAM-SHA-512=[name={settings.username},iterations={_SCRAM_ITERATIONS},"
        f'salt="{encoded_salt}",saltedpassword="{encoded_password}"]'
    )
