"""The network around the local cluster, as docs/diagnose.md asks for it: what a user's own VPC would have.

The emulator filters no packets. But diagnose reads what is made here, so that it finds a healthy system healthy, and
whoever deletes a rule or a route sees what it says then.
"""

from collections.abc import Iterable, Mapping
from typing import Any

# Outside the blocks of the clients' subnets.
_PUBLIC_BLOCK = "10.0.255.0/24"
_EVERYWHERE = "0.0.0.0/0"


def create_way_out(ec2: Any, vpc: str, subnets: Iterable[str]) -> None:
    """NAT for the subnets: to the services of AWS that functions and pollers call, and to a public Vantiq.

    Args:
        ec2: boto3's client.
    """
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    public = ec2.create_subnet(VpcId=vpc, CidrBlock=_PUBLIC_BLOCK)["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]
    _route(ec2, vpc, [public], GatewayId=gateway)
    _route(ec2, vpc, subnets, NatGatewayId=nat)


def _route(ec2: Any, vpc: str, subnets: Iterable[str], **target: str) -> None:
    """A route table whose default route leads to the target."""
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=_EVERYWHERE, **target)
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)


def open_broker_ports(ec2: Any, functions: str, cluster: str, ports: Iterable[int]) -> None:
    """Let the functions' group, and the cluster's own, reach the brokers' ports.

    The template's rules are for MSK's own ports; the brokers here listen on others.
    """
    for port in ports:
        ec2.authorize_security_group_egress(GroupId=functions, IpPermissions=[_permission(port, cluster)])
        for group in (functions, cluster):
            ec2.authorize_security_group_ingress(GroupId=cluster, IpPermissions=[_permission(port, group)])


def _permission(port: int, group: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": group}]}


def create_rule(ec2: Any, resource_type: str, properties: Mapping[str, Any]) -> None:
    """A rule of a template, ``AWS::EC2::SecurityGroupIngress`` or ``...Egress``, whose values are resolved."""
    authorize, peer = ec2.authorize_security_group_ingress, "SourceSecurityGroupId"
    if resource_type == "AWS::EC2::SecurityGroupEgress":
        authorize, peer = ec2.authorize_security_group_egress, "DestinationSecurityGroupId"
    permission = {
        "IpProtocol": properties["IpProtocol"],
        "FromPort": int(properties["FromPort"]),
        "ToPort": int(properties["ToPort"]),
        "UserIdGroupPairs": [{"GroupId": properties[peer], "Description": properties["Description"]}],
    }
    authorize(GroupId=properties["GroupId"], IpPermissions=[permission])
