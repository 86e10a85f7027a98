"""The everyday commands of ``mskv`` on the deployed stack, as a person types them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.system import CHECKOUT, System

pytestmark = pytest.mark.e2e

TOPIC = "sensor-readings"


def mskv(system: System, *arguments: str) -> tuple[int, str]:
    """The exit status and what was printed on standard output."""
    command = [sys.executable, "-m", "mskv", *arguments, "--local", "--local-run", str(system.run)]
    result = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode in {0, 1}, result.stderr
    return result.returncode, result.stdout


def as_json(system: System, *arguments: str) -> Any:
    return json.loads(mskv(system, *arguments, "-o", "json")[1])


def test_both_probes_run_now_and_are_healthy(system: System) -> None:
    status, table = mskv(system, "probe", "--all")
    assert (status, table.count("all 3 brokers pass every stage")) == (0, 2)


def test_the_state_of_the_path_knows_every_part_and_no_error(system: System) -> None:
    mskv(system, "probe", "--all")
    state = as_json(system, "status")
    assert state["brokers"]["summary"] == "3 of 3 healthy"
    assert {topic["mapping"]["state"] for topic in state["topics"]} == {"Enabled"}
    assert [problem for problem in state["problems"] if problem["severity"] == "error"] == []
    assert state["unread"] == []
    text = mskv(system, "status")[1]
    for part in ("BROKERS", "FORWARDER", "LETTERS", "TOPICS", "TARGETS", "ALARMS", TOPIC):
        assert part in text


def test_why_says_what_keeps_the_brokers_from_being_reached(system: System) -> None:
    _, text = mskv(system, "why")
    assert text.startswith(("HEALTHY: ", "DEGRADED: "))
    assert "the listener in use (vpc scram) works" in text


def test_lag_is_known_for_every_forwarded_topic(system: System) -> None:
    _, text = mskv(system, "lag")
    assert TOPIC in text
    (group,) = as_json(system, "lag", TOPIC)
    assert group["group"].endswith(f"-{TOPIC}")
    # Where nothing was forwarded yet, that is said instead of a number.
    assert ("records" in group) != ("has committed nothing" in group.get("detail", ""))


def test_the_plan_has_nothing_to_do_and_applying_it_asks_nothing(system: System) -> None:
    status, table = mskv(system, "topics")
    assert status == 0
    assert "unchanged" in table
    assert mskv(system, "topics", "apply") == (0, table)
    assert mskv(system, "topics", "check")[0] == 0
    plan = yaml.safe_load(mskv(system, "topics", "-o", "yaml")[1])
    assert {step["action"] for step in plan["plan"]["steps"]} == {"unchanged"}


def test_letters_are_listed_whether_any_wait_or_not(system: System) -> None:
    status, text = mskv(system, "letters")
    assert (status == 0) == ("no dead letters wait" in text)


def test_the_mappings_are_enabled(system: System) -> None:
    status, text = mskv(system, "mapping")
    assert status == 0, text
    assert TOPIC in text


def test_connect_shows_the_auth_modes_and_writes_files_that_clients_read(system: System, tmp_path: Path) -> None:
    _, text = mskv(system, "connect")
    assert "scram" in text
    mskv(system, "connect", "files", str(tmp_path / "clients"))
    names = {path.name for path in (tmp_path / "clients").iterdir()}
    assert {"client.properties", "users_jaas.conf", "kcat.conf"} <= names
