"""The diagnose function as deployed: a healthy system is one line, and a fault is named and nothing beside it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.aws.resources import SCRAM_SECRET_NAME
from local.system import System
from tests.e2e.test_mskv import mskv
from tests.integration.kafka_access import wait_until

pytestmark = pytest.mark.e2e
TOPIC = "sensor-readings"


def healthy(system: System) -> bool:
    return bool(mskv(system, "why")[0] == 0)


@contextmanager
def until_healthy_again(system: System, restore: Callable[[], object]) -> Iterator[None]:
    """Afterwards the fault is gone: other tests use the system too."""
    try:
        yield
    finally:
        restore()
        wait_until(lambda: healthy(system), "the system does not recover", 120)


def test_a_healthy_system_is_said_to_be_so_in_one_line(system: System) -> None:
    wait_until(lambda: healthy(system), "the system is not healthy", 120)
    status, text = mskv(system, "why")
    assert status == 0
    (line,) = text.splitlines()
    assert line.startswith("HEALTHY: the listener in use (vpc scram) works: all 3 brokers pass every stage")
    assert "no errors in the AWS configuration" in line


def test_every_listener_is_probed_and_nothing_but_notes_is_reported(system: System) -> None:
    answer = system.function("DiagnoseFunction").invoke({"verbose": True})
    listeners = {listener["protocol"]: (listener["status"], listener["inUse"]) for listener in answer["listeners"]}
    assert listeners == {
        "scram": ("healthy", True),
        "plaintext": ("healthy", False),
        "tls": ("healthy", False),
        # The emulator names an address for it that no resolver knows.
        "iam": ("not reached", False),
    }, answer["table"]
    assert {finding["severity"] for finding in (*answer["network"], *answer["mapping"])} <= {"note"}, answer["table"]


def test_a_stopped_broker_is_named_and_nothing_is_said_of_the_others(system: System) -> None:
    ports = system.kafka.settings.ports["SASL_SSL"]
    with until_healthy_again(system, lambda: system.kafka.start_broker(2)):
        system.kafka.stop_broker(2)
        status, text = mskv(system, "why")
        assert status == 1
        assert f"DEGRADED: the listener in use (vpc scram): broker 2 (localhost:{ports[2]}) fails at tcp" in text
        for listener in system.kafka.settings.ports.values():
            assert [broker for broker in (1, 3) if str(listener.get(broker)) in text] == [], text
        assert "error " not in text, text


def test_a_disabled_mapping_is_an_error_with_its_topic_and_the_command_that_mends_it(system: System) -> None:
    with until_healthy_again(system, lambda: mskv(system, "mapping", "enable", TOPIC)):
        mskv(system, "mapping", "disable", TOPIC)
        status, text = mskv(system, "why")
        assert status == 1
        verdict = text.splitlines()[0]
        assert verdict.startswith(f"DEGRADED: the mapping of {TOPIC} is Disabled")
        assert f"mskv mapping enable {TOPIC}" in verdict


def test_a_refused_password_is_reported_of_the_secret(system: System) -> None:
    secrets: Any = system.emulator.session().client("secretsmanager", endpoint_url=system.emulator.endpoint)
    before = secrets.get_secret_value(SecretId=SCRAM_SECRET_NAME)["SecretString"]

    def put(text: str) -> None:
        secrets.put_secret_value(SecretId=SCRAM_SECRET_NAME, SecretString=text)

    with until_healthy_again(system, lambda: put(before)):
        put(json.dumps({**json.loads(before), "password": "another-one"}))
        status, text = mskv(system, "why")
        assert status == 1
        assert text.startswith("DOWN: the listener in use (vpc scram): all 3 brokers fail at sasl")
        section = text.partition("CLUSTER AND SECRET")[2]
        assert "was changed less than a minute ago; MSK may take 10 minutes to apply it" in section
        assert "another-one" not in text


def test_no_answer_and_no_log_of_it_holds_the_password(system: System) -> None:
    function = system.function("DiagnoseFunction")
    answer = function.invoke({"networks": []})
    password = system.kafka.settings.password
    assert password not in str(answer)
    logs = "".join(function.logs())
    assert logs
    assert password not in logs
