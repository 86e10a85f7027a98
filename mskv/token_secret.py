"""The text of the secret that holds Vantiq's token: a JSON object with ``token``, or the bare token."""

import json
import re
from typing import Any, NamedTuple

# It goes into a header.
_TOKEN = re.compile(r"[\x21-\x7e]+")
# Tokens are a few hundred characters; a secret takes 64 KiB.
MAX_TOKEN = 16_384


class NewText(NamedTuple):
    """What a secret is to hold, and its form in words, which hold nothing of the secret but names of keys."""

    text: str
    form: str

    def __repr__(self) -> str:
        return "NewText(...)"


def checked_token(typed: str) -> str:
    """A token as it was typed, without the line break behind it.

    Raises:
        ValueError: it is not one; never with the text.
    """
    token = typed.strip()
    if not token:
        raise ValueError("standard input holds no token")
    if token.startswith(("{", '"')):
        raise ValueError("standard input holds JSON: give the token alone; the secret keeps its form")
    if token.lower().startswith("bearer"):
        raise ValueError('give the token without "Bearer"')
    if not _TOKEN.fullmatch(token):
        raise ValueError("a token is one line of printable ASCII characters without spaces")
    if len(token) > MAX_TOKEN:
        raise ValueError(f"a token has at most {MAX_TOKEN:,} characters")
    return token


def with_token(text: str, token: str) -> NewText:
    """The secret's text with another token: in its form, and with its other keys."""
    stripped = text.strip()
    if not stripped.startswith(("{", '"')):
        return NewText(token, "the bare token")
    content = _parsed(stripped)
    if isinstance(content, str):
        return NewText(json.dumps(token), "the token as a JSON string")
    if not isinstance(content, dict):
        return NewText(json.dumps({"token": token}), "a JSON object with token, instead of a text that is not JSON")
    others = [key for key in content if key != "token"]
    form = "a JSON object with token"
    if others:
        form += f" (kept: {', '.join(others)})"
    return NewText(json.dumps({**content, "token": token}, ensure_ascii=False), form)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
