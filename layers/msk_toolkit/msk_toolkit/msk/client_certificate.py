"""The secret with the client certificate of mutual TLS, in the form that Lambda's event source mappings read.

Source: AWS Lambda's developer guide, "Configuring the client certificate secret" (kafka-cluster-auth), read on
2026-11-29.
"""

import contextlib
from typing import Any

import msgspec

from msk_toolkit.aws.secrets import SecretsClient, read_secret
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import CredentialsError
from msk_toolkit.network.client_certificate import ClientCertificate

_SHAPE = (
    'store a JSON object {"certificate": "-----BEGIN CERTIFICATE-----...", "privateKey": '
    '"-----BEGIN PRIVATE KEY-----..."}, with privateKeyPassword where the key is encrypted'
)
_BEGINNINGS = {"certificate": "-----BEGIN CERTIFICATE-----", "privateKey": "PRIVATE KEY-----"}


def read_client_certificate(secrets: SecretsClient, secret_id: str, deadline: Deadline) -> ClientCertificate:
    """Read and parse the secret.

    Raises:
        CredentialsError, AwsError: see :func:`msk_toolkit.aws.secrets.read_secret`.
    """
    return parse_client_certificate(read_secret(secrets, secret_id, deadline), secret_id)


def parse_client_certificate(text: str, secret_id: str) -> ClientCertificate:
    """The certificate of a secret's text.

    Raises:
        CredentialsError: with everything that is wrong; never with the text.
    """
    document = _json_object(text)
    if document is None:
        raise CredentialsError(f"secret {secret_id}: not a JSON object; {_SHAPE}")
    missing = [name for name, beginning in _BEGINNINGS.items() if beginning not in _text(document, name)]
    faults = [f"{name} is missing or not PEM text" for name in missing]
    if not isinstance(document.get("privateKeyPassword", ""), str):
        faults.append("privateKeyPassword is not text")
    if faults:
        raise CredentialsError(f"secret {secret_id}: {', '.join(faults)}; {_SHAPE}")
    return ClientCertificate(
        source=f"secret {secret_id}",
        chain=_text(document, "certificate"),
        private_key=_text(document, "privateKey"),
        password=_text(document, "privateKeyPassword"),
    )


def _json_object(text: str) -> dict[str, Any] | None:
    # Suppressed, not chained: the parser's error may hold what it could not read.
    with contextlib.suppress(msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        document = msgspec.json.decode(text)
        if isinstance(document, dict):
            return document
    return None


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name, "")
    return value if isinstance(value, str) else ""
