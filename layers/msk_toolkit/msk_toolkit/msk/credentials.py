"""SCRAM credentials, as MSK keeps them in Secrets Manager."""

import contextlib
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from msk_toolkit.aws.secrets import SecretsClient, read_secret
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import CredentialsError

_BYTE_ORDER_MARK = "\ufeff"
_NAMES = ("username", "password")
_SHAPE = 'store a JSON object {"username": "...", "password": "..."}'


class ScramCredentials(msgspec.Struct, frozen=True):
    """A user name and password; neither appears in its text form."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "ScramCredentials(...)"

    __str__ = __repr__


def scram_credentials(secrets: SecretsClient, secret_id: str, deadline: Deadline) -> ScramCredentials:
    """Read and parse the secret.

    Raises:
        CredentialsError, AwsError: see :func:`msk_toolkit.aws.secrets.read_secret`.
    """
    return parse_credentials(read_secret(secrets, secret_id, deadline), secret_id)


def parse_credentials(text: str, secret_id: str) -> ScramCredentials:
    """Credentials from a secret's text, a JSON object with ``username`` and ``password``.

    Raises:
        CredentialsError: with everything that is wrong; never with the text.
    """
    document = _json_object(text)
    if document is None:
        raise CredentialsError(f"secret {secret_id}: not a JSON object; {_SHAPE}")
    missing = _missing(document)
    if missing:
        raise CredentialsError(f"secret {secret_id}: {' and '.join(missing)} missing or not text; {_SHAPE}")
    return ScramCredentials(document["username"], document["password"])


def inspect_credentials(text: str) -> tuple[ScramCredentials | None, list[str]]:
    """The credentials that a person meant, and everything in the text that MSK or Kafka does not accept.

    Credentials that no client can use are None. The faults go on from the name of the secret, and never quote it.
    """
    faults = _faults_around(text)
    document = _json_object(text.lstrip(_BYTE_ORDER_MARK))
    if document is None:
        return None, [*faults, f"is not a JSON object; {_SHAPE}"]
    missing = _missing(document)
    faults += _faults_of_values(document, missing)
    # Kafka's ScramMessages accepts no other in a client's first message.
    if "username" not in missing and not document["username"].isascii():
        faults.append("username has characters that are not ASCII: Kafka's SCRAM rejects such a user")
        return None, faults
    if missing:
        return None, faults
    return ScramCredentials(document["username"], document["password"]), faults


def _faults_of_values(document: Mapping[str, Any], missing: Collection[str]) -> list[str]:
    faults = []
    for name in _NAMES:
        if name in missing:
            faults.append(f"{name} is missing or not text; {_SHAPE}")
        elif document[name] != document[name].strip():
            faults.append(f"{name} begins or ends with white space, which Kafka treats as part of it")
    return faults


def _faults_around(text: str) -> list[str]:
    faults = []
    if text.startswith(_BYTE_ORDER_MARK):
        faults.append("begins with a byte order mark (added by an editor), which MSK cannot read: store it without")
        text = text.lstrip(_BYTE_ORDER_MARK)
    if text != text.strip():
        faults.append("has white space around the JSON object: store it without")
    return faults


def _json_object(text: str) -> dict[str, Any] | None:
    # Suppressed, not chained: the parser's error may hold what it could not read (UnicodeEncodeError holds all of it).
    with contextlib.suppress(msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        document = msgspec.json.decode(text)
        if isinstance(document, dict):
            return document
    return None


def _missing(document: dict[str, Any]) -> list[str]:
    return [name for name in _NAMES if not isinstance(document.get(name), str) or not document[name]]
