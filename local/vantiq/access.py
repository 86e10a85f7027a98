"""Authentication: tokens, and users with a password."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from local.vantiq.errors import unauthorized


class Grant(msgspec.Struct, frozen=True):
    """What a token opens: its own namespace, and those that ``X-Target-Namespace`` may name."""

    namespace: str
    namespaces: frozenset[str]


class Access:
    """The valid tokens. One of them, ``token``, is the client's long-lived one and can be rotated."""

    def __init__(self, token: str, grant: Grant, users: Mapping[str, str]) -> None:
        self.token = token
        self._grant = grant
        self._users = dict(users)
        self._grants = {token: grant}

    def check(self, authorization: str | None) -> Grant:
        """The grant of an ``Authorization: Bearer`` header; 401 without a valid one."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme != "Bearer":
            raise unauthorized()
        return self.check_token(token)

    def check_token(self, token: str) -> Grant:
        """The grant of a bare token; 401 when it is not valid."""
        try:
            return self._grants[token]
        except KeyError:
            raise unauthorized() from None

    def log_in(self, authorization: str | None) -> str:
        """A new session token for a Basic (user and password) or Bearer header; 401 when refused."""
        scheme, _, credentials = (authorization or "").partition(" ")
        if scheme != "Basic":
            return self.issue(self.check(authorization))
        try:
            user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise unauthorized() from None
        expected = self._users.get(user)
        if expected is None or not secrets.compare_digest(expected.encode(), password.encode()):
            raise unauthorized()
        return self.issue(self._grant)

    def issue(self, grant: Grant) -> str:
        """A further valid token."""
        token = secrets.token_urlsafe(32)
        self._grants[token] = grant
        return token

    def revoke(self, token: str) -> None:
        """End a token."""
        self._grants.pop(token, None)

    def rotate(self, token: str | None = None) -> str:
        """Replace the long-lived token; the old one and all sessions are refused from now on."""
        self.token = token or secrets.token_urlsafe(32)
        self._grants = {self.token: self._grant}
        return self.token


def read_or_make_token(path: Path) -> str:
    """The token in a file, or a new one written there for the owner alone to read."""
    if path.exists():
        token = path.read_text().strip()
        if token:
            return token
    token = secrets.token_urlsafe(32)
    write_token(path, token)
    return token


def write_token(path: Path, token: str) -> None:
    """Put a token into a file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(token + "\n")
