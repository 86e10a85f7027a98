"""Reading networks from EC2: in the API's own shapes, page by page, whatever part of it is refused."""

import threading
import time
from ipaddress import ip_network

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.vpc import read
from msk_toolkit.vpc.facts import Attachment, Facts, GroupRule, Nat, Peering, Route, VpcDns, VpnConnection, VpnGateway

from tests.fakes.ec2_answers import ANSWERS
from tests.fakes.ec2_fake import FakeEc2, Item, RefusedError
from tests.template.stack import Stack

NET = ip_network


def read_from(ec2: FakeEc2, seconds: float = 30) -> Facts:
    return read.read_facts(ec2.client, ["subnet-f", "subnet-b"], ["sg-f", "sg-b"], Deadline(seconds))


def test_every_answer_becomes_a_fact_over_all_pages() -> None:
    ec2 = FakeEc2(**ANSWERS)
    facts = read_from(ec2)
    assert facts.unread == ()
    assert facts.subnets is not None
    assert {name: one.blocks for name, one in facts.subnets.items()} == {
        "subnet-f": (NET("10.0.1.0/24"), NET("2001:db8::/64")),
        "subnet-b": (NET("10.1.1.0/24"),),
        "subnet-e": (NET("10.0.9.0/24"),),
    }
    assert facts.groups is not None
    rules = {rule.id: rule for group in facts.groups.values() for rule in group.rules or ()}
    assert set(rules) == {f"sgr-{number}" for number in range(1, 7)}
    assert rules["sgr-1"].block == NET("10.0.1.0/24")
    assert (rules["sgr-3"].prefix_list, rules["sgr-4"].referenced) == ("pl-1", "sg-f")
    assert rules["sgr-5"] == GroupRule(
        id="sgr-5", group="sg-f", egress=True, protocol="-1", low=0, high=65535, block=NET("0.0.0.0/0")
    )
    assert facts.acls is not None
    assert [(one.number, one.low, one.high, one.allow) for one in facts.acls[0].entries] == [
        (100, 0, 65535, True),
        (90, 9096, 9098, False),
    ]
    assert facts.dns == {vpc: VpcDns(True, False) for vpc in ("vpc-1", "vpc-2")}
    assert facts.peerings == (Peering("pcx-1", "active", "vpc-1", "vpc-2"),)
    assert facts.nats == (Nat("nat-1", "available", ("198.51.100.7",)),)
    assert facts.vpn_gateways == (VpnGateway("vgw-1", "vpc-1"),)
    assert facts.vpn_connections == (VpnConnection("vpn-1", "vgw-1", "available", 1),)
    assert facts.attachments is not None
    assert Attachment("tgw-attach-9", "tgw-1", "direct-connect-gateway", "dxgw-1", "available") in facts.attachments
    assert set(facts.prefix_lists) == {"pl-1", "pl-s3"}
    assert facts.endpoints is not None
    assert [(one.service, one.kind, one.state) for one in facts.endpoints] == [
        ("secretsmanager", "Interface", "available"),
        ("s3", "Gateway", "available"),
    ]
    # Each answer came in pages of one item.
    assert ec2.pages > 20


def test_routes_are_told_apart_by_what_they_lead_to() -> None:
    facts = read_from(FakeEc2(**ANSWERS))
    assert facts.route_tables is not None
    (table,) = facts.route_tables
    assert (table.main, table.subnets) == (True, ("subnet-f",))
    assert [route.kind for route in table.routes] == [
        "local",
        "nat",
        "peering",
        "transit",
        "virtual-private",
        "endpoint",
        "internet",
        "internet",
        "interface",
        "other",
    ]
    assert table.routes[2] == Route("peering", "pcx-1", True, False, NET("10.1.0.0/16"))
    assert table.routes[4].propagated
    assert table.routes[5].prefix_list == "pl-s3"


# What is not known without each of them; rules and attributes are parts of facts that stand all the same.
LOST: dict[str, set[str]] = {
    "DescribeSubnets": {"subnets"},
    "DescribeSecurityGroups": {"groups"},
    "DescribeSecurityGroupRules": set(),
    "DescribeNetworkAcls": {"acls"},
    "DescribeRouteTables": {"route_tables"},
    "DescribeVpcAttribute": set(),
    "DescribeVpcEndpoints": {"endpoints"},
    "DescribeNatGateways": {"nats"},
    "DescribeVpcPeeringConnections": {"peerings"},
    "DescribeTransitGatewayAttachments": {"attachments"},
    "DescribeVpnGateways": {"vpn_gateways"},
    "DescribeVpnConnections": {"vpn_connections"},
    "GetManagedPrefixListEntries": set(),
}


@pytest.mark.parametrize("operation", [*ANSWERS])
def test_a_call_that_is_refused_costs_its_own_answer_alone(operation: str) -> None:
    facts = read_from(FakeEc2(**{**ANSWERS, operation: RefusedError("UnauthorizedOperation")}))
    assert {refusal.action for refusal in facts.unread} == {f"ec2:{operation}"}
    assert all("access denied; allow it for the function's role" in refusal.why for refusal in facts.unread)
    assert {name for name in facts.__struct_fields__ if getattr(facts, name) is None} == LOST[operation]
    known = facts.groups or {}
    assert all(group.rules is None for group in known.values()) == (
        operation in {"DescribeSecurityGroups", "DescribeSecurityGroupRules"}
    )
    # No refusal is taken for an answer with nothing in it.
    assert (facts.dns["vpc-1"] == VpcDns(None, None)) == (operation == "DescribeVpcAttribute")
    assert bool(facts.prefix_lists) == (operation != "GetManagedPrefixListEntries")


def test_everything_refused_leaves_refusals_alone() -> None:
    facts = read_from(FakeEc2(**{name: RefusedError("UnauthorizedOperation") for name in ANSWERS}))
    assert [refusal.action for refusal in facts.unread] == [
        "ec2:DescribeSubnets",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSecurityGroupRules",
    ]
    assert (facts.subnets, facts.groups, facts.acls) == (None, None, None)


def test_nothing_to_ask_for_asks_nothing() -> None:
    ec2 = FakeEc2(**ANSWERS)
    assert read.read_facts(ec2.client, [], [], Deadline(5)) == Facts()
    assert ec2.asked == []


def test_a_call_without_an_answer_ends_with_the_deadline_and_delays_no_other() -> None:
    release = threading.Event()

    def hangs(arguments: Item) -> list[Item]:
        release.wait(20)
        return []

    began = time.monotonic()
    try:
        facts = read_from(FakeEc2(**{**ANSWERS, "DescribeNetworkAcls": hangs}), seconds=3)
        assert time.monotonic() - began < 6
    finally:
        release.set()
    assert "ec2:DescribeNetworkAcls: no answer from AWS in time" in [refusal.why for refusal in facts.unread]
    assert (facts.acls, facts.route_tables is not None) == (None, True)


def test_every_question_is_one_that_the_template_allows() -> None:
    ec2 = FakeEc2(**ANSWERS)
    read_from(ec2)
    assert {f"ec2:{name}" for name in ec2.operations()} == {
        action for action in Stack().actions("DiagnoseFunction") if action.startswith("ec2:")
    }
