"""The connect function as deployed: both of the walk-through's ways in, from a description to a running source."""

from typing import Any

import pytest

from local.system import System

pytestmark = pytest.mark.e2e
TOPIC = "AWSKafkaTutorialTopic"


def errors(answer: Any) -> list[str]:
    return [finding["text"] for finding in answer["findings"] if finding["severity"] == "error"]


def test_the_cluster_is_described_and_the_password_stays_away(system: System) -> None:
    answer = system.function("ConnectFunction").invoke({"source": {"topics": [TOPIC]}})
    assert errors(answer) == []
    assert answer["cluster"]["state"] == "ACTIVE"
    on = [mode["mode"] for mode in answer["auth_modes"] if mode["state"] == "on"]
    assert {"none", "scram"} <= set(on)
    assert system.kafka.settings.password not in str(answer)
    with_password = system.function("ConnectFunction").invoke({"include": ["password"]})
    assert system.kafka.settings.password in with_password["client"]["files"]["users_jaas.conf"]
    assert system.kafka.settings.password not in "".join(system.function("ConnectFunction").logs())


@pytest.mark.parametrize("mode", ["scram", "none"])
def test_publish_and_subscribe_through_the_registered_source(system: System, mode: str) -> None:
    source = {"name": f"Msk_{mode}", "topics": [TOPIC]}
    answer = system.function("ConnectFunction").invoke({"action": "register", "auth_mode": mode, "source": source})
    assert errors(answer) == []
    assert answer["registration"]["applied"]
    assert answer["registration"]["state"] == {"exists": True, "active": True, "unavailable": False, "type": "KAFKA"}
    assert answer["registration"]["test"]["received"]
    assert answer["registration"]["test"]["event"]["topic"] == TOPIC
