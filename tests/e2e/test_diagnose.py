"""The diagnose function as deployed: every listener of the local cluster, and the emulator's networks explained."""

import pytest

from local.system import System

pytestmark = pytest.mark.e2e


def test_every_listener_is_probed_and_the_missing_rules_are_named(system: System) -> None:
    answer = system.function("DiagnoseFunction").invoke({})

    found = {one["protocol"]: (one["status"], one["inUse"]) for one in answer["listeners"]}
    assert found == {
        "scram": ("healthy", True),
        "plaintext": ("healthy", False),
        "tls": ("healthy", False),
        # The emulator names an address for it that no resolver knows.
        "iam": ("not reached", False),
    }, answer["table"]
    # The emulator filters nothing, and its groups have no rules: the probe's word counts for more.
    group = system.resources.security_group_id
    ports = system.kafka.settings.ports["SASL_SSL"].values()
    closed = [one for one in answer["network"] if one["code"] == "ingress-closed" and one["port"] in ports]
    assert len(closed) == len(ports)
    for one in closed:
        assert one["severity"] == "note"
        assert f"security group {group} of the brokers has no inbound rule for {one['port']}" in one["text"]
        assert "and yet it came through" in one["text"]
    # The pollers of a real mapping would not come through: nobody has tried.
    pollers = [one for one in answer["mapping"] if one["code"] == "ingress-closed"]
    assert {(one["severity"], one["port"]) for one in pollers} == {("error", port) for port in ports}
    assert {one["to"] for one in answer["mapping"] if one["code"] == "service-unreachable"} == {
        "lambda",
        "sts",
        "secretsmanager",
    }
    assert answer["status"] == "degraded"


def test_no_answer_and_no_log_of_it_holds_the_password(system: System) -> None:
    function = system.function("DiagnoseFunction")
    answer = function.invoke({"networks": []})
    password = system.kafka.settings.password
    assert password not in str(answer)
    logs = "".join(function.logs())
    assert logs
    assert password not in logs
