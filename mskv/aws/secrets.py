"""Secrets Manager: a secret's current text, and a new version of it."""

from typing import NamedTuple

from mskv.aws.calls import ask
from mskv.aws.clients import Client
from mskv.facts import Unavailable


class Secret(NamedTuple):
    """A secret's current version; ``text`` is None where it is binary."""

    version: str
    text: str | None

    def __repr__(self) -> str:
        return f"Secret({self.version})"


def read_secret(client: Client, secret: str) -> Secret | Unavailable:
    """The current version."""

    def question() -> Secret:
        answer = client("secretsmanager").get_secret_value(SecretId=secret)
        return Secret(answer["VersionId"], answer.get("SecretString"))

    return ask("secretsmanager:GetSecretValue", question)


def write_secret(writer: Client, secret: str, text: str) -> str | Unavailable:
    """Make a text the current version; returns the version's id."""

    def write() -> str:
        return str(writer("secretsmanager").put_secret_value(SecretId=secret, SecretString=text)["VersionId"])

    return ask("secretsmanager:PutSecretValue", write)
