"""What EC2 says about the networks of the function and of the brokers, as types: only what the findings need."""

from collections.abc import Container, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

import msgspec

Block = IPv4Network | IPv6Network
RouteKind = Literal[
    "local", "peering", "transit", "virtual-private", "nat", "internet", "endpoint", "interface", "other"
]


class Subnet(msgspec.Struct, frozen=True):
    """A subnet with its address blocks, IPv4 first."""

    id: str
    vpc: str
    blocks: tuple[Block, ...]

    def blocks_of(self, version: int) -> list[Block]:
        """Its blocks of one family: 4 or 6."""
        return [block for block in self.blocks if block.version == version]


class GroupRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of a security group; exactly one of ``block``, ``prefix_list`` and ``referenced`` is set.

    ``protocol`` is ``tcp``, ``-1`` for all of them, or another one's name; ``low`` to ``high`` are ports.
    """

    id: str
    group: str
    egress: bool
    protocol: str
    low: int
    high: int
    block: Block | None = None
    prefix_list: str | None = None
    referenced: str | None = None
    # Of the peering that a reference goes over; None inside one VPC.
    peering_status: str | None = None


class SecurityGroup(msgspec.Struct, frozen=True):
    """A security group; ``rules`` is None where they could not be read."""

    id: str
    vpc: str
    rules: tuple[GroupRule, ...] | None


class AclEntry(msgspec.Struct, frozen=True):
    """An entry of a network ACL; the lowest number that matches decides."""

    number: int
    egress: bool
    allow: bool
    protocol: str
    low: int
    high: int
    block: Block


class Acl(msgspec.Struct, frozen=True):
    """A network ACL and the subnets that it is associated with."""

    id: str
    subnets: tuple[str, ...]
    entries: tuple[AclEntry, ...]


class Route(msgspec.Struct, frozen=True):
    """A route to ``block`` or to the blocks of ``prefix_list``; ``target`` is the id that it leads to."""

    kind: RouteKind
    target: str
    blackhole: bool
    propagated: bool
    block: Block | None = None
    prefix_list: str | None = None


class RouteTable(msgspec.Struct, frozen=True):
    """A route table; the main one of a VPC applies to every subnet without one of its own."""

    id: str
    vpc: str
    main: bool
    subnets: tuple[str, ...]
    routes: tuple[Route, ...]

    def may_apply(self, subnet: Subnet) -> bool:
        """Whether it is the subnet's own, or the main one of its VPC."""
        return self.vpc == subnet.vpc and (self.main or subnet.id in self.subnets)


class Peering(msgspec.Struct, frozen=True):
    """A peering connection; ``status`` is EC2's, such as ``active`` or ``pending-acceptance``."""

    id: str
    status: str
    requester: str
    accepter: str

    def opposite(self, vpcs: Container[str]) -> str:
        """The VPC at the other end from ``vpcs``."""
        if self.requester in vpcs:
            return self.accepter
        return self.requester


class Attachment(msgspec.Struct, frozen=True):
    """Something that is attached to a transit gateway: ``kind`` is EC2's, such as ``vpc`` or ``vpn``."""

    id: str
    gateway: str
    kind: str
    resource: str
    state: str


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A VPC endpoint; ``service`` is the last part of its service's name, such as ``secretsmanager``."""

    id: str
    vpc: str
    service: str
    kind: Literal["Interface", "Gateway", "other"]
    state: str
    private_dns: bool = False
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    route_tables: tuple[str, ...] = ()


class Nat(msgspec.Struct, frozen=True):
    """A NAT gateway; ``addresses`` are its public ones, none for a private gateway, or for one that EC2 calls
    ``public`` and whose addresses it leaves out."""

    id: str
    state: str
    addresses: tuple[str, ...]
    public: bool = False

    @property
    def is_available(self) -> bool:
        """Whether it forwards packets."""
        return self.state == "available"


class VpnGateway(msgspec.Struct, frozen=True):
    """A virtual private gateway that is attached to a VPC."""

    id: str
    vpc: str


class VpnConnection(msgspec.Struct, frozen=True):
    """A site-to-site VPN at a virtual private gateway or a transit gateway."""

    id: str
    gateway: str
    state: str
    tunnels_up: int


class VpcDns(msgspec.Struct, frozen=True):
    """A VPC's two DNS attributes; None where one could not be read."""

    support: bool | None
    hostnames: bool | None


class UnreadFact(msgspec.Struct, frozen=True):
    """A call that EC2 did not answer: the IAM action, and why."""

    action: str
    why: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was read; None where it could not be."""

    subnets: Mapping[str, Subnet] | None = None
    groups: Mapping[str, SecurityGroup] | None = None
    acls: tuple[Acl, ...] | None = None
    route_tables: tuple[RouteTable, ...] | None = None
    peerings: tuple[Peering, ...] | None = None
    attachments: tuple[Attachment, ...] | None = None
    endpoints: tuple[Endpoint, ...] | None = None
    nats: tuple[Nat, ...] | None = None
    vpn_gateways: tuple[VpnGateway, ...] | None = None
    vpn_connections: tuple[VpnConnection, ...] | None = None
    dns: Mapping[str, VpcDns] = {}
    prefix_lists: Mapping[str, tuple[Block, ...]] = {}
    unread: tuple[UnreadFact, ...] = ()

    @property
    def shows_paths(self) -> bool:
        """Whether security groups and route tables could be read, without which no path is known."""
        return self.groups is not None and self.route_tables is not None

    def known_subnets(self, ids: Iterable[str]) -> list[Subnet]:
        """The subnets among ``ids`` that could be read."""
        known = self.subnets or {}
        return [known[subnet] for subnet in ids if subnet in known]

    def vpcs_of(self, ids: Iterable[str]) -> list[str]:
        """The VPCs of these subnets, each once."""
        return list(dict.fromkeys(subnet.vpc for subnet in self.known_subnets(ids)))

    @property
    def vpcs(self) -> set[str]:
        """The VPCs of all subnets that could be read."""
        return {subnet.vpc for subnet in (self.subnets or {}).values()}

    def route_table(self, subnet: Subnet) -> RouteTable | None:
        """The route table that applies to a subnet."""
        tables = [table for table in self.route_tables or () if table.may_apply(subnet)]
        # The table that names the subnet comes before the main one.
        return min(tables, key=lambda table: subnet.id not in table.subnets, default=None)

    def unread_routes(self, table: RouteTable) -> list[Route]:
        """The routes of a table to a prefix list that could not be read."""
        return [route for route in table.routes if route.prefix_list and route.prefix_list not in self.prefix_lists]

    def is_private_nat(self, target: str) -> bool:
        """Whether this is a NAT gateway without a public address: it leads to other networks, not to the internet."""
        nat = self.nat(target)
        return nat is not None and nat.is_available and not nat.addresses and not nat.public

    def nat(self, gateway: str) -> Nat | None:
        """The NAT gateway with this id, if it could be read."""
        return next((nat for nat in self.nats or () if nat.id == gateway), None)

    def peering(self, connection: str) -> Peering | None:
        """The peering connection with this id, if it could be read."""
        return next((peering for peering in self.peerings or () if peering.id == connection), None)

    def endpoints_for(self, vpc: str, service: str) -> list[Endpoint]:
        """The endpoints of a VPC for a service."""
        return [endpoint for endpoint in self.endpoints or () if (endpoint.vpc, endpoint.service) == (vpc, service)]

    def acl(self, subnet: Subnet) -> Acl | None:
        """The network ACL of a subnet."""
        return next((acl for acl in self.acls or () if subnet.id in acl.subnets), None)
