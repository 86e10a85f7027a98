"""Secrets and clients."""

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
from msk_toolkit.aws.secrets import read_secret
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ConfigurationError, CredentialsError

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
    assert read_secret(stub[0], SECRET, Deadline(5)) == "hush"


def test_a_binary_secret_is_refused(stub: tuple[Any, Stubber]) -> None:
    stub[1].add_response("get_secret_value", {"SecretBinary": b"hush"})
    with pytest.raises(CredentialsError, match="binary") as caught:
        read_secret(stub[0], SECRET, Deadline(5))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ResourceNotFoundException", "not found"),
        ("AccessDeniedException", "secretsmanager:GetSecretValue"),
        ("DecryptionFailure", "kms:Decrypt"),
        ("InvalidRequestException", "marked for deletion"),
    ],
)
def test_a_secret_that_can_not_be_read_is_named_with_its_remedy(
    stub: tuple[Any, Stubber], code: str, text: str
) -> None:
    stub[1].add_client_error("get_secret_value", code)
    with pytest.raises(CredentialsError, match=text) as caught:
        read_secret(stub[0], SECRET, Deadline(5))
    assert SECRET in str(caught.value)


def test_any_other_refusal_is_reported_by_its_code(stub: tuple[Any, Stubber]) -> None:
    stub[1].add_client_error("get_secret_value", "InternalServiceError")
    with pytest.raises(AwsError, match="refused with InternalServiceError"):
        read_secret(stub[0], SECRET, Deadline(5))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (EndpointConnectionError(endpoint_url="https://x"), "VPC endpoint"),
        (ReadTimeoutError(endpoint_url="https://x"), "VPC endpoint"),
        (NoCredentialsError(), "NoCredentialsError"),
    ],
)
def test_an_api_that_does_not_answer_is_distinguished_from_one_that_was_never_asked(
    error: BotoCoreError, text: str
) -> None:
    with pytest.raises(AwsError, match=text) as caught:
        read_secret(Failing(error), SECRET, Deadline(5))
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
