"""The proxy on the path to Vantiq: its URL, and the hosts that are reached without it.

Imported only where one is set: it is a part of nobody else's cold start.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from msk_toolkit.settings.vantiq import VantiqAddress, VantiqSettings, parse_address

_EXAMPLE = "http://proxy.example.com:3128"
# A host, and with it everything below it; an IPv6 address with a port is in brackets.
_HOST = re.compile(
    r"(?:\*?\.)?(?:(?P<name>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)|\[(?P<address>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?"
)


class ProxyAddress(NamedTuple):
    """Host and port of a proxy, which is spoken to over plain HTTP."""

    host: str
    port: int


def parse_proxy(url: str) -> ProxyAddress:
    """The address in a proxy's URL, such as ``http://proxy.example.com:3128``.

    Raises:
        ValueError: with one sentence on what is wrong; the URL itself, which may hold a password, is not in it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(f"is not a URL such as {_EXAMPLE}") from None
    if fault := _fault(parts):
        raise ValueError(fault)
    if not host or not host.isascii() or not port:
        raise ValueError(f"is not a URL with a port such as {_EXAMPLE}")
    return ProxyAddress(host, port)


def _fault(parts: SplitResult) -> str | None:
    if "@" in parts.netloc:
        return "must hold no credentials: store them in a secret, and name it in VANTIQ_PROXY_SECRET_ARN"
    if parts.scheme == "https":
        return "must begin with http: TLS to the proxy itself is not supported; TLS to Vantiq passes through it"
    if parts.scheme != "http":
        return f"is not a URL such as {_EXAMPLE}"
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        return "must hold host and port only"
    return None


def is_exempt(address: VantiqAddress, no_proxy: str) -> bool:
    """Whether a host is reached without the proxy, by a list in the usual form of NO_PROXY.

    Args:
        no_proxy: comma separated: ``*``, a host (and everything below it; a leading dot changes nothing), an address,
            or a network such as ``10.0.0.0/8``; hosts and addresses with or without a port.

    Raises:
        ValueError: with one sentence on what is wrong.
    """
    # Each is read, so that a wrong one is told also where another one fits.
    fitting = [_fits(address, entry.strip()) for entry in no_proxy.split(",") if entry.strip()]
    return any(fitting)


def _fits(address: VantiqAddress, entry: str) -> bool:
    if entry == "*":
        return True
    network = _network(entry)
    if network is not None:
        return _holds(network, address.host)
    match = _HOST.fullmatch(entry)
    if match is None:
        raise ValueError(
            "must list hosts, addresses or networks such as .example.com or 10.0.0.0/8, comma separated, "
            f"not {entry[:80]!r}"
        )
    if match["port"] and int(match["port"]) != address.port:
        return False
    host = (match["name"] or match["address"]).lower()
    network = _network(host)
    if network is not None:
        return _holds(network, address.host)
    return address.host == host or address.host.endswith(f".{host}")


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _holds(network: ipaddress.IPv4Network | ipaddress.IPv6Network, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        # A name is not looked up: often only the proxy can.
        return False


def proxy_of(settings: VantiqSettings) -> ProxyAddress | None:
    """The proxy through which Vantiq is reached; None where there is none, or Vantiq is exempt.

    Raises:
        ValueError: the settings have problems.
    """
    if not settings.vantiq_proxy or is_exempt(settings.vantiq_address, settings.vantiq_no_proxy):
        return None
    return parse_proxy(settings.vantiq_proxy)


def problems_of_proxy(settings: VantiqSettings, address: VantiqAddress) -> list[str]:
    """Each contradiction, and each value that can't be read, in a sentence."""
    if settings.vantiq_proxy:
        named = {"VANTIQ_PROXY": settings.vantiq_proxy, "VANTIQ_NO_PROXY": settings.vantiq_no_proxy}
        return _unusable(named, address, "VANTIQ_URL")
    problems = []
    if settings.vantiq_proxy_secret_arn:
        problems.append("VANTIQ_PROXY_SECRET_ARN needs VANTIQ_PROXY")
    if settings.vantiq_no_proxy:
        problems.append("VANTIQ_NO_PROXY needs VANTIQ_PROXY")
    return problems


def _unusable(named: Mapping[str, str], address: VantiqAddress, url: str) -> list[str]:
    """What is wrong with a proxy and its exceptions, in sentences that begin with their names.

    Args:
        named: the proxy's URL and the list of exceptions, by what the user calls them, in this order.
        url: what the user calls Vantiq's URL.
    """
    problems = []
    (proxy, proxy_url), (no_proxy, exceptions) = named.items()
    try:
        parse_proxy(proxy_url)
    except ValueError as error:
        problems.append(f"{proxy} {error}")
    try:
        exempt = is_exempt(address, exceptions)
        if not address.tls and not exempt:
            problems.append(f"{proxy} needs an https {url}: over http the proxy would read token and records")
    except ValueError as error:
        problems.append(f"{no_proxy} {error}")
    return problems


def proxy_problems(parameters: Mapping[str, Any]) -> list[str]:
    """The same of a stack's parameters, as far as its rules can't express it; an absent one is not checked."""
    if "VantiqProxy" not in parameters or "VantiqUrl" not in parameters:
        return []
    try:
        address = parse_address(str(parameters["VantiqUrl"]))
    except ValueError:
        return []  # told with the port that belongs to it
    named = {"VantiqProxy": str(parameters["VantiqProxy"]), "NoProxy": str(parameters.get("NoProxy", ""))}
    return _unusable(named, address, "VantiqUrl")
