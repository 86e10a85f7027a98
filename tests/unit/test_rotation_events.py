"""The rotation function's events: who may ask for what, what it answers, logs and publishes."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError, ToolkitError
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.rotation.events import RotationServices, handle_rotation_event
from msk_toolkit.rotation.proof import LoginProof, UnprovenError, prove_login
from msk_toolkit.telemetry.metrics import toolkit_metrics

from local.vantiq import VantiqStandIn, running_standin
from local.vantiq.faults import Fault
from tests.fakes.rotating_secrets import SecretStore, step
from tests.unit.test_rotation_steps import held

pytestmark = pytest.mark.enable_socket
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_login-AbCdEf"


class Function:
    """The function's event handling, with a store of secrets, brokers that accept everything, and a stand-in."""

    def __init__(self, standin: VantiqStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
        self.standin = standin
        self.store = SecretStore()
        self.store.create(SECRET, held("one", "first"), rotates=True)
        self.store.create("token", standin.token)
        self.refuses = False
        monkeypatch.setattr("msk_toolkit.rotation.events.prove_login", self._prove)
        self.environ = {
            "BOOTSTRAP_SERVERS": "b-1:9096",
            "SCRAM_SECRET_ARN": SECRET,
            "VANTIQ_URL": standin.url,
            "VANTIQ_TOKEN_SECRET_ARN": "token",
        }

    def handle(self, event: Any) -> dict[str, Any]:
        logger = Logger(service="rotation", level=logging.INFO)
        services = RotationServices(self.environ, self.store.aws, logger, toolkit_metrics("shop-scram-rotation"))
        return handle_rotation_event(event, services, Deadline(30))

    def _prove(self, access: Access, *_: Any) -> LoginProof:
        if self.refuses and access.password != "first":
            raise UnprovenError([], [])
        return LoginProof(("b-1:9096",), 2.5)


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    with running_standin() as standin:
        yield Function(standin, monkeypatch)


def test_a_rotation_answers_what_each_step_did_and_prints_no_password(
    function: Function, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    answers = function.store.rotate(SECRET, function.handle)
    assert (answers[3]["brokers"], answers[3]["seconds"], answers[3]["problems"]) == (["b-1:9096"], 2.5, [])
    password = json.loads(function.store.current(SECRET))["password"]
    assert password not in json.dumps(answers) + capsys.readouterr().out + str([vars(line) for line in caplog.records])


def test_a_failed_step_is_logged_with_its_reason_and_raised(
    function: Function, caplog: pytest.LogCaptureFixture
) -> None:
    function.refuses = True
    with pytest.raises(ToolkitError):
        function.store.rotate(SECRET, function.handle)
    (line,) = [vars(record) for record in caplog.records if record.message == "rotation failed"]
    assert (line["levelname"], line["step"]) == ("ERROR", "finishSecret")
    assert "is current again" in line["reason"]


def test_a_vantiq_that_refuses_is_published_and_undoes_no_rotation(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    function.standin.faults.add(Fault("status", status=503, path="/api/v1/resources/sources"))
    answers = function.store.rotate(SECRET, function.handle)
    assert "can't be looked for" in answers[3]["problems"][0]
    assert json.loads(function.store.current(SECRET))["password"] != "first"
    assert '"SourcesNotRenewed":[1.0]' in capsys.readouterr().out.replace(" ", "")
    # By hand, once Vantiq is well.
    function.standin.faults.clear()
    assert function.handle({"action": "sources"})["problems"] == []


def test_another_secret_is_refused_and_an_arn_without_its_suffix_is_the_same(function: Function) -> None:
    with pytest.raises(ConfigurationError, match="is not the secret of ScramSecretArn"):
        function.handle(step("createSecret", SECRET.replace("login", "other"), "t"))
    function.environ["SCRAM_SECRET_ARN"] = SECRET.removesuffix("-AbCdEf")
    assert function.handle(step("createSecret", SECRET, function.store.begin(SECRET)))["did"]


ODD: list[Any] = [{}, [], None, {"Step": "dropSecret"}, {"action": "rotate"}, {"Step": 1, "SecretId": 2}]


@pytest.mark.parametrize("event", ODD)
def test_an_odd_event_is_refused_with_every_mistake(function: Function, event: Any) -> None:
    with pytest.raises(ConfigurationError):
        function.handle(event)


@pytest.mark.parametrize(
    ("users", "said"),
    [("a", "two different"), ("a,a", "two different"), ("a,b,c", "two different"), (f"a,{SECRET}", "a third secret")],
)
def test_users_that_can_not_alternate_are_refused(function: Function, users: str, said: str) -> None:
    function.environ["SCRAM_USERS"] = users
    with pytest.raises(ConfigurationError, match=said):
        function.handle(step("createSecret", SECRET, "t"))


def test_only_scram_has_a_password_to_rotate(function: Function) -> None:
    function.environ["AUTH_MODE"] = "tls"
    with pytest.raises(ConfigurationError, match="only the password of scram"):
        function.handle(step("createSecret", SECRET, "t"))


def test_a_broker_that_is_not_there_is_named_by_the_proof() -> None:
    access = Access(brokers=parse_brokers("127.0.0.1:1"), auth_mode="scram", username="u", password="p")
    with pytest.raises(UnprovenError, match=r"0 brokers accepted the login, but: 127\.0\.0\.1:1 fails at tcp"):
        prove_login(access, Deadline(1), 0.3)
