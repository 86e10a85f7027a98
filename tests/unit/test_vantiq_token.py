"""The token out of its secret."""

import threading
import time

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, CredentialsError
from msk_toolkit.vantiq.token import Token, parse_token


class FakeSecrets:
    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.reads = 0
        self.release = threading.Event()
        self.release.set()

    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803
        self.release.wait(5)
        self.reads += 1
        return {"SecretString": self.texts[min(self.reads, len(self.texts)) - 1]}


@pytest.mark.parametrize("text", ['{"token": "abc="}', "abc=", " abc=\n", '"abc="'])
def test_a_secret_is_json_or_the_bare_token(text: str) -> None:
    assert parse_token(text, "s") == "abc="


@pytest.mark.parametrize(
    "text", ["", "{}", '{"token": ""}', '{"token": 5}', '{"token": "hush\\r\\nX: y"}', "{hush", "hush hush", "hüsh"]
)
def test_anything_else_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        parse_token(text, "s")
    assert "hush" not in str(caught.value)
    assert "hüsh" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_secret_is_read_once() -> None:
    secrets = FakeSecrets("one", "two")
    token = Token(secrets, "s")
    assert [token.text(Deadline(1)) for _ in range(3)] == ["one"] * 3
    assert secrets.reads == 1
    assert "one" not in repr(token)


def test_lanes_that_are_refused_together_read_the_new_token_once() -> None:
    secrets = FakeSecrets("one", "two", "three")
    token = Token(secrets, "s")
    assert token.text(Deadline(1)) == "one"
    assert [token.renewed("one", Deadline(1)) for _ in range(3)] == ["two"] * 3
    assert secrets.reads == 2


def test_a_secrets_manager_that_hangs_does_not_outlast_the_deadline() -> None:
    secrets = FakeSecrets("one")
    secrets.release.clear()
    started = time.monotonic()
    with pytest.raises(AwsError, match="in time"):
        Token(secrets, "s").text(Deadline(0.1))
    assert time.monotonic() - started < 2
    secrets.release.set()
