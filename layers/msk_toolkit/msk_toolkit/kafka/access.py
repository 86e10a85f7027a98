"""Where the brokers are, and how to log in to them."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from msk_toolkit.network.client_certificate import ClientCertificate
from msk_toolkit.settings.cluster import AuthMode


class BrokerAddress(NamedTuple):
    """Where a broker listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def number(self) -> int | None:
        """The broker's number as MSK writes it into the name (``b-2.…``), if it does."""
        matched = re.match(r"b-(\d+)[.-]", self.host)
        return int(matched.group(1)) if matched else None


_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,255}")
_HIGHEST_PORT = 65535
_MECHANISMS: Mapping[AuthMode, str] = {
    "scram": "SCRAM-SHA-512",
    "scram256": "SCRAM-SHA-256",
    "iam": "AWS_MSK_IAM",
}


def advertised_address(host: object, port: int) -> BrokerAddress:
    """The address of a broker as another one names it.

    Raises:
        ValueError: it is none. To the resolver no name at all would be this machine.
    """
    if not isinstance(host, str) or not _HOST.fullmatch(host):
        raise ValueError("a host that is not a name")
    if not 0 < port <= _HIGHEST_PORT:
        raise ValueError("a port that is not a port")
    return BrokerAddress(host, port)


def parse_brokers(text: str) -> tuple[BrokerAddress, ...]:
    """``host:port,host:port`` as addresses, each once, in the given order."""
    addresses = (part.strip().rpartition(":") for part in text.split(",") if part.strip())
    return tuple(dict.fromkeys(BrokerAddress(host, int(port)) for host, _, port in addresses))


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to open a connection with any broker of a cluster; prints no secret."""

    brokers: tuple[BrokerAddress, ...]
    auth_mode: AuthMode
    trusted_ca: str = ""
    username: str = ""
    password: str = ""
    client_certificate: ClientCertificate | None = None

    @property
    def encrypted(self) -> bool:
        """Whether the listener speaks TLS."""
        return self.auth_mode != "none"

    @property
    def mechanism(self) -> str | None:
        """The SASL mechanism of the listener; MSK's SCRAM accepts SHA-512 only."""
        return _MECHANISMS.get(self.auth_mode)

    def __repr__(self) -> str:
        return f"Access({self.auth_mode}, {', '.join(map(str, self.brokers))})"

    __str__ = __repr__
