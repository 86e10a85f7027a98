"""``mskv verify`` on the deployed stack, as a person types it: what works, what is broken, what is not there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.aws.emulator import REGION
from local.system import CHECKOUT, PROBE_TOPIC, System
from mskv.verify.events import EVENTS
from tests.e2e.standin import ask_standin

pytestmark = pytest.mark.e2e

TOPIC = "sensor-readings"


def run(system: System, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the JSON report."""
    where = ["--local", "--local-run", str(system.run)]
    command = [sys.executable, "-m", "mskv", "verify", *where, "-o", "json", *options]
    result = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False)
    assert result.stdout, result.stderr
    return result.returncode, json.loads(result.stdout)


def lines(report: dict[str, Any], area: str) -> list[dict[str, str]]:
    return [check for check in report["checks"] if check["area"] == area]


def failed(report: dict[str, Any]) -> set[tuple[str, str]]:
    checks = [check for check in report["checks"] if check["state"] == "failed"]
    return {(check["area"], check["name"]) for check in checks}


def test_of_a_healthy_system_nothing_fails_and_what_the_emulator_lacks_is_not_tried(system: System) -> None:
    _, report = run(system)
    assert failed(report) == set()
    not_tried = {check["area"] for check in report["checks"] if check["state"] == "not tried"}
    # The emulator evaluates the alarm for the forwarder's errors once the forwarder has run, and no other alarm.
    assert not_tried - {"alarms"} == {"mail", "record", "refusal"}
    assert [check["name"] for check in lines(report, "alarms")] == ["others"]
    assert {check["state"] for check in lines(report, "functions")} == {"ok"}
    assert len(lines(report, "functions")) == len(EVENTS)
    assert len(lines(report, "mappings")) == 3


def test_a_mapping_that_is_off_and_an_alarm_that_is_on_are_told(system: System) -> None:
    session, endpoint = system.emulator.session(), system.emulator.endpoint
    mappings = session.client("lambda", endpoint_url=endpoint)
    alarms = session.client("cloudwatch", endpoint_url=endpoint)
    uuid, alarm = (system.stack.physical_ids[name] for name in ("HeartbeatMapping", "CertificateAlarm"))
    mappings.update_event_source_mapping(UUID=uuid, Enabled=False)
    alarms.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="for this test")
    try:
        status, report = run(system)
    finally:
        mappings.update_event_source_mapping(UUID=uuid, Enabled=True)
        alarms.set_alarm_state(AlarmName=alarm, StateValue="INSUFFICIENT_DATA", StateReason="as before")
    assert status == 1
    # diagnose reports a mapping that is off, too.
    assert failed(report) == {("mappings", PROBE_TOPIC), ("network", "pollers"), ("alarms", alarm)}
    (off,) = [check for check in lines(report, "mappings") if check["state"] == "failed"]
    assert f"--uuid {uuid} --enabled" in off["remedy"]


def test_a_marked_record_is_followed_to_vantiqs_acknowledgement(system: System) -> None:
    _, report = run(system, "--write", TOPIC)
    (check,) = lines(report, "record")
    assert check["state"] == "ok", check
    marker = check["text"].split()[2]
    assert marker in system.vantiq_journal.read_text()


def test_a_record_that_vantiq_refuses_is_set_aside_replayed_and_cleaned_up(system: System) -> None:
    # The forwarder's envelope says what it made of the value.
    fault = {"action": "status", "status": 400, "code": "io.vantiq.no.text", "pointer": "/valueEncoding"}
    ask_standin(system, "POST", "faults", {**fault, "equals": "text"})
    try:
        _, report = run(system, "--refused-record", TOPIC, "--delete-letter")
    finally:
        ask_standin(system, "DELETE", "faults")
    checks = lines(report, "refusal")
    assert [check["state"] for check in checks] == ["ok", "ok", "ok"], checks
    assert "400 io.vantiq.no.text" in checks[0]["text"]
    assert "refused it again" in checks[1]["text"]


@contextmanager
def another_token(system: System) -> Iterator[None]:
    token = system.vantiq_token_file.read_text()
    ask_standin(system, "POST", "rotate-token", "another-token-for-a-while")
    try:
        yield
    finally:
        ask_standin(system, "POST", "rotate-token", token)


def test_a_wrong_token_is_named_and_the_record_waits_for_the_right_one(system: System) -> None:
    with another_token(system):
        status, report = run(system, "--write", TOPIC, "--wait", "5")
    assert status == 1
    (token,), (record,) = lines(report, "vantiq"), lines(report, "record")
    assert token["state"] == "failed"
    assert "token" in token["text"]
    assert "VantiqTokenSecretArn" in token["remedy"]
    assert record["state"] == "failed"
    assert "is not processed after" in record["text"]
    # Nothing was lost for it.
    _, report = run(system, "--write", TOPIC)
    assert lines(report, "record")[0]["state"] == "ok"


@pytest.mark.parametrize(
    ("stack", "region", "sentence"),
    [("no-such-stack", REGION, "has no stack no-such-stack in"), ("msk-vantiq", "us-west-1", "in us-west-1")],
)
def test_a_stack_that_is_not_there_ends_with_3(system: System, stack: str, region: str, sentence: str) -> None:
    command = [sys.executable, "-m", "mskv", "verify", "--stack", stack, "--region", region]
    environment = {**os.environ, **system.emulator.environment()}
    result = subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 3, result.stdout
    assert sentence in result.stderr
