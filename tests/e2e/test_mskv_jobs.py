"""The ten everyday jobs of docs/cli.md on the deployed stack, as a person types them."""

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.system import CHECKOUT, System
from tests.e2e.standin import ask_standin
from tests.mskv_jobs import jobs

pytestmark = pytest.mark.e2e

TOPIC = "sensor-readings"
MSKV = str(Path(sys.executable).with_name("mskv"))
COMMANDS = {job.name: job.command for job in jobs()}
_WITH_CTRL_C = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from mskv.command_line import main; main()"
)
# These ask, and no person is there to answer.
ASKING = {"replay a topic", "register Vantiq's source"}
# What the output has, and its exit status.
EXPECTED: dict[str, tuple[int | None, str]] = {
    "plan topics": (0, f"= {TOPIC} "),
    "apply the plan": (0, "Nothing was changed."),
    "probe now": (0, "all 3 brokers pass every stage"),
    # A group that has committed nothing has no known lag.
    "see the lag": (None, f"msk-vantiq-{TOPIC}"),
    "list dead letters": (1, f"{TOPIC}  "),
    "replay a topic": (0, "{letters:,} delivered, 0 refused again"),
    "client files": (0, "users_jaas.conf"),
    "register Vantiq's source": (0, "Plan: "),
    "state of the mappings": (0, f"{TOPIC}  "),
    "follow errors": (1, "WARNING record refused"),
}


def typed(system: System, name: str, folder: Path) -> list[str]:
    """The command of a job, about this system."""
    _, *arguments = shlex.split(COMMANDS[name].replace("orders", TOPIC))
    arguments = [str(folder / argument) if argument == "clients" else argument for argument in arguments]
    consent = ["--yes"] if name in ASKING else []
    return [MSKV, *arguments, *consent, "--local", "--local-run", str(system.run)]


@pytest.fixture(scope="module")
def refused_record(system: System) -> None:
    """A record that Vantiq has refused once, and would take now: a letter waits."""
    fault = {"action": "status", "status": 400, "code": "io.vantiq.no.text", "pointer": "/valueEncoding"}
    ask_standin(system, "POST", "faults", {**fault, "equals": "text"})
    try:
        verify = [MSKV, "verify", "--local", "--local-run", str(system.run), "--refused-record", TOPIC]
        subprocess.run(verify, cwd=CHECKOUT, capture_output=True, timeout=240, check=False)
    finally:
        ask_standin(system, "DELETE", "faults")


def followed(command: list[str], sentence: str) -> tuple[int, str]:
    """What a command that ends with Ctrl-C has printed when a line has the sentence."""
    # A test that is run in the background ignores Ctrl-C, and so does what it starts.
    python = [sys.executable, "-c", _WITH_CTRL_C, *command[1:]]
    process = subprocess.Popen(python, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            if sentence in line:
                process.send_signal(signal.SIGINT)
                break
        return process.wait(30), "".join(lines)
    finally:
        process.kill()
        process.wait()


def letters_of(system: System, topic: str) -> int:
    """How many wait: earlier tests may have left some."""
    command = [MSKV, "letters", topic, "-o", "json", "--local", "--local-run", str(system.run)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    answer = json.loads(done.stdout)
    # The mapping's own failures would be imported, and add to what is replayed.
    assert not answer.get("waiting")
    return sum(group["letters"] for group in answer["groups"])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_job_is_done_by_its_command(system: System, refused_record: None, tmp_path: Path, name: str) -> None:
    status, sentence = EXPECTED[name]
    if "{letters" in sentence:
        letters = letters_of(system, TOPIC)
        assert letters > 0
        sentence = sentence.format(letters=letters)
    command = typed(system, name, tmp_path)
    if "-f" in command:
        result = followed(command, sentence)
    else:
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False)
        result = done.returncode, done.stdout
    assert result[0] in ({0, 1} if status is None else {status}), result[1]
    assert sentence in result[1]


def test_an_export_of_the_deployed_stacks_topics_has_a_plan_without_changes(system: System, tmp_path: Path) -> None:
    file = tmp_path / "topics.yaml"
    where = ["--local", "--local-run", str(system.run)]
    done = subprocess.run(
        [MSKV, "topics", "export", str(file), *where], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"- name: {TOPIC}\n" in file.read_text()


def test_the_token_in_the_stacks_secret_is_written_again_and_accepted(system: System) -> None:
    where = ["--local", "--local-run", str(system.run)]
    token = system.vantiq_token_file.read_text().strip()
    done = subprocess.run(
        [MSKV, "token", "set", "--yes", *where], input=token, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Vantiq accepts the token" in done.stdout
    assert token not in done.stdout + done.stderr
