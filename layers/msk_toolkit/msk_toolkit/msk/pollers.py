"""Which listener the event source mappings' pollers use, which Lambda chooses, and what they must be allowed there.

Source: AWS Lambda's developer guide, "How Lambda chooses a bootstrap broker" (msk-cluster-auth), read on 2026-11-28.
"""

from collections.abc import Collection, Iterable

import msgspec

from msk_toolkit.msk.description import DeclaredAuth
from msk_toolkit.msk.listeners import MSK_PORTS, PROTOCOL_OF, Listener, Protocol
from msk_toolkit.settings.cluster import SCRAM_MODES, AuthMode

# AWS's list for a mapping that logs in with IAM, by what each action is allowed on.
CLUSTER_ACTIONS = ("kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration")
TOPIC_ACTIONS = ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData")
DESTINATION_ACTIONS = ("kafka-cluster:DescribeTopic", "kafka-cluster:WriteData")
GROUP_ACTIONS = ("kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup")
# Lambda prefers these to the toolkit's own, in this order.
_STRONGER: tuple[Protocol, ...] = ("iam", "tls")


class PollerListener(msgspec.Struct, frozen=True):
    """The pollers' listener; ``sure`` is False where it is not known whether the cluster has a stronger login on."""

    protocol: Protocol
    sure: bool = True

    @property
    def port(self) -> int:
        """MSK's port for it inside the VPC."""
        return MSK_PORTS[self.protocol]


def poller_listener(
    auth_mode: AuthMode, declared: DeclaredAuth, offered: Collection[Protocol] | None = None
) -> PollerListener:
    """The listener that Lambda chooses for a mapping of this stack.

    With a secret (scram, mtls) it uses that login. Without a secret it uses the strongest that the cluster has on,
    whatever the toolkit's own mode is: SASL/IAM, else TLS, else plaintext; and where that fails, it tries no other.

    Args:
        declared: what the cluster says of its logins.
        offered: the protocols of its listeners inside the VPC; None where they are not known.
    """
    own = PROTOCOL_OF[auth_mode]
    if auth_mode in {*SCRAM_MODES, "iam", "mtls"}:
        return PollerListener(own)
    if offered is None:
        return _by_declaration(declared, own)
    return PollerListener(next((protocol for protocol in _STRONGER if protocol in offered), own))


def _by_declaration(declared: DeclaredAuth, own: Protocol) -> PollerListener:
    if declared.iam:
        return PollerListener("iam")
    return PollerListener(own, sure=declared.iam is False and own == "tls")


def protocols_inside(listeners: Iterable[Listener] | None) -> set[Protocol] | None:
    """The protocols of the listeners inside the VPC, where the pollers are; None where no listeners are known."""
    if listeners is None:
        return None
    return {listener.protocol for listener in listeners if listener.network == "vpc"}
