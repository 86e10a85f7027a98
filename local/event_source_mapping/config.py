"""The configuration file of the poller's process, and what it looks up in AWS as Lambda does."""

import ssl
import tempfile
from typing import Any

import boto3
import msgspec

from local.event_source_mapping.access import Access
from local.event_source_mapping.event import Tombstones
from local.event_source_mapping.mapping import Mapping, MappingError
from local.event_source_mapping.outcome import PartialReading


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``properties`` are those of the mapping in the processed template, all functions resolved.

    ``ca_file`` is the PEM file of the brokers' CA, not needed for plaintext. ``bootstrap_servers`` replaces what the
    MSK API says. Without ``switched`` nobody can disable the mapping: it is none of Lambda's.
    """

    properties: dict[str, Any]
    mapping_id: str
    endpoint_url: str
    session_token: str
    region: str
    stats_file: str
    described_file: str | None = None
    ca_file: str | None = None
    bootstrap_servers: str | None = None
    switched: bool = True
    partial_reading: PartialReading = PartialReading.FROM_FIRST
    tombstones: Tombstones = Tombstones.ABSENT

    def session(self) -> boto3.Session:
        """What the emulator answers; it looks at the token alone."""
        return boto3.Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - see above
            aws_session_token=self.session_token,
            region_name=self.region,
        )


class _Secret(msgspec.Struct):
    username: str
    password: str


class _RootCa(msgspec.Struct):
    certificate: str


class _ClientCertificate(msgspec.Struct, rename="camel"):
    certificate: str
    private_key: str
    private_key_password: str = ""


def bootstrap_servers(config: Config, mapping: Mapping) -> str:
    """The brokers of the mapping's cluster.

    Raises:
        ClientError, BotoCoreError: MSK does not answer.
    """
    if config.bootstrap_servers:
        return config.bootstrap_servers
    if mapping.bootstrap_servers:
        return ",".join(mapping.bootstrap_servers)
    msk = config.session().client("kafka", endpoint_url=config.endpoint_url)
    brokers = msk.get_bootstrap_brokers(ClusterArn=mapping.event_source_arn)
    if mapping.access.scram_secret_arn is None:
        return str(brokers["BootstrapBrokerString"])
    return str(brokers["BootstrapBrokerStringSaslScram"])


def client_settings(config: Config, mapping: Mapping, brokers: str) -> dict[str, Any]:
    """kafka-python's settings for the connection.

    Raises:
        ClientError, BotoCoreError: Secrets Manager does not answer.
        MappingError: the secret does not hold a username and a password.
    """
    settings: dict[str, Any] = {"bootstrap_servers": brokers.split(","), "security_protocol": "PLAINTEXT"}
    access = mapping.access
    if not (access.scram_secret_arn or access.certificate_arn or access.root_ca_arn):
        return settings
    settings |= {"security_protocol": "SSL", "ssl_context": _tls_context(config, access)}
    if access.scram_secret_arn is None:
        return settings
    secret = _secret(config, access.scram_secret_arn, _Secret, "a username and a password")
    return {
        **settings,
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": access.mechanism,
        "sasl_plain_username": secret.username,
        "sasl_plain_password": secret.password,
    }


def _tls_context(config: Config, access: Access) -> ssl.SSLContext:
    """What the pollers trust, and the certificate that they show; on MSK nobody names the CA."""
    if access.root_ca_arn:
        root = _secret(config, access.root_ca_arn, _RootCa, "a certificate")
        context = ssl.create_default_context(cadata=root.certificate)
    else:
        context = ssl.create_default_context(cafile=config.ca_file)
    if access.certificate_arn:
        shown = _secret(config, access.certificate_arn, _ClientCertificate, "a certificate and a privateKey")
        with tempfile.NamedTemporaryFile("w") as file:  # readable by its owner alone
            file.write(f"{shown.private_key}\n{shown.certificate}\n")
            file.flush()
            context.load_cert_chain(file.name, password=lambda: shown.private_key_password)
    return context


def _secret[Content](config: Config, arn: str, kind: type[Content], expected: str) -> Content:
    secrets = config.session().client("secretsmanager", endpoint_url=config.endpoint_url)
    text = secrets.get_secret_value(SecretId=arn)["SecretString"]
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        # The decoder's own words could hold a piece of the secret.
        raise MappingError(f"{arn}: not JSON with {expected}") from None
