"""Addresses and first commands of a running system."""

import shlex
from pathlib import Path

from local.aws.emulator import REGION, Emulator
from local.memory import memory_lines, resident
from local.system import System

_TOPIC = "AWSKafkaTutorialTopic"


def write_shell(run: Path, emulator: Emulator, programs: Path) -> Path:
    """A file to source, readable only by its owner: the project's own programs, and the emulator in place of AWS."""
    file = run / "shell"
    file.touch(mode=0o600)
    file.write_text(
        f'export PATH={shlex.quote(str(programs))}:"$PATH"\n'
        f"export AWS_ENDPOINT_URL={emulator.endpoint} AWS_DEFAULT_REGION={REGION}\n"
        f"export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_SESSION_TOKEN={emulator.session_token}\n"
        "unset AWS_PROFILE\n"
    )
    return file


def describe(system: System) -> str:
    """Addresses, and commands that can be copied."""
    plaintext = system.kafka.bootstrap("PLAINTEXT")
    return f"""
The local system is running.

  Kafka    {system.kafka.bootstrap("SASL_SSL")}  (SASL/SCRAM over TLS)
           {plaintext}  (plaintext)
  AWS      {system.emulator.endpoint}
  Vantiq   {system.vantiq_url}
  Console  {system.console_url}  (web page: the whole path live, and faults to try)

Memory:

{memory_lines(resident(system.ledger.running()))}

Try it:

  source {_short(system.run / "shell")}   # put the project's tools on PATH and point AWS clients at the emulator

  python -m local topics        # compare topics.yaml with the cluster
  python -m local probe         # run the producer probe: each broker, stage by stage
  sam remote invoke ProducerProbeFunction --event '{{}}'      # the same, as JSON

  echo hello | python -m kafka.producer -b {plaintext.split(",")[0]} -t {_TOPIC}
  tail -f {_short(system.vantiq_journal)}     # events that Vantiq has accepted

Stop it with: make down"""


def _short(path: Path) -> str:
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return shlex.quote(str(path))
