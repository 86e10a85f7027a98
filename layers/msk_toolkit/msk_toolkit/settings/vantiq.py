"""Settings of every function that speaks to Vantiq."""

import ipaddress
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

# A laptop's own name for itself as a container sees it; the local system is reached under it.
_LOCAL_NAMES = {"localhost", "host.docker.internal"}


class VantiqAddress(NamedTuple):
    """Where Vantiq listens."""

    tls: bool
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def parse_address(url: str) -> VantiqAddress:
    """The address in a Vantiq URL, such as ``https://dev.vantiq.com``.

    Raises:
        ValueError: with one sentence on what is wrong; the URL itself is not in it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in {"https", "http"} or not host or not host.isascii():
        raise ValueError("is not a URL such as https://dev.vantiq.com")
    if parts.username or parts.password or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise ValueError("holds more than scheme, host and port; the API's path is added to it")
    if parts.scheme == "http" and not _inside(host):
        raise ValueError("must begin with https: the token would travel in the clear")
    return VantiqAddress(parts.scheme == "https", host, port or (443 if parts.scheme == "https" else 80))


def _inside(host: str) -> bool:
    """Whether plain HTTP stays in a private network; a name could lead anywhere, so only addresses count."""
    if host in _LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_loopback


class VantiqSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How to reach Vantiq and log in."""

    vantiq_url: Annotated[
        str,
        Meta(
            description="Vantiq's address, such as https://dev.vantiq.com. Plain http only for localhost, "
            "host.docker.internal, or a private or loopback IP address (an Edge host inside the network)."
        ),
    ]
    vantiq_token_secret_arn: Annotated[
        str,
        Meta(description='ARN of the secret with a long-lived access token: {"token": "..."} or the bare token.'),
    ]
    vantiq_namespace: Annotated[
        str,
        Meta(
            description="Namespace to act in (header X-Target-Namespace); empty means the token's own.",
            pattern=r"^[A-Za-z0-9_.-]{1,200}$",
        ),
    ] = ""
    vantiq_trusted_ca: Annotated[
        str, Meta(description="Certificates (PEM) to trust instead of the system's, for a private Vantiq.")
    ] = ""
    vantiq_timeout_seconds: Annotated[
        float, Meta(description="Longest time for one request, from the connection to the answer's end.", gt=0, le=300)
    ] = 10.0

    @property
    def vantiq_address(self) -> VantiqAddress:
        """The parsed ``vantiq_url``."""
        return parse_address(self.vantiq_url)

    def problems(self) -> list[str]:
        """Rules across the fields."""
        try:
            address = self.vantiq_address
        except ValueError as error:
            return [f"VANTIQ_URL {error}"]
        if self.vantiq_trusted_ca and not address.tls:
            return ["VANTIQ_TRUSTED_CA has no use with an http URL"]
        return []
