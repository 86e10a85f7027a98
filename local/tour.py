"""Addresses and first commands of a running system."""

import shlex
from pathlib import Path

from local.alarms.process import mails_folder
from local.aws.emulator import REGION, Emulator
from local.health import Part, are_well, part_lines
from local.system import CHECKOUT, System

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


def describe(system: System, parts: list[Part]) -> str:
    """Each part, addresses, and commands that can be copied."""
    plaintext = system.kafka.bootstrap("PLAINTEXT")
    mskv = _short(CHECKOUT / ".venv" / "bin" / "mskv")
    heading = "The local system is running."
    if not are_well(parts):
        failing = ", ".join(part.name for part in parts if part.state != "running")
        heading = f"The local system is running, but not all of it works: {failing}"
    lines = "\n".join(f"  {line}" for line in part_lines(parts))
    return f"""
{heading}

{lines}

  Kafka    {system.kafka.bootstrap("SASL_SSL")}  (SASL/SCRAM over TLS)
           {plaintext}  (plaintext)
  AWS      {system.emulator.endpoint}
  Vantiq   {system.vantiq_url}
  Console  {system.console_url}  (the whole path, live)
  Mails    {_short(mails_folder(system.run))}

Try it:

  {mskv} status --local             # the whole path, the worst first
  {mskv} mapping --local            # the event source mappings
  {mskv} lag --local                # how far the forwarder is behind
  {mskv} letters --local            # what Vantiq refused
  {mskv} logs --local               # warnings and errors of all functions
  {mskv} topics --local             # compare topics.yaml with the cluster
  {mskv} probe --all --local        # run the probes: each broker, stage by stage
  {mskv} local break vantiq         # cause a fault; others: {mskv} local break --help
  {mskv} local heal                 # end it

  source {_short(system.run / "shell")}   # `mskv`, `sam` and this project's Python, with the emulator in place of AWS
  echo hello | python -m kafka.producer -b {plaintext.split(",")[0]} -t {_TOPIC}
  sam logs -n ForwarderFunction --stack-name {system.stack.name}
  tail -f {_short(system.vantiq_journal)}     # events that Vantiq has accepted

Stop it with: make down"""


def mail_lines(run: Path) -> str:
    """The mails of the alarms, a line for each, and the latest as it is."""
    mails = sorted(mails_folder(run).glob("*.txt"))
    if not mails:
        return f"No alarm has sent a mail yet; they will be in {_short(mails_folder(run))}"
    subjects = [f"{mail.name}  {_subject(mail)}" for mail in mails]
    return "\n".join([*subjects, "", mails[-1].read_text(encoding="utf-8").rstrip()])


def _subject(mail: Path) -> str:
    with mail.open(encoding="utf-8") as lines:
        return lines.readline().strip().removeprefix("Subject: ")


def _short(path: Path) -> str:
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return shlex.quote(str(path))
