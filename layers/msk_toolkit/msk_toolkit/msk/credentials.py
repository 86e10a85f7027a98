"""SCRAM credentials, as MSK keeps them in Secrets Manager."""

import contextlib

import msgspec

from msk_toolkit.aws.secrets import SecretsClient, read_secret
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import CredentialsError


class ScramCredentials(msgspec.Struct, frozen=True):
    """A user name and password; neither appears in its text form."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "ScramCredentials(...)"

    __str__ = __repr__


def parse_credentials(text: str, secret_id: str) -> ScramCredentials:
    """Credentials from a secret's text, a JSON object with ``username`` and ``password``.

    Raises:
        CredentialsError: with everything that is wrong; never with the text.
    """
    shape = 'store a JSON object {"username": "...", "password": "..."}'
    found: object = None
    # Suppressed, not chained: the parser's error may hold what it could not read (UnicodeEncodeError holds all of it).
    with contextlib.suppress(msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        found = msgspec.json.decode(text)
    if not isinstance(found, dict):
        raise CredentialsError(f"secret {secret_id}: not a JSON object; {shape}")
    wrong = [name for name in ("username", "password") if not isinstance(found.get(name), str) or not found[name]]
    if wrong:
        raise CredentialsError(f"secret {secret_id}: {' and '.join(wrong)} missing or not text; {shape}")
    return ScramCredentials(found["username"], found["password"])


def scram_credentials(secrets: SecretsClient, secret_id: str, deadline: Deadline) -> ScramCredentials:
    """Read and parse the secret.

    Raises:
        CredentialsError, AwsError: see :func:`msk_toolkit.aws.secrets.read_secret`.
    """
    return parse_credentials(read_secret(secrets, secret_id, deadline), secret_id)
