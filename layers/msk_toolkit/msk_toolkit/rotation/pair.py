"""User and password as the secrets hold them: read, replaced, made; every other key of a secret is kept."""

import secrets
import string

import msgspec

from msk_toolkit.aws.secret_versions import PREVIOUS, SecretVersions
from msk_toolkit.errors import CredentialsError
from msk_toolkit.msk.credentials import ScramCredentials, parse_credentials

# Letters and digits need no escape in any client's configuration; so many of them are 238 bits.
_CHARACTERS = string.ascii_letters + string.digits
_LENGTH = 40


class HeldPair(msgspec.Struct, frozen=True):
    """A version's whole text, and the pair in it; never printed."""

    text: str
    pair: ScramCredentials

    def __repr__(self) -> str:
        return "HeldPair(...)"

    __str__ = __repr__

    def with_pair(self, pair: ScramCredentials) -> str:
        """The text with another pair, and its other keys as they are."""
        return msgspec.json.encode({**msgspec.json.decode(self.text), **msgspec.structs.asdict(pair)}).decode()


def new_password() -> str:
    """A password that nobody knows yet."""
    return "".join(secrets.choice(_CHARACTERS) for _ in range(_LENGTH))


def current_pair(secret: SecretVersions) -> HeldPair:
    """What the secret's current version holds.

    Raises:
        CredentialsError: no value, or no pair.
        AwsError: denied, or not answered.
    """
    return _held(secret.current_text(), secret.secret_id)


def pair_of(secret: SecretVersions, version: str) -> HeldPair:
    """What a version holds.

    Raises:
        CredentialsError, AwsError: as :func:`current_pair`.
    """
    return _held(secret.text_of(version), secret.secret_id)


def former_pairs(secret: SecretVersions) -> list[ScramCredentials]:
    """The pair that the secret held before, if it is still known.

    Raises:
        AwsError: denied, or not answered.
    """
    version = secret.labels().version_with(PREVIOUS)
    if not version:
        return []
    try:
        return [pair_of(secret, version).pair]
    except CredentialsError:
        # Somebody has stored something else there, which no source can have.
        return []


def _held(text: str | None, secret_id: str) -> HeldPair:
    if text is None:
        raise CredentialsError(f"secret {secret_id}: the version has no text")
    return HeldPair(text, parse_credentials(text, secret_id))
