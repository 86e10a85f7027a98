"""What AWS says of an account, as far as a stack's parameters follow from it."""

from typing import Literal

import msgspec

AuthMode = Literal["scram", "iam", "mtls", "tls", "none"]
# MSK's listener of each mode inside the VPC; the template's mapping Listener.
PORTS: dict[AuthMode, int] = {"scram": 9096, "iam": 9098, "mtls": 9094, "tls": 9094, "none": 9092}


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """An MSK cluster; ``modes`` are those of ``AuthMode`` that it offers."""

    name: str
    arn: str
    kind: Literal["provisioned", "serverless"]
    state: str
    modes: tuple[AuthMode, ...] = ()
    brokers: int = 0
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class Secret(msgspec.Struct, frozen=True):
    """A secret without its value.

    Args:
        key: ARN of its key, empty for Secrets Manager's own.
        is_customers: whether the key is the customer's; None where KMS did not say.
    """

    name: str
    arn: str
    key: str = ""
    is_customers: bool | None = None


class Subnet(msgspec.Struct, frozen=True):
    """A subnet of the VPC.

    Args:
        route_out: what its default route leads to, such as a NAT or transit gateway; empty for none, and for an
            internet gateway, which a function without a public address can't use.
    """

    id: str
    zone: str
    route_out: str = ""


class Topic(msgspec.Struct, frozen=True):
    """A topic of the cluster."""

    name: str
    partitions: int


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What surrounds a cluster.

    Args:
        scram_secrets: those that are associated with the cluster.
        token_secrets: whose names speak of Vantiq.
        inbound, outbound: ports that the cluster's first group opens from, and to, itself; None where unknown. -1 is
            every port.
        topics: None where unknown.
        endpoints: services with an endpoint in the VPC that clients find by the service's own name; None where unknown.
        unreserved: concurrent executions that no function has reserved; None where unknown.
        unread: what AWS did not answer, and why.
    """

    vpc: str = ""
    subnets: tuple[Subnet, ...] = ()
    scram_secrets: tuple[Secret, ...] = ()
    token_secrets: tuple[Secret, ...] = ()
    inbound: tuple[tuple[int, int], ...] | None = None
    outbound: tuple[tuple[int, int], ...] | None = None
    topics: tuple[Topic, ...] | None = None
    endpoints: frozenset[str] | None = None
    unreserved: int | None = None
    unread: tuple[str, ...] = ()
