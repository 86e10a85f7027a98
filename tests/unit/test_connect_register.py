"""Registering in Vantiq: the plan, what is written of it, and what a refusal stops; against the local stand-in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from msk_toolkit.connect.register import DesiredRegistration, Registration
from msk_toolkit.connect.registrar import registrar
from msk_toolkit.connect.request import parse_connect_request
from msk_toolkit.connect.run import run_connect
from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.findings import Finding
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.targets import parse_target
from msk_toolkit.settings.vantiq import VantiqSettings

from local.vantiq import VantiqStandIn, running_standin
from tests.fakes.aws_fake import FakeAws, refused
from tests.unit.test_connect_run import ENVIRON, SECRET, aws

pytestmark = pytest.mark.enable_socket
CONFIG = {
    "bootstrap.servers": "sb://b-1:9096",
    "sasl.jaas.config": 'x required username="u" password="@secrets(MskPassword)";',
    "consumer.topics": ["t"],
}


class Vantiq:
    """A stand-in, and the registrar that knows its token."""

    def __init__(self, standin: VantiqStandIn) -> None:
        self.standin = standin
        self.findings: list[Finding] = []
        self.settings = VantiqSettings(vantiq_url=standin.url, vantiq_token_secret_arn="token")

    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803
        return {"SecretString": self.standin.token}

    def run(self, *, write: bool = True, **desired: Any) -> Registration | None:
        self.findings.clear()
        values: dict[str, Any] = {
            "source": "Msk", "config": CONFIG, "secret": "MskPassword", "secret_value": "p4ssword",
            "targets": [parse_target("topic:/msk/t")],
        }  # fmt: skip
        carry_out = registrar(self.settings, lambda _: self, Deadline(20), write=write)
        return carry_out(DesiredRegistration(**{**values, **desired}), self.findings)

    def lines(self, **desired: Any) -> list[str]:
        registration = self.run(**desired)
        assert registration is not None, self.findings
        return registration.changes

    def row(self, kind: str, name: str) -> Any:
        return self.standin.look_up(kind, name)


@contextmanager
def vantiq(**settings: Any) -> Iterator[Vantiq]:
    # Without Kafka's jars the source does nothing: what it does with them is the integration tests' matter.
    with running_standin(**settings) as standin:
        yield Vantiq(standin)


def test_a_plan_writes_nothing() -> None:
    with vantiq() as there:
        registration = there.run(write=False)
        assert registration is not None
        assert registration.table == (
            "+ secrets MskPassword: stores the password, which nobody can read afterwards\n"
            "+ sources Msk: a KAFKA source\n"
            "~ sources Msk: activate\n"
            "+ topics /msk/t: reliable, with autoUnwind\n"
            "Plan: 3 to create, 0 to update, 1 to activate, 0 to restart, 0 to refuse. Nothing was changed."
        )
        assert not registration.applied
        assert there.row("sources", "Msk") is None


def test_what_was_registered_is_registered_no_second_time() -> None:
    with vantiq() as there:
        first = there.run()
        assert first is not None
        assert first.applied
        assert first.state is not None
        assert (first.state.active, first.state.type) == (True, "KAFKA")
        assert there.row("sources", "Msk")["config"] == CONFIG
        assert there.row("topics", "/msk/t")["isReliable"] is True
        before = there.row("sources", "Msk")["ars_version"]
        assert all(line.startswith("=") for line in there.lines())
        assert there.row("sources", "Msk")["ars_version"] == before
        assert there.findings == []


def test_a_test_message_that_vantiq_does_not_answer_leaves_time_to_read_the_source_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("msk_toolkit.connect.round_trip._TEST_SECONDS", 0.5)
    with vantiq() as there:
        there.standin.fail("hang", method="POST", path="/api/v1/resources/sources/Msk")
        # As long as everything together may take.
        there.settings = msgspec.structs.replace(there.settings, vantiq_timeout_seconds=30)
        registration = there.run(test_topic="t")
        assert registration is not None
        assert registration.test is not None
        assert not registration.test.published
        assert registration.state is not None
        assert registration.state.active
        assert any("the test message could not be sent" in finding.text for finding in there.findings)


def test_a_changed_configuration_is_updated_and_restarted() -> None:
    with vantiq() as there:
        there.run()
        lines = there.lines(config=CONFIG | {"consumer.topics": ["t", "u"]})
        assert lines[1:3] == [
            '~ sources Msk: consumer.topics ["t"] -> ["t","u"]',
            "~ sources Msk: restart (deactivate, activate), so that it reads what has changed",
        ]
        assert there.row("sources", "Msk")["config"]["consumer.topics"] == ["t", "u"]
        assert there.row("sources", "Msk")["active"] is True


def test_a_key_that_somebody_added_is_taken_out_again_and_named() -> None:
    with vantiq() as there:
        there.run(config=CONFIG | {"client.id": "x"})
        assert "~ sources Msk: client.id <hidden> -> nothing" in there.lines()
        assert "client.id" not in there.row("sources", "Msk")["config"]


def test_the_secrets_of_a_source_that_was_there_are_in_no_part_of_the_answer() -> None:
    added = {
        "sasl.jaas.config": "M required username='u' password='my HUNTER2';",
        "consumer.sasl.jaas.config": 'M required password="HUNTER2";',
        "ssl.keystore.key": "-----BEGIN PRIVATE KEY-----HUNTER2",
        "nested": {"basic.auth.user.info": "u:HUNTER2"},
    }
    with vantiq() as there:
        there.standin.define("sources", {"name": "Msk", "type": "KAFKA", "config": CONFIG | added})
        refused = there.run()
        assert refused is not None
        assert not refused.applied
        assert "HUNTER2" not in str(msgspec.to_builtins(refused))
        registration = there.run(replace=["Msk"])
        assert registration is not None
        assert registration.applied
        assert "HUNTER2" not in str(msgspec.to_builtins(registration))
        assert registration.changes[1] == (
            "~ sources Msk: consumer.sasl.jaas.config <hidden> -> nothing; nested <hidden> -> nothing; "
            "sasl.jaas.config <hidden> -> <hidden>; ssl.keystore.key <hidden> -> nothing"
        )


def test_a_secret_is_renewed_when_asked_to_and_the_source_restarted() -> None:
    with vantiq() as there:
        there.run()
        lines = there.lines(renew_secret=True, secret_value="n3w")
        assert lines[0] == "~ secrets MskPassword: the password is written again"
        assert lines[2] == "~ sources Msk: restart (deactivate, activate), so that it reads what has changed"
        assert "n3w" not in str(lines)


def test_a_source_of_another_type_is_refused_and_nothing_is_written() -> None:
    with vantiq() as there:
        there.standin.define("sources", {"name": "Msk", "type": "MQTT"})
        registration = there.run()
        assert registration is not None
        assert not registration.applied
        assert registration.changes[1] == (
            "! sources Msk: there is a source of that name with type MQTT: choose another name, or remove it"
        )
        assert there.row("secrets", "MskPassword") is None


def test_a_token_without_the_right_is_one_clear_line_for_each_resource() -> None:
    with vantiq() as there:
        there.standin.fail("status", status=403)
        registration = there.run()
        assert registration is not None
        assert not registration.applied
        assert [finding.text.partition(": ")[2] for finding in there.findings] == [
            "the token is not allowed to do this: grant its profile the permission, or use another token"
        ] * 3


def test_a_token_that_is_not_valid_is_reported_as_that() -> None:
    with vantiq() as there:
        there.standin.fail("status", status=401)
        assert there.run() is None
        (finding,) = there.findings
        assert "the token is not valid" in finding.text


def test_an_unreachable_vantiq_is_a_finding() -> None:
    with vantiq() as there:
        pass
    assert there.run() is None
    (finding,) = there.findings
    assert "tcp" in finding.text


def test_a_failure_in_the_middle_reports_what_was_done_and_running_it_again_goes_on() -> None:
    with vantiq() as there:
        there.standin.fail("status", status=500, method="POST", path="/api/v1/resources/sources")
        registration = there.run(test_topic="t")
        assert registration is not None
        assert (registration.applied, registration.test) == (False, None)
        assert "1 of 4 done. Stopped at sources Msk" in registration.table
        (finding,) = there.findings
        assert finding.subject == "Vantiq sources Msk"
        there.standin.reset()
        again = there.run()
        assert again is not None
        assert again.applied
        assert again.changes[0].startswith("= secrets MskPassword: exists")


def test_a_not_found_with_404_is_no_error_either() -> None:
    with vantiq(not_found_status=404) as there:
        assert there.lines(write=False)[1] == "+ sources Msk: a KAFKA source"


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("upsert:Record", "+ types Record: a type with the records' properties"),
        ("service:pkg.Desk/In", "! services pkg.Desk: does not exist; create it in Vantiq first"),
        ("procedure:a.b", "! procedures a.b: does not exist; create it in Vantiq first"),
    ],
)
def test_each_kind_of_target_gets_what_it_needs(target: str, line: str) -> None:
    with vantiq() as there:
        assert there.lines(targets=[parse_target(target)])[-1].startswith(line)


def test_an_existing_topic_is_switched_to_reliable_and_unwinding() -> None:
    with vantiq() as there:
        there.standin.define("topics", {"name": "/msk/t", "description": "mine", "isReliable": True})
        assert there.lines()[-1] == "~ topics /msk/t: autoUnwind switched on"
        assert there.row("topics", "/msk/t")["description"] == "mine"


def test_a_type_without_a_natural_key_takes_no_upserts() -> None:
    with vantiq() as there:
        there.standin.define("types", {"name": "Record", "properties": {}})
        line = there.lines(targets=[parse_target("upsert:Record")])[-1]
        assert line.startswith("! types Record: the type has no natural key")


def test_a_test_message_that_does_not_come_back_is_reported() -> None:
    with vantiq() as there:
        registration = registrar(there.settings, lambda _: there, Deadline(2), write=True)(
            DesiredRegistration(source="Msk", config=CONFIG, test_topic="t"), there.findings
        )
        assert registration is not None
        assert registration.test is not None
        assert (registration.test.published, registration.test.received) == (True, False)
        assert "did not come back from t in time" in str(there.findings)


def test_a_desired_registration_prints_no_secret() -> None:
    assert "p4ssword" not in repr(DesiredRegistration(source="Msk", config=CONFIG, secret_value="p4ssword"))


def test_faults_of_cluster_secret_and_vantiq_are_all_reported_together() -> None:
    with vantiq() as there:
        there.standin.rotate_token("another")
        settings = load(ConnectSettings, ENVIRON)
        client = aws(
            describe_cluster_v2=refused("AccessDeniedException"),
            describe_secret={"Name": "AmazonMSK_test", "ARN": SECRET},
            get_secret_value={"SecretString": '\ufeff{"username": "test", "password": "p4ssword"}'},
        )
        tokens = FakeAws(get_secret_value={"SecretString": "no-longer-valid"})
        in_vantiq = registrar(there.settings, lambda _: tokens, Deadline(20), write=True)
        event = {"action": "register", "source": {"topics": ["t"]}}
        response = run_connect(parse_connect_request(event), settings, client, in_vantiq, Deadline(20))
    assert response.registration is None
    assert [finding.text.partition(": ")[0] for finding in response.findings] == [
        "kafka:DescribeClusterV2",
        "is encrypted with the default key aws/secretsmanager, but MSK requires a customer managed KMS key",
        "begins with a byte order mark (added by an editor), which MSK cannot read",
        "Vantiq, reading secrets MskPassword",
    ]
    assert "p4ssword" not in str(response)
