"""The diagnose function as deployed: every listener of the local cluster, and the emulator's networks explained."""

import pytest

from local.system import System

pytestmark = pytest.mark.e2e


def test_every_listener_is_probed_and_the_missing_rules_are_named(system: System) -> None:
    answer = system.function("DiagnoseFunction").invoke({})

    listeners = {listener["protocol"]: (listener["status"], listener["inUse"]) for listener in answer["listeners"]}
    assert listeners == {
        "scram": ("healthy", True),
        "plaintext": ("healthy", False),
        "tls": ("healthy", False),
        # The emulator names an address for it that no resolver knows.
        "iam": ("not reached", False),
    }, answer["table"]
    # The emulator filters nothing, and its groups have no rules: the probe's word counts for more.
    group = system.resources.security_group_id
    ports = system.kafka.settings.ports["SASL_SSL"].values()
    closed = [
        finding for finding in answer["network"] if finding["code"] == "ingress-closed" and finding["port"] in ports
    ]
    assert len(closed) == len(ports)
    for finding in closed:
        assert finding["severity"] == "note"
        assert f"security group {group} of the brokers has no inbound rule for {finding['port']}" in finding["text"]
        assert "but the connection succeeded just now" in finding["text"]
    # The pollers of a real mapping would not come through: nobody has tried.
    pollers = [finding for finding in answer["mapping"] if finding["code"] == "ingress-closed"]
    assert {(finding["severity"], finding["port"]) for finding in pollers} == {("error", port) for port in ports}
    assert {finding["to"] for finding in answer["mapping"] if finding["code"] == "service-unreachable"} == {
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
