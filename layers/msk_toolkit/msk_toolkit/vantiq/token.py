"""The access token: read once for a warm environment, and again when Vantiq refuses it."""

import functools
import re
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from msk_toolkit.aws.secrets import SecretsClient, read_secret
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import CredentialsError

# It goes into a header: a line break in it would end the header.
_TOKEN = re.compile(r"[\x21-\x7e]+")
# A shorter text is no token of Vantiq's, and could be in a response by chance.
_LEAST_TOKEN = 16
_CUT_OUT = b"***"


def parse_token(text: str, secret_id: str) -> str:
    """The token in a secret's text: a JSON object with ``token``, or the bare token.

    Raises:
        CredentialsError: there is none; never with the text.
    """
    token = _content(text)
    if isinstance(token, dict):
        token = token.get("token")
    if isinstance(token, str) and _TOKEN.fullmatch(token):
        return token
    # Not chained: the parser's error may quote what it could not read.
    raise CredentialsError(f'secret {secret_id}: holds no token; store {{"token": "..."}} or the bare token')


def _content(text: str) -> Any:
    """What the text holds as JSON, None where it looks like JSON and is not; otherwise the text itself."""
    if not text.lstrip().startswith(("{", '"')):
        return text.strip()
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def without_token(text: bytes, token: str) -> bytes:
    """A server's text without the token, which it repeats where it shows the request that it refuses."""
    # Hardly any response is as long.
    if len(text) < len(token) or len(token) < _LEAST_TOKEN:
        return text
    for spelling in _spellings(token):
        text = text.replace(spelling, _CUT_OUT)
    return text


@functools.lru_cache(maxsize=4)
def _spellings(token: str) -> tuple[bytes, ...]:
    """A token as it is, and as JSON may have it."""
    encoded = msgspec.json.encode(token)[1:-1]
    return token.encode(), encoded, encoded.replace(b"/", rb"\/")


class Token:
    """The current token; safe to share between lanes.

    Args:
        parse: what a request needs of the secret's text.
    """

    def __init__(self, secrets: SecretsClient, secret_id: str, parse: Callable[[str, str], str] = parse_token) -> None:
        self._parse = parse
        self._secrets = secrets
        self._secret_id = secret_id
        self._text: str | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "Token(...)"

    @property
    def known(self) -> str | None:
        """The token, where it was read before."""
        return self._text

    def text(self, deadline: Deadline) -> str:
        """The token, read from the secret the first time.

        Raises:
            CredentialsError, AwsError: the secret can't be read, not in time, or holds no token.
        """
        with self._lock:
            if self._text is None:
                self._text = self._read(deadline)
            return self._text

    def renewed(self, refused: str, deadline: Deadline) -> str:
        """The token after ``refused`` was: read again, unless another lane has done that already.

        Raises:
            CredentialsError, AwsError: as above.
        """
        with self._lock:
            if self._text == refused:
                self._text = self._read(deadline)
            return self._text or self._read(deadline)

    def _read(self, deadline: Deadline) -> str:
        return self._parse(read_secret(self._secrets, self._secret_id, deadline), self._secret_id)
