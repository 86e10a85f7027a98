"""Which listener the event source mappings' pollers use, which Lambda chooses, and what they must be allowed there.

Source: AWS Lambda's developer guide, "How Lambda chooses a bootstrap broker" (msk-cluster-auth), read on 2026-11-28.
"""

from collections.abc import Collection, Iterable

import msgspec

from msk_toolkit.msk.description import DeclaredAuth
from msk_toolkit.msk.listeners import Listener, Protocol
from msk_toolkit.settings.cluster import AuthMode

# MSK's ports inside the VPC.
MSK_PORTS: dict[Protocol, int] = {"plaintext": 9092, "tls": 9094, "scram": 9096, "iam": 9098}
_OF_MODE: dict[AuthMode, Protocol] = {"none": "plaintext", "tls": "tls", "scram": "scram", "iam": "iam"}
# AWS's list for a mapping that logs in with IAM, by what each action is allowed on.
CLUSTER_ACTIONS = ("kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration")
TOPIC_ACTIONS = ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData")
GROUP_ACTIONS = ("kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup")


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
    """The listener that Lambda takes for a mapping of this stack.

    With a secret (scram) it takes that login. Without one it takes the strongest that the cluster has on, whatever the
    toolkit's own mode is: SASL/IAM, else TLS, else plaintext; and where it does not get in, it tries no other.

    Args:
        declared: what the cluster says of its logins.
        offered: the protocols of its listeners inside the VPC; None where MSK did not tell.
    """
    if auth_mode in {"scram", "iam"}:
        return PollerListener(_OF_MODE[auth_mode])
    own = _OF_MODE[auth_mode]
    iam = "iam" in offered if offered is not None else declared.iam
    if iam:
        return PollerListener("iam")
    if offered is not None:
        return PollerListener("tls" if "tls" in offered else own)
    return PollerListener(own, sure=iam is False and own == "tls")


def protocols_inside(listeners: Iterable[Listener] | None) -> set[Protocol] | None:
    """The protocols of the listeners inside the VPC, where the pollers are; None where no listeners are known."""
    if listeners is None:
        return None
    return {listener.protocol for listener in listeners if listener.network == "vpc"}
