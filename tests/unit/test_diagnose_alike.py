"""What is alike is one finding; and what matters only where a route leads there."""

import msgspec
import pytest
from msk_toolkit.diagnose.network import BrokerPort, network_findings
from msk_toolkit.diagnose.services import Need
from msk_toolkit.vpc.facts import Nat, RouteKind, UnreadFact

from tests.fakes.networks import (
    BROKERS_SIDE,
    FUNCTION_SIDE,
    LOCAL,
    SCRAM,
    endpoint,
    group,
    joined_facts,
    open_facts,
    rule,
    table,
    told,
)


def test_ports_that_are_closed_alike_are_one_finding_and_the_others_their_own() -> None:
    groups = {**(open_facts().groups or {}), "sg-b": group("sg-b", rule("sgr-1", "sg-b", 9002, 9002, "sg-f"))}
    ports = [BrokerPort(port, "vpc", True) for port in (9003, 9001, 9002)]
    found = network_findings(open_facts(groups=groups), FUNCTION_SIDE, BROKERS_SIDE, ports, ())
    (closed,) = [finding for finding in found if finding.code == "ingress-closed"]
    assert (closed.severity, closed.ports) == ("error", (9001, 9003))
    assert closed.text == "security group sg-b of the brokers has no inbound rule for 9001 and 9003 from sg-f"
    assert closed.remedy == "add one (ingress, tcp 9001 and 9003, from sg-f)"


def test_services_that_are_not_reached_alike_are_one_finding_with_what_each_is_for() -> None:
    facts = open_facts(route_tables=(table("rtb-1", "vpc-1", (), LOCAL, main=True),), endpoints=(endpoint("sts"),))
    needs = [
        Need("s3", "error", "no dead letters"),
        Need("kafka", "error", "no brokers"),
        Need("sts", "note", "no role"),
    ]
    findings = network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], needs)
    (kept, other) = [finding for finding in findings if finding.code == "service-unreachable"]
    assert kept.text == (
        "subnet-f of the function can't reach s3 and kafka: vpc-1 has no endpoint for s3 and kafka; route table rtb-1 "
        "has no default route (NAT); s3: no dead letters; kafka: no brokers"
    )
    assert kept.remedy.startswith("create endpoints for s3 and kafka (interface endpoints with private DNS; a gateway")
    assert (other.severity, other.target) == ("note", "sts")


def test_calls_that_were_refused_for_the_same_reason_are_one_finding() -> None:
    actions = ("ec2:DescribeNatGateways", "ec2:DescribeNetworkAcls")
    refusals = tuple(UnreadFact(action, f"{action}: access denied") for action in actions)
    found = network_findings(open_facts(unread=refusals), FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], ())
    assert [(finding.severity, finding.text) for finding in found] == [
        ("warning", "ec2:DescribeNatGateways and ec2:DescribeNetworkAcls: access denied")
    ]


@pytest.mark.parametrize(("kind", "severity"), [("transit", "warning"), ("peering", "note")])
def test_an_unread_gateway_matters_only_where_a_route_leads_to_one(kind: RouteKind, severity: str) -> None:
    action = "ec2:DescribeTransitGatewayAttachments"
    facts = joined_facts(kind, "tgw-1" if kind == "transit" else "pcx-1")
    unread = msgspec.structs.replace(facts, unread=(UnreadFact(action, f"{action}: refused"),), attachments=None)
    found = network_findings(unread, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], ())
    assert [finding.severity for finding in found if finding.code == "not-read"] == [severity]


def test_a_public_gateway_whose_addresses_are_left_out_is_no_private_one() -> None:
    public = open_facts(nats=(Nat("nat-1", "available", (), public=True),))
    assert told(public, SCRAM) == []
    assert told(open_facts(nats=(Nat("nat-1", "available", ()),)), SCRAM) != []
