"""One thing about the network that a person should know: what is wrong, where, and what to do."""

from typing import Literal, NamedTuple

import msgspec

from msk_toolkit.vpc.facts import Block, Facts, Subnet

Severity = Literal["error", "warning", "note"]
Code = Literal[
    "egress-closed",
    "ingress-closed",
    "acl-closed",
    "no-route",
    "blackhole",
    "wrong-route",
    "peering-not-active",
    "attachment-not-available",
    "vpn-down",
    "no-address",
    "dns-off",
    "service-unreachable",
    "no-way-out",
    "not-visible",
    "not-read",
    "mapping-failing",
    "mapping-off",
    "mapping-changing",
    "mapping-mode",
    "poller-listener",
    "poller-group",
    "role-denied",
]
# Where every AWS service listens.
HTTPS = 443


class NetworkFinding(msgspec.Struct, frozen=True, kw_only=True, rename={"source": "from", "target": "to"}):
    """A finding about the way ``from`` one end ``to`` another.

    ``error`` keeps the listener in use, or the mapping, from working; ``warning`` keeps something else from it, or part
    of it; ``note`` is worth knowing. ``port`` is None where it is about every port.
    """

    severity: Severity
    code: Code
    port: int | None = None
    source: str
    target: str
    text: str
    remedy: str

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, in one line."""
        return f"{self.text}: {self.remedy}" if self.remedy else self.text


class NetworkEnd(NamedTuple):
    """One end of a connection: who it is, and the subnets and security groups of its network interfaces."""

    name: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]

    def known(self, facts: Facts) -> list[Subnet]:
        """Its subnets, as far as EC2 told of them."""
        return facts.known_subnets(self.subnets)

    def blocks(self, facts: Facts, version: int = 4) -> list[Block]:
        """The addresses of its subnets in one family."""
        return [block for subnet in self.known(facts) for block in subnet.blocks if block.version == version]


FUNCTION = "the function"
BROKERS = "the brokers"
POLLERS = "the mapping's pollers"


def downgrade(severity: Severity) -> Severity:
    """One step less."""
    return "warning" if severity == "error" else "note"


def listed(words: list[str] | tuple[str, ...]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
