"""Secrets, clients, and CloudFormation's custom resources."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    BotoCoreError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from msk_toolkit.aws import clients
from msk_toolkit.aws.custom_resource import Status, is_custom_resource, physical_id, send_answer
from msk_toolkit.aws.secrets import read_secret
from msk_toolkit.errors import AwsError, ConfigurationError, CredentialsError

from tests.fakes.http_fake import Peer, ScriptedServer, serve

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_x"


@pytest.fixture
def stub() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client(
        "secretsmanager", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stubber:
        yield client, stubber


class Failing:
    def __init__(self, error: BotoCoreError) -> None:
        self.error = error

    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803
        raise self.error


def test_the_text_of_a_secret_is_read(stub: tuple[Any, Stubber]) -> None:
    stub[1].add_response("get_secret_value", {"SecretString": "hush"}, {"SecretId": SECRET})
    assert read_secret(stub[0], SECRET) == "hush"


def test_a_binary_secret_is_refused(stub: tuple[Any, Stubber]) -> None:
    stub[1].add_response("get_secret_value", {"SecretBinary": b"hush"})
    with pytest.raises(CredentialsError, match="binary") as caught:
        read_secret(stub[0], SECRET)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ResourceNotFoundException", "not found"),
        ("AccessDeniedException", "secretsmanager:GetSecretValue"),
        ("DecryptionFailure", "kms:Decrypt"),
        ("InvalidRequestException", "marked for deletion"),
    ],
)
def test_a_secret_that_can_not_be_read_is_named_with_its_remedy(
    stub: tuple[Any, Stubber], code: str, words: str
) -> None:
    stub[1].add_client_error("get_secret_value", code)
    with pytest.raises(CredentialsError, match=words) as caught:
        read_secret(stub[0], SECRET)
    assert SECRET in str(caught.value)


def test_any_other_refusal_is_told_by_its_code(stub: tuple[Any, Stubber]) -> None:
    stub[1].add_client_error("get_secret_value", "InternalServiceError")
    with pytest.raises(AwsError, match="refused with InternalServiceError"):
        read_secret(stub[0], SECRET)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EndpointConnectionError(endpoint_url="https://x"), "VPC endpoint"),
        (ReadTimeoutError(endpoint_url="https://x"), "VPC endpoint"),
        (NoCredentialsError(), "NoCredentialsError"),
    ],
)
def test_an_api_that_does_not_answer_is_told_from_one_that_was_never_asked(error: BotoCoreError, words: str) -> None:
    with pytest.raises(AwsError, match=words) as caught:
        read_secret(Failing(error), SECRET)
    assert SECRET in str(caught.value)
    assert isinstance(error, NoCredentialsError) != ("VPC endpoint" in str(caught.value))


@pytest.fixture
def no_cached_clients() -> Iterator[None]:
    clients.client.cache_clear()
    yield
    clients.client.cache_clear()


@pytest.mark.usefixtures("no_cached_clients")
def test_a_client_without_a_region_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_region(*_: object, **__: object) -> None:
        raise NoRegionError

    monkeypatch.setattr(boto3, "client", without_region)
    with pytest.raises(ConfigurationError, match="AWS_DEFAULT_REGION is missing"):
        clients.client("kafka")


@pytest.mark.usefixtures("no_cached_clients")
def test_an_endpoint_that_is_no_url_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "hush hush")
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with pytest.raises(ConfigurationError, match="AWS_ENDPOINT_URL is not a URL") as caught:
        clients.client("kafka")
    assert "hush" not in str(caught.value)


def event(url: str = "https://signed", **more: Any) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "ResponseURL": url,
        "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/5f1c",
        "RequestId": "r-1",
        "LogicalResourceId": "DeclaredTopics",
        **more,
    }


@pytest.mark.parametrize(
    "other", [{}, {"action": "plan"}, {"RequestType": "Create"}, None, [], "ResponseURL RequestType"]
)
def test_only_cloudformations_events_are_custom_resources(other: object) -> None:
    assert is_custom_resource(event())
    assert not is_custom_resource(other)


def test_the_physical_id_stays_the_same_over_the_resources_life() -> None:
    made = physical_id(event())
    assert made == "shop-DeclaredTopics"
    assert physical_id(event(RequestType="Update", PhysicalResourceId="as it was")) == "as it was"
    assert physical_id(event(RequestId="r-2")) == made


def answered(server: ScriptedServer) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(server.requests[-1].partition(b"\r\n\r\n")[2])
    return decoded


CREATED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.enable_socket
@pytest.mark.parametrize("status", ["SUCCESS", "FAILED"])
def test_the_answer_has_all_that_cloudformation_asks_for(status: Status) -> None:
    with ScriptedServer(serve(CREATED)) as server:
        send_answer(event(f"http://127.0.0.1:{server.port}/a?Signature=hush"), status, "why", {"Created": "2"})
    assert server.requests[0].startswith(b"PUT /a?Signature=hush HTTP/1.1\r\n")
    assert b"\r\ncontent-type: \r\n" in server.requests[0].lower()
    assert answered(server) == {
        "Status": status,
        "Reason": "why",
        "PhysicalResourceId": "shop-DeclaredTopics",
        "StackId": event()["StackId"],
        "RequestId": "r-1",
        "LogicalResourceId": "DeclaredTopics",
        "Data": {"Created": "2"},
    }


@pytest.mark.enable_socket
@pytest.mark.parametrize("reason", ["x" * 9000, "ü" * 9000, "x" + "€" * 9000, "🦊" * 9000])
def test_a_long_reason_is_cut_so_that_the_answer_stays_below_4_kb(reason: str) -> None:
    with ScriptedServer(serve(CREATED)) as server:
        send_answer(event(f"http://127.0.0.1:{server.port}/"), "FAILED", reason)
    assert len(server.requests[0].partition(b"\r\n\r\n")[2]) < 4096
    assert reason.startswith(answered(server)["Reason"])
    assert len(answered(server)["Reason"].encode()) > 1900


@pytest.mark.enable_socket
def test_an_answer_that_is_refused_or_lost_is_an_error_without_the_url() -> None:
    forbidden = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    with (
        ScriptedServer(serve(forbidden)) as server,
        pytest.raises(AwsError, match="403") as refused,
    ):
        send_answer(event(f"http://127.0.0.1:{server.port}/?Signature=hush"), "SUCCESS", "")
    with ScriptedServer(Peer.reset) as server, pytest.raises(AwsError, match="MaxRetryError") as lost:
        send_answer(event(f"http://127.0.0.1:{server.port}/?Signature=hush"), "SUCCESS", "")
    assert server.connections >= 3
    for caught in (refused, lost):
        assert "hush" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
