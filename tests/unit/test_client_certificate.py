"""The client certificate of mutual TLS: read from a secret, checked, shown to listeners, and never printed."""

import json
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import CredentialsError
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.msk.client_certificate import parse_client_certificate
from msk_toolkit.network.client_certificate import client_context
from msk_toolkit.settings.cluster import ClusterSettings

from local.kafka import CertificateAuthority

HUSH = "hush-hush"


@pytest.fixture
def secret(tmp_path: Path) -> dict[str, str]:
    """What the secret of a client holds."""
    chain, key = CertificateAuthority.create(tmp_path).issue("client", ["client"])
    return {"certificate": chain.read_text(), "privateKey": key.read_text()}


def encrypted(key: str) -> str:
    command = ["openssl", "pkcs8", "-topk8", "-passout", f"pass:{HUSH}"]
    return subprocess.run(command, input=key, capture_output=True, text=True, check=True).stdout


def context_of(secret: dict[str, Any]) -> ssl.SSLContext:
    return client_context("", parse_client_certificate(json.dumps(secret), "kafka/client"))


def test_a_certificate_and_its_key_make_a_context_once_for_all_connections(secret: dict[str, str]) -> None:
    assert context_of(secret) is context_of(secret)
    assert context_of(secret).verify_mode is ssl.CERT_REQUIRED
    assert context_of(secret) is not client_context("", None)


def test_an_encrypted_key_is_read_with_its_password(secret: dict[str, str]) -> None:
    assert context_of({**secret, "privateKey": encrypted(secret["privateKey"]), "privateKeyPassword": HUSH})


@pytest.mark.parametrize("password", [{}, {"privateKeyPassword": "wrong"}])
def test_a_password_that_is_missing_or_wrong_is_an_error_and_asks_nobody(
    secret: dict[str, str], password: dict[str, str]
) -> None:
    wrong = {**secret, "privateKey": encrypted(secret["privateKey"]), **password}
    with pytest.raises(CredentialsError, match="can't be decrypted: privateKeyPassword is missing or wrong"):
        context_of(wrong)


def test_a_key_of_another_certificate_is_named(secret: dict[str, str], tmp_path: Path) -> None:
    _, other = CertificateAuthority.create(tmp_path / "other").issue("other", ["other"])
    with pytest.raises(CredentialsError, match="not that of the first certificate"):
        context_of({**secret, "privateKey": other.read_text()})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HUSH, "not a JSON object"),
        (json.dumps([HUSH]), "not a JSON object"),
        (json.dumps({"certificate": HUSH}), "certificate is missing or not PEM text, privateKey is missing"),
        (json.dumps({"certificate": 1, "privateKey": None, "privateKeyPassword": 3}), "privateKeyPassword is not text"),
    ],
)
def test_every_fault_of_the_secret_is_named_and_nothing_of_it_is_shown(text: str, fault: str) -> None:
    with pytest.raises(CredentialsError, match=fault) as caught:
        parse_client_certificate(text, "kafka/client")
    assert HUSH not in str(caught.value)
    assert caught.value.__cause__ is None


def test_unreadable_pem_is_an_error_without_its_text(secret: dict[str, str]) -> None:
    broken = f"-----BEGIN PRIVATE KEY-----\n{HUSH}\n-----END PRIVATE KEY-----\n"
    with pytest.raises(CredentialsError, match="not readable PEM text") as caught:
        context_of({**secret, "privateKey": broken})
    assert HUSH not in str(caught.value)


def test_access_and_certificate_print_no_key(secret: dict[str, str]) -> None:
    class Secrets:
        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's own name
            return {"SecretString": json.dumps({**secret, "privateKeyPassword": HUSH})}

    settings = ClusterSettings(
        bootstrap_servers="b:9093", auth_mode="mtls", client_certificate_secret_arn="kafka/client"
    )
    access = cluster_access(settings, lambda _: Secrets(), Deadline(5))
    shown = f"{access!r} {access.client_certificate!r} {access.client_certificate}"
    assert HUSH not in shown
    assert "PRIVATE KEY" not in shown
