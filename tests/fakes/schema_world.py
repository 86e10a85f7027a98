"""Decoding by a registry on loopback, and values that name its schemas."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msk_toolkit.forward.decoding import RecordDecoding, record_decoding
from msk_toolkit.schemas.confluent import ConfluentRegistry, RegistrySecrets
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.schemas import parse_registry

from tests.fakes.aws_fake import FakeAws
from tests.fakes.schema_registry import FakeRegistry, schema_registry

NUMBER = json.dumps({"type": "record", "name": "N", "fields": [{"name": "n", "type": "int"}]})
LOGIN, CA = "arn:login", "arn:ca"


@contextmanager
def numbers() -> Iterator[FakeRegistry]:
    """A registry with one schema, id 1: a record with the number ``n``."""
    with schema_registry() as registry:
        registry.register("numbers", {"schema": NUMBER})
        yield registry


def number(value: int, schema: int = 1) -> bytes:
    """A record of that schema in Confluent's wire form, for a small number."""
    return b"\x00" + schema.to_bytes(4) + bytes([2 * value])


def decoding(url: str, **settings: Any) -> RecordDecoding:
    """What decodes by the registry at a URL."""
    made = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", schema_registry=url, **settings)
    return record_decoding(made, FakeAws(), sleep=lambda _: None)


def client(url: str, secrets: Any = None, *, login: bool = False, ca: bool = False) -> ConfluentRegistry:
    """The client of a registry.

    Args:
        secrets: answers GetSecretValue.
        login, ca: whether there is a secret with it.
    """
    aws = FakeAws(get_secret_value=secrets) if secrets else FakeAws()
    arns = RegistrySecrets(LOGIN if login else "", CA if ca else "")
    return ConfluentRegistry(parse_registry(url), aws("secretsmanager"), arns)
