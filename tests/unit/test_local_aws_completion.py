"""The rules of security groups that the emulator's CloudFormation refuses, as calls of EC2's API."""

from typing import Any

from local.aws.network import create_rule, open_broker_ports


class Ec2:
    """Writes down each call: what is authorized, in which group, for what."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def authorize_security_group_ingress(self, *, GroupId: str, IpPermissions: list[Any]) -> None:  # noqa: N803
        self.calls.append(("in", GroupId, *IpPermissions))

    def authorize_security_group_egress(self, *, GroupId: str, IpPermissions: list[Any]) -> None:  # noqa: N803
        self.calls.append(("out", GroupId, *IpPermissions))


def permission(port: int, **peer: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [peer]}


def test_a_rule_of_the_template_is_made_as_it_is_there() -> None:
    ec2 = Ec2()
    rule = {"Description": "d", "GroupId": "sg-b", "IpProtocol": "tcp", "FromPort": "9096", "ToPort": 9096}
    create_rule(ec2, "AWS::EC2::SecurityGroupIngress", {**rule, "SourceSecurityGroupId": "sg-f"})
    create_rule(ec2, "AWS::EC2::SecurityGroupEgress", {**rule, "DestinationSecurityGroupId": "sg-b"})
    assert ec2.calls == [
        ("in", "sg-b", permission(9096, GroupId="sg-f", Description="d")),
        ("out", "sg-b", permission(9096, GroupId="sg-b", Description="d")),
    ]


def test_functions_and_pollers_may_reach_the_local_brokers_ports() -> None:
    ec2 = Ec2()
    open_broker_ports(ec2, "sg-f", "sg-b", [20001])
    assert ec2.calls == [
        ("out", "sg-f", permission(20001, GroupId="sg-b")),
        ("in", "sg-b", permission(20001, GroupId="sg-f")),
        ("in", "sg-b", permission(20001, GroupId="sg-b")),
    ]
