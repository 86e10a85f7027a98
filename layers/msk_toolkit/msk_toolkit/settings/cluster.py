"""Settings of every function that speaks to brokers."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

AuthMode = Literal["scram", "iam", "tls", "none"]

_PORTS = range(1, 65536)


class ClusterSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How to reach the cluster and log in."""

    cluster_arn: Annotated[
        str, Meta(description="ARN of the MSK cluster; its bootstrap brokers are asked from the MSK API.")
    ] = ""
    bootstrap_servers: Annotated[
        str,
        Meta(
            description="Brokers as host:port,host:port; replaces the question to the MSK API.",
            pattern=r"^[^\s,:]+:\d{1,5}(\s*,\s*[^\s,:]+:\d{1,5})*$",
        ),
    ] = ""
    auth_mode: Annotated[
        AuthMode,
        Meta(
            description="scram (SASL/SCRAM-SHA-512 over TLS), iam (over TLS), tls (encryption without a login) "
            "or none (plaintext)."
        ),
    ] = "scram"
    scram_secret_arn: Annotated[
        str,
        Meta(description='ARN of the AmazonMSK_ secret, a JSON object {"username": ..., "password": ...}.'),
    ] = ""
    trusted_ca: Annotated[
        str,
        Meta(description="Certificates (PEM) to trust instead of the system's; MSK's own need none."),
    ] = ""
    stage_timeout_seconds: Annotated[
        float,
        Meta(
            description="Longest time for one stage on one broker; joining a group may take 3 s more.",
            gt=0,
            le=60,
        ),
    ] = 5.0

    def problems(self) -> list[str]:
        """Rules across the fields."""
        found = []
        if not self.cluster_arn and not self.bootstrap_servers:
            found.append("CLUSTER_ARN or BOOTSTRAP_SERVERS is needed")
        ports = [server.rpartition(":")[2].strip() for server in self.bootstrap_servers.split(",") if server]
        if any(int(port) not in _PORTS for port in ports):
            # The resolver would silently take such a port modulo 65536.
            found.append("BOOTSTRAP_SERVERS: ports go from 1 to 65535")
        if self.auth_mode == "scram" and not self.scram_secret_arn:
            found.append("SCRAM_SECRET_ARN is missing (AUTH_MODE is scram)")
        if self.auth_mode == "none" and self.trusted_ca:
            found.append("TRUSTED_CA has no use with AUTH_MODE none, which is plaintext")
        return found
