"""The configuration file of the poller's process, and what it looks up in AWS as Lambda does."""

from typing import Any

import boto3
import msgspec

from local.event_source_mapping.event import Tombstones
from local.event_source_mapping.mapping import Mapping, MappingError
from local.event_source_mapping.outcome import PartialReading


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``properties`` are those of the mapping in the processed template, all functions resolved.

    ``ca_file`` is the PEM file of the brokers' CA, not needed for plaintext. ``bootstrap_servers`` replaces what the
    MSK API says.
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


def bootstrap_servers(config: Config, mapping: Mapping) -> str:
    """The brokers of the mapping's cluster.

    Raises:
        ClientError, BotoCoreError: MSK does not answer.
    """
    if config.bootstrap_servers:
        return config.bootstrap_servers
    msk = config.session().client("kafka", endpoint_url=config.endpoint_url)
    brokers = msk.get_bootstrap_brokers(ClusterArn=mapping.event_source_arn)
    if mapping.scram_secret_arn is None:
        return str(brokers["BootstrapBrokerString"])
    return str(brokers["BootstrapBrokerStringSaslScram"])


def client_settings(config: Config, mapping: Mapping, brokers: str) -> dict[str, Any]:
    """kafka-python's settings for the connection.

    Raises:
        ClientError, BotoCoreError: Secrets Manager does not answer.
        MappingError: the secret does not hold a username and a password.
    """
    settings: dict[str, Any] = {"bootstrap_servers": brokers.split(","), "security_protocol": "PLAINTEXT"}
    if mapping.scram_secret_arn is None:
        return settings
    secrets = config.session().client("secretsmanager", endpoint_url=config.endpoint_url)
    text = secrets.get_secret_value(SecretId=mapping.scram_secret_arn)["SecretString"]
    try:
        secret = msgspec.json.decode(text, type=_Secret)
    except msgspec.DecodeError:
        # The decoder's own words could hold a piece of the secret.
        raise MappingError(f"{mapping.scram_secret_arn}: not JSON with a username and a password") from None
    return {
        **settings,
        "security_protocol": "SASL_SSL",
        "ssl_cafile": config.ca_file,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": secret.username,
        "sasl_plain_password": secret.password,
    }
