"""From the EC2 API's responses to facts; what a response leaves out is left out, not guessed."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Literal

from msk_toolkit.vpc.facts import (
    Acl,
    AclEntry,
    Attachment,
    Block,
    Endpoint,
    GroupRule,
    Nat,
    Peering,
    Route,
    RouteKind,
    RouteTable,
    SecurityGroup,
    Subnet,
    VpnConnection,
    VpnGateway,
)
from msk_toolkit.vpc.rule_matching import LAST_PORT

Item = Mapping[str, Any]

# The field of a route that is set names its target.
_TARGETS: Mapping[str, RouteKind] = {
    "VpcPeeringConnectionId": "peering",
    "TransitGatewayId": "transit",
    "NatGatewayId": "nat",
    "EgressOnlyInternetGatewayId": "internet",
    "NetworkInterfaceId": "interface",
    "InstanceId": "interface",
    "LocalGatewayId": "other",
    "CarrierGatewayId": "other",
    "CoreNetworkArn": "other",
    "OdbNetworkArn": "other",
}
# GatewayId is several things, told apart by its beginning.
_GATEWAYS: Mapping[str, RouteKind] = {
    "local": "local",
    "igw-": "internet",
    "vgw-": "virtual-private",
    "vpce-": "endpoint",
}
_ENDPOINT_KINDS: Mapping[str, Literal["Interface", "Gateway"]] = {"Interface": "Interface", "Gateway": "Gateway"}


def parse_subnets(items: Sequence[Item]) -> dict[str, Subnet]:
    """From DescribeSubnets."""
    return {item["SubnetId"]: Subnet(item["SubnetId"], item["VpcId"], _subnet_blocks(item)) for item in items}


def parse_groups(items: Sequence[Item], rules: Sequence[Item] | None) -> dict[str, SecurityGroup]:
    """From DescribeSecurityGroups and DescribeSecurityGroupRules (None where that was refused)."""
    if rules is None:
        return {item["GroupId"]: _group(item, None) for item in items}
    by_group = _rules_by_group(rules)
    return {item["GroupId"]: _group(item, tuple(by_group.get(item["GroupId"], ()))) for item in items}


def _group(item: Item, rules: tuple[GroupRule, ...] | None) -> SecurityGroup:
    return SecurityGroup(item["GroupId"], item.get("VpcId", ""), rules)


def _rules_by_group(items: Sequence[Item]) -> dict[str, list[GroupRule]]:
    by_group: dict[str, list[GroupRule]] = {}
    for item in items:
        rule = _group_rule(item)
        by_group.setdefault(rule.group, []).append(rule)
    return by_group


def parse_acls(items: Sequence[Item]) -> tuple[Acl, ...]:
    """From DescribeNetworkAcls."""
    return tuple(
        Acl(
            item["NetworkAclId"],
            tuple(association["SubnetId"] for association in item.get("Associations", ())),
            _acl_entries(item),
        )
        for item in items
    )


def parse_route_tables(items: Sequence[Item]) -> tuple[RouteTable, ...]:
    """From DescribeRouteTables."""
    return tuple(
        RouteTable(
            item["RouteTableId"],
            item["VpcId"],
            any(association.get("Main") for association in item.get("Associations", ())),
            _associated_subnets(item),
            tuple(_route(route) for route in item.get("Routes", ())),
        )
        for item in items
    )


def parse_peerings(items: Sequence[Item]) -> tuple[Peering, ...]:
    """From DescribeVpcPeeringConnections, each connection once."""
    by_id = {
        item["VpcPeeringConnectionId"]: Peering(
            item["VpcPeeringConnectionId"],
            item.get("Status", {}).get("Code", "unknown"),
            item.get("RequesterVpcInfo", {}).get("VpcId", "?"),
            item.get("AccepterVpcInfo", {}).get("VpcId", "?"),
        )
        for item in items
    }
    return tuple(by_id.values())


def parse_attachments(items: Sequence[Item]) -> tuple[Attachment, ...]:
    """From DescribeTransitGatewayAttachments, each once."""
    by_id = {
        item["TransitGatewayAttachmentId"]: Attachment(
            item["TransitGatewayAttachmentId"],
            item.get("TransitGatewayId", "?"),
            item.get("ResourceType", "?"),
            item.get("ResourceId", "?"),
            item.get("State", "unknown"),
        )
        for item in items
    }
    return tuple(by_id.values())


def parse_endpoints(items: Sequence[Item]) -> tuple[Endpoint, ...]:
    """From DescribeVpcEndpoints."""
    return tuple(
        Endpoint(
            id=item["VpcEndpointId"],
            vpc=item["VpcId"],
            service=item.get("ServiceName", "").rpartition(".")[2],
            kind=_ENDPOINT_KINDS.get(item.get("VpcEndpointType", ""), "other"),
            # botocore's model has capitals here, and the API has none.
            state=item.get("State", "unknown").lower(),
            private_dns=item.get("PrivateDnsEnabled", False),
            subnets=tuple(item.get("SubnetIds", ())),
            groups=tuple(group["GroupId"] for group in item.get("Groups", ())),
            route_tables=tuple(item.get("RouteTableIds", ())),
        )
        for item in items
    )


def parse_nats(items: Sequence[Item]) -> tuple[Nat, ...]:
    """From DescribeNatGateways."""
    return tuple(
        Nat(
            item["NatGatewayId"],
            item.get("State", "unknown"),
            _public_addresses(item),
            item.get("ConnectivityType") == "public",
        )
        for item in items
    )


def parse_vpn_gateways(items: Sequence[Item]) -> tuple[VpnGateway, ...]:
    """From DescribeVpnGateways: those that are attached."""
    gateways: list[VpnGateway] = []
    for item in items:
        for attachment in item.get("VpcAttachments", ()):
            if attachment.get("State") == "attached":
                gateways.append(VpnGateway(item["VpnGatewayId"], attachment["VpcId"]))  # noqa: PERF401 - two loops
    return tuple(gateways)


def parse_vpn_connections(items: Sequence[Item]) -> tuple[VpnConnection, ...]:
    """From DescribeVpnConnections."""
    return tuple(
        VpnConnection(
            item["VpnConnectionId"],
            item.get("VpnGatewayId") or item.get("TransitGatewayId") or "?",
            item.get("State", "unknown"),
            sum(tunnel.get("Status") == "UP" for tunnel in item.get("VgwTelemetry", ())),
        )
        for item in items
    )


def parse_prefix_list(items: Sequence[Item]) -> tuple[Block, ...]:
    """From GetManagedPrefixListEntries."""
    return tuple(ip_network(item["Cidr"], strict=False) for item in items)


def _all_ports(low: int | None, high: int | None) -> tuple[int, int]:
    """EC2's port range, which is absent or -1 where a rule is for every port."""
    if low is None or high is None or low < 0 or high < 0:
        return 0, LAST_PORT
    return low, high


def _subnet_blocks(item: Item) -> tuple[Block, ...]:
    texts = _associated_ipv6(item)
    if item.get("CidrBlock"):
        texts.insert(0, item["CidrBlock"])
    return tuple(ip_network(text, strict=False) for text in texts)


def _associated_ipv6(item: Item) -> list[str]:
    return [
        association["Ipv6CidrBlock"]
        for association in item.get("Ipv6CidrBlockAssociationSet", ())
        if association.get("Ipv6CidrBlockState", {}).get("State") == "associated"
    ]


def _group_rule(item: Item) -> GroupRule:
    low, high = _all_ports(item.get("FromPort"), item.get("ToPort"))
    if item["IpProtocol"] == "-1":
        # With every protocol a rule is for every port, whatever its fields say.
        low, high = 0, LAST_PORT
    reference = item.get("ReferencedGroupInfo", {})
    return GroupRule(
        id=item["SecurityGroupRuleId"],
        group=item["GroupId"],
        egress=item["IsEgress"],
        protocol=item["IpProtocol"],
        low=low,
        high=high,
        block=_network(item.get("CidrIpv4") or item.get("CidrIpv6")),
        prefix_list=item.get("PrefixListId"),
        referenced=reference.get("GroupId"),
        peering_status=reference.get("PeeringStatus"),
    )


def _associated_subnets(item: Item) -> tuple[str, ...]:
    associations = item.get("Associations", ())
    return tuple(association["SubnetId"] for association in associations if "SubnetId" in association)


def _public_addresses(item: Item) -> tuple[str, ...]:
    addresses = item.get("NatGatewayAddresses", ())
    return tuple(address["PublicIp"] for address in addresses if "PublicIp" in address)


def _acl_entries(item: Item) -> tuple[AclEntry, ...]:
    entries: list[AclEntry] = []
    for entry in item.get("Entries", ()):
        block = _network(entry.get("CidrBlock") or entry.get("Ipv6CidrBlock"))
        if block is not None:
            entries.append(_acl_entry(entry, block))
    return tuple(entries)


def _acl_entry(item: Item, block: Block) -> AclEntry:
    ports = item.get("PortRange", {})
    low, high = _all_ports(ports.get("From"), ports.get("To"))
    return AclEntry(
        item["RuleNumber"], item["Egress"], item["RuleAction"] == "allow", item["Protocol"], low, high, block
    )


def _network(text: str | None) -> Block | None:
    if not text:
        return None
    return ip_network(text, strict=False)


def _route(item: Item) -> Route:
    kind, target = _target(item)
    return Route(
        kind,
        target,
        item.get("State") == "blackhole",
        item.get("Origin") == "EnableVgwRoutePropagation",
        _network(item.get("DestinationCidrBlock") or item.get("DestinationIpv6CidrBlock")),
        item.get("DestinationPrefixListId"),
    )


def _target(item: Item) -> tuple[RouteKind, str]:
    gateway = item.get("GatewayId")
    if gateway:
        return _gateway_kind(gateway), gateway
    for name, kind in _TARGETS.items():
        if item.get(name):
            return kind, item[name]
    return "other", "?"


def _gateway_kind(gateway: str) -> RouteKind:
    return next((kind for prefix, kind in _GATEWAYS.items() if gateway.startswith(prefix)), "other")
