"""What a client needs to log in, and the JAAS text of it."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from msk_toolkit.connect.escaping import jaas_quoted
from msk_toolkit.msk.listeners import PROTOCOL_OF, SECURITY_PROTOCOLS

SourceMode = Literal["none", "tls", "scram", "scram256"]
PASSWORD_PLACE = "<password>"  # noqa: S105 - the place of one
_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"
# MSK's SCRAM accepts SHA-512 only.
_MECHANISMS: Mapping[SourceMode, str] = {"scram": "SCRAM-SHA-512", "scram256": "SCRAM-SHA-256"}


class Login(msgspec.Struct, frozen=True):
    """Brokers and credentials of one auth mode. Without a password its place is shown; never prints either.

    ``trusted_ca`` is PEM text, empty where Java's own authorities are enough, as for MSK.
    """

    mode: SourceMode
    brokers: str
    username: str = ""
    password: str | None = None
    trusted_ca: str = ""

    def __repr__(self) -> str:
        return f"Login({self.mode}, {self.brokers})"

    __str__ = __repr__

    @property
    def protocol(self) -> str:
        """Kafka's name of it, for ``security.protocol``."""
        return SECURITY_PROTOCOLS[PROTOCOL_OF[self.mode]]

    @property
    def mechanism(self) -> str | None:
        """Kafka's name of the SASL mechanism; None where there is no login."""
        return _MECHANISMS.get(self.mode)

    @property
    def shown_password(self) -> str:
        """The password, or the place where it belongs."""
        if self.password is None:
            return PASSWORD_PLACE
        return self.password

    @property
    def trusts_private_ca(self) -> bool:
        """Whether the client uses TLS and needs certificates of its own to verify the brokers."""
        return bool(self.trusted_ca) and self.mode != "none"

    @property
    def jaas(self) -> str:
        """The value of ``sasl.jaas.config``."""
        return jaas_login(self.username, jaas_quoted(self.shown_password))


def jaas_login(username: str, quoted_password: str, separator: str = " ") -> str:
    """A login module with its options; the password comes quoted, because it may be something else's place."""
    parts = [f"{_MODULE} required", f"username={jaas_quoted(username)}", f"password={quoted_password};"]
    return separator.join(parts)
