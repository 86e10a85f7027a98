"""What EC2 answers about two VPCs, for a reader of facts."""

from typing import Any

from tests.fakes.ec2_fake import Item


def sg_rule(name: str, group: str, *, egress: bool = False, **more: Any) -> Item:
    values = {"IpProtocol": "tcp", "FromPort": 9096, "ToPort": 9096, **more}
    return {"SecurityGroupRuleId": name, "GroupId": group, "IsEgress": egress, **values}


def attributes(arguments: Item) -> list[Item]:
    name = arguments["Attribute"][0].upper() + arguments["Attribute"][1:]
    return [{"VpcId": arguments["VpcId"], name: {"Value": name == "EnableDnsSupport"}}]


ANSWERS: dict[str, Any] = {
    "DescribeSubnets": [
        {
            "SubnetId": "subnet-f",
            "VpcId": "vpc-1",
            "CidrBlock": "10.0.1.0/24",
            "Ipv6CidrBlockAssociationSet": [
                {"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}},
                {"Ipv6CidrBlock": "2001:db8:1::/64", "Ipv6CidrBlockState": {"State": "disassociated"}},
            ],
        },
        {"SubnetId": "subnet-b", "VpcId": "vpc-2", "CidrBlock": "10.1.1.0/24"},
        {"SubnetId": "subnet-e", "VpcId": "vpc-1", "CidrBlock": "10.0.9.0/24"},
        {"SubnetId": "subnet-other", "VpcId": "vpc-9", "CidrBlock": "10.9.1.0/24"},
    ],
    "DescribeSecurityGroups": [
        {"GroupId": "sg-f", "VpcId": "vpc-1"},
        {"GroupId": "sg-b", "VpcId": "vpc-2"},
        {"GroupId": "sg-e", "VpcId": "vpc-1"},
    ],
    "DescribeSecurityGroupRules": [
        sg_rule("sgr-1", "sg-b", CidrIpv4="10.0.1.7/24"),
        sg_rule("sgr-2", "sg-b", CidrIpv6="::/0"),
        sg_rule("sgr-3", "sg-b", PrefixListId="pl-1"),
        sg_rule("sgr-4", "sg-b", ReferencedGroupInfo={"GroupId": "sg-f", "PeeringStatus": "active"}),
        sg_rule("sgr-5", "sg-f", egress=True, IpProtocol="-1", FromPort=-1, ToPort=-1, CidrIpv4="0.0.0.0/0"),
        sg_rule("sgr-6", "sg-e", FromPort=443, ToPort=443, CidrIpv4="10.0.0.0/16"),
    ],
    "DescribeNetworkAcls": [
        {
            "NetworkAclId": "acl-1",
            "VpcId": "vpc-1",
            "Associations": [{"SubnetId": "subnet-f"}],
            "Entries": [
                {"RuleNumber": 100, "Egress": True, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"},
                {
                    "RuleNumber": 90,
                    "Egress": False,
                    "RuleAction": "deny",
                    "Protocol": "6",
                    "Ipv6CidrBlock": "::/0",
                    "PortRange": {"From": 9096, "To": 9098},
                },
            ],
        }
    ],
    "DescribeRouteTables": [
        {
            "RouteTableId": "rtb-1",
            "VpcId": "vpc-1",
            "Associations": [{"Main": True}, {"Main": False, "SubnetId": "subnet-f"}],
            "Routes": [
                {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
                {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"},
                {"DestinationCidrBlock": "10.1.0.0/16", "VpcPeeringConnectionId": "pcx-1", "State": "blackhole"},
                {"DestinationCidrBlock": "10.2.0.0/16", "TransitGatewayId": "tgw-1", "State": "active"},
                {
                    "DestinationCidrBlock": "10.3.0.0/16",
                    "GatewayId": "vgw-1",
                    "State": "active",
                    "Origin": "EnableVgwRoutePropagation",
                },
                {"DestinationPrefixListId": "pl-s3", "GatewayId": "vpce-s3", "State": "active"},
                {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"},
                {"DestinationCidrBlock": "10.4.0.0/16", "GatewayId": "igw-1", "State": "active"},
                {"DestinationCidrBlock": "10.5.0.0/16", "NetworkInterfaceId": "eni-1", "State": "active"},
                {"DestinationCidrBlock": "10.6.0.0/16", "CoreNetworkArn": "arn:core", "State": "active"},
            ],
        }
    ],
    "DescribeVpcAttribute": attributes,
    "DescribeVpcEndpoints": [
        {
            "VpcEndpointId": "vpce-1",
            "VpcId": "vpc-1",
            "ServiceName": "com.amazonaws.eu-central-1.secretsmanager",
            "VpcEndpointType": "Interface",
            "State": "Available",
            "PrivateDnsEnabled": True,
            "SubnetIds": ["subnet-e"],
            "Groups": [{"GroupId": "sg-e", "GroupName": "endpoints"}],
        },
        {
            "VpcEndpointId": "vpce-s3",
            "VpcId": "vpc-1",
            "ServiceName": "com.amazonaws.eu-central-1.s3",
            "VpcEndpointType": "Gateway",
            "State": "available",
            "RouteTableIds": ["rtb-1"],
        },
    ],
    "DescribeNatGateways": [
        {
            "NatGatewayId": "nat-1",
            "VpcId": "vpc-1",
            "State": "available",
            "NatGatewayAddresses": [{"PublicIp": "198.51.100.7", "PrivateIp": "10.0.0.9"}, {"PrivateIp": "10.0.0.10"}],
        }
    ],
    "DescribeVpcPeeringConnections": [
        {
            "VpcPeeringConnectionId": "pcx-1",
            "Status": {"Code": "active"},
            "RequesterVpcInfo": {"VpcId": "vpc-1"},
            "AccepterVpcInfo": {"VpcId": "vpc-2"},
        }
    ],
    "DescribeTransitGatewayAttachments": [
        {
            "TransitGatewayAttachmentId": "tgw-attach-1",
            "TransitGatewayId": "tgw-1",
            "ResourceType": "vpc",
            "ResourceId": "vpc-1",
            "State": "available",
        },
        {
            "TransitGatewayAttachmentId": "tgw-attach-9",
            "TransitGatewayId": "tgw-1",
            "ResourceType": "direct-connect-gateway",
            "ResourceId": "dxgw-1",
            "State": "available",
        },
    ],
    "DescribeVpnGateways": [
        {
            "VpnGatewayId": "vgw-1",
            "VpcAttachments": [{"VpcId": "vpc-1", "State": "attached"}, {"VpcId": "vpc-9", "State": "detached"}],
        }
    ],
    "DescribeVpnConnections": [
        {
            "VpnConnectionId": "vpn-1",
            "VpnGatewayId": "vgw-1",
            "State": "available",
            "VgwTelemetry": [{"Status": "UP"}, {"Status": "DOWN"}],
        }
    ],
    "GetManagedPrefixListEntries": lambda arguments: [{"Cidr": "10.0.0.0/8"}, {"Cidr": "192.0.2.0/24"}],
}
