"""Settings of every function that connects to Vantiq."""

import ipaddress
from typing import Annotated, NamedTuple
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Meta

# Names of this machine, one of them as containers see it: the local system is reached under them.
_LOCAL_NAMES = {"localhost", "host.docker.internal"}


# RFC 1918 and, for IPv6, RFC 4193.
_PRIVATE_NETWORKS = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))


class VantiqAddress(NamedTuple):
    """Host and port of Vantiq, and whether TLS is used."""

    tls: bool
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The Host header; it has a port only if that is not the scheme's default."""
        host = self.host
        if ":" in host:
            host = f"[{host}]"
        if self.port == _default_port(tls=self.tls):
            return host
        return f"{host}:{self.port}"


def parse_address(url: str) -> VantiqAddress:
    """The address in a Vantiq URL, such as ``https://dev.vantiq.com``.

    Raises:
        ValueError: with one sentence on what is wrong; the URL itself is not in it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if fault := _fault(parts, host):
        raise ValueError(fault)
    tls = parts.scheme == "https"
    return VantiqAddress(tls, host, port or _default_port(tls=tls))


def _fault(parts: SplitResult, host: str) -> str | None:
    if not _is_web_server(parts.scheme, host):
        return "is not a URL such as https://dev.vantiq.com"
    if _has_more_than_server(parts):
        return "must hold scheme, host and port only; the API's path is appended to it"
    if parts.scheme == "http" and not _is_private(host):
        return "must begin with https: the token would be sent unencrypted"
    return None


def _is_web_server(scheme: str, host: str) -> bool:
    return scheme in {"https", "http"} and host != "" and host.isascii()


def _has_more_than_server(parts: SplitResult) -> bool:
    return any((parts.username, parts.password, parts.query, parts.fragment)) or parts.path not in {"", "/"}


def _default_port(*, tls: bool) -> int:
    if tls:
        return 443
    return 80


def _is_private(host: str) -> bool:
    """Whether plain HTTP stays in a private network; a name can resolve to anything, so only addresses count."""
    if host in _LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Not is_private, which counts 0.0.0.0, link-local, documentation's and reserved addresses, too.
    return address.is_loopback or any(address in network for network in _PRIVATE_NETWORKS)


class VantiqSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How to reach Vantiq and authenticate."""

    vantiq_url: Annotated[
        str,
        Meta(
            description="URL of the Vantiq server, such as https://dev.vantiq.com. http is accepted only for "
            "localhost, host.docker.internal, loopback addresses and those of private networks (10.0.0.0/8, "
            "172.16.0.0/12, 192.168.0.0/16, fc00::/7: a Vantiq Edge in the same network)."
        ),
    ]
    vantiq_token_secret_arn: Annotated[
        str,
        Meta(description='ARN of the secret with a long-lived access token, as plain text or as {"token": "..."}.'),
    ]
    vantiq_namespace: Annotated[
        str,
        Meta(
            description="Vantiq namespace to use (header X-Target-Namespace); empty means the token's own.",
            pattern=r"^[A-Za-z0-9_.-]{1,200}$(?!\n)",
        ),
    ] = ""
    vantiq_trusted_ca: Annotated[
        str,
        Meta(description="CA certificates (PEM) to trust instead of the system's, for a server with a private CA."),
    ] = ""
    vantiq_proxy: Annotated[
        str,
        Meta(
            description="Proxy through which Vantiq is reached, such as http://proxy.example.com:3128 (HTTPS through "
            "CONNECT); empty for none. Requests to AWS never go through it."
        ),
    ] = ""
    vantiq_proxy_secret_arn: Annotated[
        str,
        Meta(description='ARN of the secret with the proxy\'s credentials, as {"username": "...", "password": "..."}.'),
    ] = ""
    vantiq_no_proxy: Annotated[
        str,
        Meta(
            description="Hosts that are reached without the proxy, comma separated: a name with everything below it, "
            "an address, or a network such as 10.0.0.0/8."
        ),
    ] = ""
    vantiq_timeout_seconds: Annotated[
        float, Meta(description="Timeout of one request, from connecting to the end of the response.", gt=0, le=300)
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
        problems = []
        if self.vantiq_trusted_ca and not address.tls:
            problems.append("VANTIQ_TRUSTED_CA has no effect with an http URL: remove it")
        if self.vantiq_proxy or self.vantiq_proxy_secret_arn or self.vantiq_no_proxy:
            from msk_toolkit.settings.proxy import problems_of_proxy

            problems += problems_of_proxy(self, address)
        return problems
