"""Settings of every function that connects to brokers."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

AuthMode = Literal["scram", "iam", "tls", "none"]
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
            description="Client authentication: scram (SASL/SCRAM-SHA-512 over TLS), iam (over TLS), tls (TLS without "
            "authentication) or none (plaintext)."
        ),
    ] = "scram"
    scram_secret_arn: Annotated[
        str,
        Meta(description='ARN of the AmazonMSK_... secret, a JSON object {"username": ..., "password": ...}.'),
    ] = ""
    scram_users: Annotated[
        str,
        Meta(
            description="For two alternating users: ARNs of their AmazonMSK_... secrets, comma separated, of which "
            "SCRAM_SECRET_ARN holds a copy of the one in use.",
        ),
    ] = ""
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
        if self.auth_mode == "scram" and not self.scram_secret_arn:
            yield "SCRAM_SECRET_ARN is missing (AUTH_MODE is scram)"
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
