"""Settings of every function that connects to brokers."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

AuthMode = Literal["scram", "scram256", "iam", "mtls", "tls", "none"]
SCRAM_MODES: frozenset[AuthMode] = frozenset({"scram", "scram256"})
# What the pollers read their login from a secret for.
SECRET_MODES: frozenset[AuthMode] = SCRAM_MODES | {"mtls"}
# Which of MSK's listeners for the auth mode the functions use: inside its VPC, over the internet, or through a VPC
# connection from another one.
ListenerChoice = Literal["private", "public", "multi-vpc"]
# MSK's offerings; a standard cluster is provisioned with Standard brokers, an express one with Express brokers.
ClusterKind = Literal["standard", "express", "serverless"]

_PORTS = range(1, 65536)
_ALTERNATING = 2


class ClusterSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How to reach the cluster and authenticate."""

    cluster_arn: Annotated[
        str, Meta(description="ARN of the MSK cluster; its bootstrap brokers are read from the MSK API.")
    ] = ""
    bootstrap_servers: Annotated[
        str,
        Meta(
            description="Bootstrap brokers as host:port,host:port; the MSK API is not asked for them then.",
            pattern=r"^[^\s,:]+:\d{1,5}(\s*,\s*[^\s,:]+:\d{1,5})*$(?!\n)",
        ),
    ] = ""
    auth_mode: Annotated[
        AuthMode,
        Meta(
            description="Client authentication: scram (SASL/SCRAM-SHA-512 over TLS), scram256 (the same with SHA-256, "
            "which MSK does not have), iam (over TLS), mtls (TLS with a client certificate), tls (TLS without "
            "authentication) or none (plaintext)."
        ),
    ] = "scram"
    scram_secret_arn: Annotated[
        str,
        Meta(
            description='ARN of the secret with the credentials, a JSON object {"username": ..., "password": ...}; MSK '
            "requires a name that begins with AmazonMSK_."
        ),
    ] = ""
    scram_users: Annotated[
        str,
        Meta(
            description="For two alternating users: ARNs of their AmazonMSK_... secrets, comma separated, of which "
            "SCRAM_SECRET_ARN holds a copy of the one in use.",
        ),
    ] = ""
    client_certificate_secret_arn: Annotated[
        str,
        Meta(
            description='For mtls: ARN of the secret {"certificate": ..., "privateKey": ..., "privateKeyPassword": '
            "...}, PEM texts as Lambda's event source mappings read them; the password is for an encrypted key."
        ),
    ] = ""
    listener: Annotated[
        ListenerChoice,
        Meta(
            description="Which of MSK's listeners for AUTH_MODE to use: private (inside the VPC), public, or multi-vpc "
            "(an MSK VPC connection); without effect with BOOTSTRAP_SERVERS."
        ),
    ] = "private"
    trusted_ca: Annotated[
        str,
        Meta(description="CA certificates (PEM) to trust instead of the system's; MSK's are publicly trusted."),
    ] = ""
    stage_timeout_seconds: Annotated[
        float,
        Meta(
            description="Timeout of one stage on one broker; joining a group may take 3 s longer.",
            gt=0,
            le=60,
        ),
    ] = 5.0

    def user_secrets(self) -> list[str]:
        """The secrets of two alternating users; empty where there is one user, whose secret ``scram_secret_arn`` is."""
        return [arn.strip() for arn in self.scram_users.split(",") if arn.strip()]

    def problems(self) -> list[str]:
        """Rules across the fields."""
        return [*self._problems_of_brokers(), *self._problems_of_auth_mode(), *self._problems_of_users()]

    def _problems_of_brokers(self) -> Iterator[str]:
        if not self.cluster_arn and not self.bootstrap_servers:
            yield "set CLUSTER_ARN or BOOTSTRAP_SERVERS"
        if not all(map(_has_valid_port, filter(None, self.bootstrap_servers.split(",")))):
            # The resolver would silently take such a port modulo 65536.
            yield "BOOTSTRAP_SERVERS: a port must be from 1 to 65535"

    def _problems_of_auth_mode(self) -> Iterator[str]:
        if self.auth_mode in SCRAM_MODES and not self.scram_secret_arn:
            yield f"SCRAM_SECRET_ARN is missing (AUTH_MODE is {self.auth_mode})"
        if self.auth_mode == "mtls" and not self.client_certificate_secret_arn:
            yield "CLIENT_CERTIFICATE_SECRET_ARN is missing (AUTH_MODE is mtls)"
        if self.auth_mode == "scram256" and self.cluster_arn:
            yield "AUTH_MODE scram256 can't be used with CLUSTER_ARN: MSK accepts SCRAM-SHA-512 only, which is scram"
        if self.auth_mode == "none" and self.listener != "private":
            yield f"LISTENER {self.listener} can't be used with AUTH_MODE none: MSK has no plaintext listener there"
        if self.auth_mode == "none" and self.trusted_ca:
            yield "TRUSTED_CA has no effect with AUTH_MODE none, which is plaintext: remove it"

    def _problems_of_users(self) -> Iterator[str]:
        users = self.user_secrets()
        if not users:
            return
        if self.auth_mode != "scram":
            yield "SCRAM_USERS has no effect without AUTH_MODE scram: remove it"
        if len(set(users)) != _ALTERNATING or len(users) != _ALTERNATING:
            yield "SCRAM_USERS must name two different secrets, or none"
        if self.scram_secret_arn in users:
            yield "SCRAM_SECRET_ARN must be a third secret beside the two of SCRAM_USERS: it holds a copy"


def _has_valid_port(server: str) -> bool:
    return int(server.rpartition(":")[2].strip()) in _PORTS
