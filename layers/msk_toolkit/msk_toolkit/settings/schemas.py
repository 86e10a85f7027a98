"""Settings of the schema registry by which the forwarder decodes records."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta

from msk_toolkit.settings.vantiq import VantiqAddress, VantiqSettings, parse_address

SchemaParts = Literal["value", "key-and-value"]
_GLUE = re.compile(r"arn:aws[a-z-]*:glue:[a-z0-9-]+:\d{12}:registry/[a-zA-Z0-9$#._-]{1,255}")
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")


class RegistryAddress(NamedTuple):
    """A registry with Confluent's API: its server, and what precedes the API's paths, such as ``/apis/ccompat/v7``."""

    server: VantiqAddress
    path: str


def is_glue(registry: str) -> bool:
    """Whether a registry is AWS Glue's, by its ARN."""
    return _GLUE.fullmatch(registry) is not None


def parse_registry(url: str) -> RegistryAddress:
    """The address in the URL of a registry with Confluent's API.

    Raises:
        ValueError: with one sentence on what is wrong; the URL itself is not in it.
    """
    try:
        parts = urlsplit(url)
        server = parse_address(f"{parts.scheme}://{parts.netloc}")
    except ValueError as error:
        # Those of the address say it of a token, which a registry has none of.
        if "unencrypted" in str(error):
            raise ValueError("must begin with https: the password would be sent unencrypted") from None
        raise ValueError(
            "must be the ARN of a Glue registry or a URL such as https://registry.example.com, without a user"
        ) from None
    if parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        raise ValueError("must hold scheme, host, port and path only")
    return RegistryAddress(server, parts.path.rstrip("/"))


class SchemaSettings(VantiqSettings, kw_only=True, frozen=True):
    """The registry with the schemas of records, for a forwarder that decodes them itself."""

    schema_registry: Annotated[
        str,
        Meta(
            description="Schema registry by which the forwarder decodes Avro, Protobuf and JSON Schema to JSON: the "
            "URL of one with Confluent's API, such as https://registry.example.com, or the ARN of a Glue registry. "
            "Empty decodes nothing."
        ),
    ] = ""
    schema_registry_secret_arn: Annotated[
        str,
        Meta(description='ARN of the secret with the registry\'s login, as {"username": "...", "password": "..."}.'),
    ] = ""
    schema_registry_ca_secret_arn: Annotated[
        str,
        Meta(
            description="ARN of the secret with the CA certificate (PEM) to trust instead of the system's, for a "
            'registry with a private CA, as {"certificate": "..."} or as plain text.'
        ),
    ] = ""
    schema_parts: Annotated[
        SchemaParts, Meta(description="What is decoded of a record: the value, or key and value.")
    ] = "value"

    def problems(self) -> list[str]:
        """Rules across the fields."""
        return [*super().problems(), *self._problems_of_registry()]

    def _problems_of_registry(self) -> list[str]:
        secrets = {
            "SCHEMA_REGISTRY_SECRET_ARN": self.schema_registry_secret_arn,
            "SCHEMA_REGISTRY_CA_SECRET_ARN": self.schema_registry_ca_secret_arn,
        }
        return list(secret_problems(self.schema_registry, "SCHEMA_REGISTRY", secrets))


def registry_problems(registry: str, port: int, secrets: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a stack's parameters of the registry, in sentences.

    Args:
        port: ``SchemaRegistryPort``; 0 where it is not given.
        secrets: as for :func:`secret_problems`.
    """
    problems = list(secret_problems(registry, "SchemaRegistry", secrets))
    yield from problems
    if problems or not registry:
        return
    meant = 443 if is_glue(registry) else parse_registry(registry).server.port
    if port and port != meant:
        yield f"SchemaRegistry means port {meant} and SchemaRegistryPort is {port}: set SchemaRegistryPort to {meant}"


def secret_problems(registry: str, name: str, secrets: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a registry and its secrets.

    Args:
        name: of the setting or parameter with the registry.
        secrets: ARNs by the names of their settings, the login first, then the CA; empty for none.
    """
    given = [secret for secret, arn in secrets.items() if arn]
    if not registry:
        yield from (f"{secret} has no effect without {name}: remove it" for secret in given)
        return
    if is_glue(registry):
        yield from (f"{secret} is not for a Glue registry, which the role opens: remove it" for secret in given)
        return
    try:
        address = parse_registry(registry)
    except ValueError as error:
        yield f"{name} {error}"
        return
    ca = list(secrets)[-1]
    if secrets[ca] and not address.server.tls:
        yield f"{ca} has no effect with an http URL: remove it"
