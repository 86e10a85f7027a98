"""The login, against a broker on loopback that refuses it in every way it can."""

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msk_toolkit.errors import ConfigurationError, StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.sasl import log_in
from msk_toolkit.stage import Stage

from tests.fakes.kafka_broker_fake import Asked, authenticate, handshake, replies, server_first, talking_to

pytestmark = pytest.mark.enable_socket

PASSWORD = "hush-hush"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hush-key"}
REGION = {"AWS_DEFAULT_REGION": "eu-west-1"}


def scram_login(*makers: Callable[[Asked], Any], username: str = "user", password: str = PASSWORD) -> None:
    """Log in over a plain connection; TLS has its own tests."""
    access = Access(brokers=(), auth_mode="scram", username=username, password=password)
    with talking_to(replies(*makers), 2) as (connection, deadline):
        log_in(
            BrokerAddress("b-1", 9096), access, lambda request: connection._exchange.send(request, Stage.SASL, deadline)
        )


def refusal(*makers: Callable[[Asked], Any]) -> StageError:
    with pytest.raises(StageError) as caught:
        scram_login(*makers)
    assert caught.value.stage == "sasl"
    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def test_a_listener_with_another_mechanism_is_told_with_what_it_offers() -> None:
    found = refusal(handshake(33, "AWS_MSK_IAM", "PLAIN"))
    assert found.cause == "mechanism-not-offered"
    assert found.detail == "the listener does not offer SCRAM-SHA-512; it offers: AWS_MSK_IAM, PLAIN"


@pytest.mark.parametrize(("code", "cause"), [(34, "mechanism-not-offered"), (-1, "broker-error")])
def test_a_handshake_that_is_refused_otherwise_is_told(code: int, cause: str) -> None:
    assert refusal(handshake(code)).cause == cause


@pytest.mark.parametrize("step", ["first", "final"])
def test_refused_credentials_are_told_in_the_brokers_words(step: str) -> None:
    refused = authenticate(error_code=58, message="Authentication failed during authentication")
    found = refusal(handshake(), *([refused] if step == "first" else [server_first, refused]))
    assert found.cause == "authentication-failed"
    assert "Authentication failed during" in found.detail


@pytest.mark.parametrize(
    "makers",
    [
        [authenticate(b"")],
        [authenticate(b"no equals sign")],
        [authenticate(b"\xff\xfe")],
        [authenticate(b"e=other-error")],
        [lambda asked: server_first(asked, nonce=b"another")],
        [lambda asked: server_first(asked, iterations="0")],
        [lambda asked: server_first(asked, iterations="-4")],
        [lambda asked: server_first(asked, iterations="many")],
        [lambda asked: server_first(asked, iterations="9" * 30)],
        [lambda asked: server_first(asked, iterations="2000000000")],
        [server_first, authenticate(b"v=d3Jvbmc=")],
        [server_first, authenticate(b"v=***")],
        [server_first, authenticate(b"e=invalid-proof")],
        [server_first, authenticate(b"")],
    ],
)
def test_a_broker_that_does_not_know_the_password_is_not_believed(makers: list[Callable[[Asked], Any]]) -> None:
    assert refusal(handshake(), *makers).cause == "server-not-authentic"


def test_a_name_with_comma_and_equals_sign_is_escaped() -> None:
    seen: list[bytes] = []

    def note(asked: Asked) -> Any:
        seen.append(asked.body)
        return authenticate(error_code=58)(asked)

    with pytest.raises(StageError):
        scram_login(handshake(), note, username="a,b=c")
    assert b"n,,n=a=2Cb=3Dc,r=" in seen[0]


def test_the_login_writes_no_secret_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    refusal(handshake(), server_first, authenticate(error_code=58))
    assert PASSWORD not in caplog.text


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which AWS knows nobody: no variables, no files, no machine's role."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return monkeypatch


def iam_login(*makers: Callable[[Asked], Any]) -> None:
    access = Access(brokers=(), auth_mode="iam")
    with talking_to(replies(handshake(0, "AWS_MSK_IAM"), *makers), 2) as (connection, deadline):
        log_in(
            BrokerAddress("b-1", 9098), access, lambda request: connection._exchange.send(request, Stage.SASL, deadline)
        )


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        (REGION, "AttributeError"),
        (KEYS, "KafkaConfigurationError"),
        (REGION | {"AWS_ACCESS_KEY_ID": "x"}, "PartialCredentialsError"),
        (REGION | {"AWS_PROFILE": "typo"}, "ProfileNotFound"),
    ],
)
def test_iam_without_credentials_or_region_is_told_with_what_to_do(
    no_aws: pytest.MonkeyPatch, environ: dict[str, str], why: str
) -> None:
    for name, value in environ.items():
        no_aws.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        iam_login()
    (problem,) = caught.value.problems
    assert problem.startswith(f"the login with IAM can't be signed ({why}): it needs AWS credentials")
    assert problem.endswith("log in to AWS or set AWS_PROFILE")
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in str(caught.value)


def test_iam_with_credentials_logs_in(no_aws: pytest.MonkeyPatch) -> None:
    for name, value in (KEYS | REGION).items():
        no_aws.setenv(name, value)
    sent: list[dict[str, str]] = []

    def accepted(asked: Asked) -> Any:
        sent.append(json.loads(asked.body[asked.body.index(b"{") :]))
        return authenticate(b"{}")(asked)

    iam_login(accepted)
    assert sent[0]["action"] == "kafka-cluster:Connect"
    assert sent[0]["x-amz-credential"].startswith("AKIDEXAMPLE/")
    assert "/eu-west-1/" in sent[0]["x-amz-credential"]


def test_a_name_that_kafka_lets_nobody_have_is_told_without_a_question() -> None:
    with pytest.raises(StageError) as caught:
        scram_login(username="grün")
    assert (caught.value.cause, caught.value.stage) == ("authentication-failed", "sasl")
    assert "not ASCII" in caught.value.detail
