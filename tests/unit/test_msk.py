"""SCRAM credentials, bootstrap brokers, and the access made of them."""

import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ConfigurationError, CredentialsError, ToolkitError
from msk_toolkit.kafka.access import Access, BrokerAddress, parse_brokers
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.msk.bootstrap import bootstrap_brokers, choose_brokers
from msk_toolkit.msk.credentials import parse_credentials, scram_credentials
from msk_toolkit.msk.listeners import listeners
from msk_toolkit.settings.cluster import AuthMode, ClusterSettings

ARN = "arn:aws:kafka:eu-central-1:123456789012:cluster/demo/1"
LISTENERS: dict[str, object] = {
    "BootstrapBrokerString": "b-1:9092",
    "BootstrapBrokerStringTls": "b-1:9094",
    "BootstrapBrokerStringSaslScram": "b-1:9096,b-2:9096",
    "BootstrapBrokerStringSaslIam": "b-1:9098",
    "BootstrapBrokerStringPublicTls": "b-1-public:9194",
}


class FakeMsk:
    def __init__(self, answer: dict[str, object] | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def get_bootstrap_brokers(self, *, ClusterArn: str) -> dict[str, object]:  # noqa: N803
        self.asked.append(ClusterArn)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class FakeSecrets:
    def __init__(self, text: str) -> None:
        self.text = text

    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803
        return {"SecretString": self.text}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "words"}}, "GetBootstrapBrokers")


def everything_said(error: BaseException) -> str:
    """The error's text and data, and those of every error that it is chained to, shown or not."""
    said, todo, seen = "", [error], set()
    while todo:
        current = todo.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        said += f"{current!s} {current!r} {vars(current)} {current.args}"
        said += f" {getattr(current, 'object', '')} {getattr(current, 'doc', '')}"
        todo += [linked for linked in (current.__cause__, current.__context__) if linked]
    return said


def test_credentials_are_read_whatever_else_the_secret_holds() -> None:
    credentials = parse_credentials(
        '{"username": "u", "password": "p, =\\u00fc", "engine": "kafka", "rotated": 1}', "s"
    )
    assert (credentials.username, credentials.password) == ("u", "p, =ü")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hush",
        "{hush",
        '{"username": "u", "password": "hush"',
        '"hush"',
        '["hush"]',
        "null",
        "{}",
        '{"password": "hush"}',
        '{"username": "hush"}',
        '{"username": "u", "password": ""}',
        '{"username": "", "password": "hush"}',
        '{"username": "u", "password": 5}',
        '{"username": "u", "password": ["hush"]}',
        '{"username": {"hush": 1}, "password": null}',
        '{"Username": "u", "Password": "hush"}',
        '{"username": "u", "password": "hush\ud800"}',
        "[" * 100_000 + "hush",
        "\ufeff{}hush",
    ],
)
def test_a_secret_of_another_shape_is_refused_and_never_quoted(text: str) -> None:
    with pytest.raises(CredentialsError, match="secret the-secret") as caught:
        scram_credentials(FakeSecrets(text), "the-secret", Deadline(5))
    assert "hush" not in everything_said(caught.value)


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(CredentialsError, match="username and password missing"):
        parse_credentials("{}", "s")


def test_credentials_and_access_print_no_secret() -> None:
    credentials = parse_credentials('{"username": "user-hush", "password": "hush"}', "s")
    access = Access(brokers=(BrokerAddress("b", 1),), auth_mode="scram", username="user-hush", password="hush")
    assert "hush" not in f"{credentials} {credentials!r} {access} {access!r}"


@pytest.mark.parametrize(
    ("mode", "brokers"),
    [("none", "b-1:9092"), ("tls", "b-1:9094"), ("scram", "b-1:9096,b-2:9096"), ("iam", "b-1:9098")],
)
def test_each_auth_mode_has_its_listener(mode: AuthMode, brokers: str) -> None:
    msk = FakeMsk(LISTENERS)
    assert bootstrap_brokers(msk, ClusterSettings(cluster_arn=ARN, auth_mode=mode), Deadline(5)) == brokers
    assert msk.asked == [ARN]


def test_a_listener_that_the_cluster_lacks_is_named_with_those_it_has() -> None:
    answer = {key: LISTENERS[key] for key in ("BootstrapBrokerStringTls", "BootstrapBrokerStringSaslIam")}
    with pytest.raises(ConfigurationError, match="no listener for scram; it offers tls, iam"):
        choose_brokers(listeners(answer), "scram")
    with pytest.raises(ConfigurationError, match="none inside the VPC"):
        choose_brokers(listeners({"BootstrapBrokerStringPublicTls": "b-1-public:9194"}), "tls")
    with pytest.raises(ConfigurationError):
        choose_brokers(listeners({"BootstrapBrokerStringSaslScram": ""}), "scram")


@pytest.mark.parametrize(
    ("failure", "kind", "text"),
    [
        (refused("NotFoundException"), ConfigurationError, "there is no cluster"),
        (refused("BadRequestException"), ConfigurationError, "there is no cluster"),
        (refused("ForbiddenException"), AwsError, "ForbiddenException"),
        (refused("AccessDeniedException"), AwsError, "access denied"),
        (refused("TooManyRequestsException"), AwsError, "TooManyRequestsException"),
        (ConnectTimeoutError(endpoint_url="https://kafka"), AwsError, "VPC endpoint"),
    ],
)
def test_a_refusal_of_msk_names_the_cluster(failure: Exception, kind: type[ToolkitError], text: str) -> None:
    with pytest.raises(kind, match=text) as caught:
        bootstrap_brokers(FakeMsk(failure), ClusterSettings(cluster_arn=ARN), Deadline(5))
    assert ARN in str(caught.value)


def test_brokers_are_read_in_order_and_once() -> None:
    brokers = parse_brokers("b-2.x:9096, b-1.x:9096,b-2.x:9096,")
    assert brokers == (BrokerAddress("b-2.x", 9096), BrokerAddress("b-1.x", 9096))
    assert [address.number for address in brokers] == [2, 1]
    assert BrokerAddress("localhost", 1).number is None


def settings(**values: Any) -> ClusterSettings:
    return ClusterSettings(**values)


def test_access_asks_aws_only_for_what_the_settings_leave_open() -> None:
    clients = {"kafka": FakeMsk(LISTENERS), "secretsmanager": FakeSecrets('{"username": "u", "password": "p"}')}
    asked: list[str] = []

    def client(service: str) -> Any:
        asked.append(service)
        return clients[service]

    full = cluster_access(settings(cluster_arn=ARN, scram_secret_arn="s", trusted_ca="pem"), client, Deadline(5))
    assert (full.brokers, full.username, full.password, full.trusted_ca) == (
        parse_brokers("b-1:9096,b-2:9096"),
        "u",
        "p",
        "pem",
    )
    assert asked == ["secretsmanager", "kafka"]
    asked.clear()
    plain = cluster_access(settings(cluster_arn=ARN, auth_mode="none", bootstrap_servers="x:1"), client, Deadline(5))
    assert (plain.brokers, plain.username, asked) == ((BrokerAddress("x", 1),), "", [])


@pytest.mark.parametrize(
    ("mode", "encrypted", "mechanism"),
    [("scram", True, "SCRAM-SHA-512"), ("iam", True, "AWS_MSK_IAM"), ("tls", True, None), ("none", False, None)],
)
def test_an_auth_mode_means_encryption_and_mechanism(mode: AuthMode, encrypted: bool, mechanism: str | None) -> None:
    access = Access(brokers=(), auth_mode=mode)
    assert (access.encrypted, access.mechanism) == (encrypted, mechanism)


@pytest.mark.parametrize("hanging", ["secretsmanager", "kafka"])
def test_an_api_that_hangs_is_left_when_the_deadline_passes(hanging: str) -> None:
    ending = threading.Event()

    class Hanging:
        def get_secret_value(self, **_: str) -> dict[str, object]:
            ending.wait(10)
            return {}

        def get_bootstrap_brokers(self, **_: str) -> dict[str, object]:
            ending.wait(10)
            return {}

    def client(service: str) -> Any:
        if service == hanging:
            return Hanging()
        return FakeSecrets('{"username": "u", "password": "p"}') if service == "secretsmanager" else FakeMsk(LISTENERS)

    began = time.monotonic()
    with pytest.raises(AwsError, match="no answer from AWS in time"):
        cluster_access(settings(cluster_arn=ARN, scram_secret_arn="s"), client, Deadline(0.2))
    ending.set()
    assert time.monotonic() - began < 2
