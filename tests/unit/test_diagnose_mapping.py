"""What the mapping's pollers lack in the cluster's own network, and the ways into it, each with its sentence."""

from typing import Any

import pytest
from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.diagnose.connectivity import connectivity_options
from msk_toolkit.diagnose.finding import BROKERS, NetworkEnd, listed
from msk_toolkit.diagnose.mapping import MappingFacts, mapping_findings
from msk_toolkit.settings.cluster import AuthMode
from msk_toolkit.vpc.facts import Attachment, Facts, Peering, VpnConnection, VpnGateway

from tests.fakes.networks import (
    BROKERS_SIDE,
    FUNCTION_SIDE,
    LOCAL,
    acl,
    endpoint,
    group,
    joined_facts,
    open_acl,
    open_facts,
    pollers,
    route,
    rule,
    subnet,
    table,
)

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_demo-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
NOTHING = MappingFacts(denied=[])
PROVISIONED = pollers(provisioned=True)


def told(
    facts: Facts, mode: AuthMode = "scram", told_by: MappingFacts = NOTHING, *, provisioned: bool = False
) -> list[str]:
    # On one port whatever the login: which listener it really is, is another test's.
    found = mapping_findings(facts, BROKERS_SIDE, pollers(mode, provisioned=provisioned), told_by)
    found = [finding for finding in found if finding.code != "poller-listener"]
    return [f"{finding.severity}: {finding.text}" for finding in found]


def without_nat(**changes: Any) -> Facts:
    return open_facts(**{"route_tables": (table("rtb-1", "vpc-1", (), LOCAL, main=True),), **changes})


def endpoints_for(*services: str) -> Facts:
    groups = {
        **(open_facts().groups or {}),
        "sg-e": group("sg-e", rule("sgr-e", "sg-e", 443, 443, "sg-b")),
    }
    return without_nat(endpoints=tuple(endpoint(one, subnets=("subnet-b",)) for one in services), groups=groups)


def test_pollers_need_the_clusters_group_to_let_itself_in() -> None:
    assert told(open_facts()) == []
    alone = group("sg-b", rule("sgr-b1", "sg-b", 9096, 9096, "sg-f"))
    facts = open_facts(groups={**(open_facts().groups or {}), "sg-b": alone})
    assert told(facts)[:2] == [
        "error: security group sg-b of the mapping's pollers has no outbound rule for 9096 to sg-b",
        "error: security group sg-b of the brokers has no inbound rule for 9096 from sg-b; "
        "for that port it has sgr-b1 (sg-f)",
    ]


def test_acls_between_the_clusters_subnets_stand_before_the_pollers() -> None:
    subnets = {
        "subnet-b": subnet("subnet-b", "vpc-1", "10.0.2.0/24"),
        "subnet-c": subnet("subnet-c", "vpc-1", "10.0.3.0/24"),
    }
    facts = open_facts(subnets=subnets, acls=(open_acl("acl-1", "subnet-b"), open_acl("acl-2")))
    shut = open_facts(subnets=subnets, acls=(open_acl("acl-1", "subnet-b"), acl("acl-9", ("subnet-c",))))
    cluster = NetworkEnd(BROKERS, ("subnet-b", "subnet-c"), ("sg-b",))
    assert mapping_findings(facts, cluster, PROVISIONED, NOTHING) == []
    found = mapping_findings(shut, cluster, PROVISIONED, NOTHING)
    assert {finding.code for finding in found if 9096 in finding.ports} == {"acl-closed"}
    assert any("inbound tcp 9096 from the mapping's pollers (10.0.2.0/24)" in finding.text for finding in found)


@pytest.mark.parametrize(
    ("mode", "services"),
    [("scram", ["lambda", "sts", "secretsmanager"]), ("iam", ["lambda", "sts"]), ("none", ["lambda", "sts"])],
)
def test_each_service_that_pollers_on_demand_do_not_reach_is_named(mode: AuthMode, services: list[str]) -> None:
    lines = told(without_nat(), mode)
    assert [line.split("can't reach ")[1].split(":")[0] for line in lines] == [listed(services)]
    assert all(line.startswith("error: subnet-b of the mapping's pollers can't reach") for line in lines)
    assert told(endpoints_for(*services), mode) == []
    assert [line.split("can't reach ")[1].split(":")[0] for line in told(endpoints_for(*services[1:]), mode)] == [
        "lambda"
    ]


def test_provisioned_pollers_need_a_way_to_s3_alone() -> None:
    # They reach Lambda by themselves, and their on-failure destination through the cluster's VPC only.
    (line,) = told(without_nat(), provisioned=True)
    assert line.startswith("error: subnet-b of the mapping's pollers can't reach s3: vpc-1 has no endpoint for s3")
    assert "discarded batches that they can't write are lost" in line
    assert told(endpoints_for("s3"), provisioned=True) == []


def test_the_mappings_real_mode_decides_what_their_pollers_need() -> None:
    still = MappingState("uuid", ["orders"], "Enabled", "", "OK", True, minimum_pollers=1, maximum_pollers=3)
    lines = told(without_nat(), told_by=MappingFacts(states=[still], denied=[]))
    assert [line.split("can't reach ")[1].split(":")[0] for line in lines if "can't reach" in line] == ["s3"]


def test_the_endpoints_group_must_let_the_clusters_group_in() -> None:
    groups = {**(open_facts().groups or {}), "sg-e": group("sg-e", rule("sgr-e", "sg-e", 443, 443, "sg-f"))}
    facts = without_nat(endpoints=(endpoint("lambda"), endpoint("sts")), groups=groups)
    assert "sg-e of endpoint vpce-lambda has no inbound rule for 443 from sg-b" in told(facts, "iam")[0]


def test_what_the_pollers_role_may_not_do_is_one_finding_by_resource() -> None:
    denied = [("secretsmanager:GetSecretValue", SECRET), ("kms:Decrypt", KEY), ("kms:DescribeKey", KEY)]
    assert told(open_facts(), told_by=MappingFacts(denied=denied)) == [
        "error: the forwarder's role, which the pollers assume, is not allowed secretsmanager:GetSecretValue on "
        f"{SECRET}; kms:Decrypt and kms:DescribeKey on {KEY}"
    ]
    refused = MappingFacts(refusals=["iam:SimulatePrincipalPolicy: access denied"])
    assert told(open_facts(), told_by=refused) == ["note: iam:SimulatePrincipalPolicy: access denied"]


VGW = (VpnGateway("vgw-1", "vpc-2"),)
TGW = Attachment("tgw-attach-2", "tgw-1", "vpc", "vpc-2", "available")
DX = Attachment("tgw-attach-9", "tgw-1", "direct-connect-gateway", "dxgw-1", "available")
WAYS: dict[str, tuple[Facts, str, str, str]] = {
    "peering": (joined_facts("peering", "pcx-1"), "VPC peering", "usable", "pcx-1 with vpc-1 is active"),
    "peering that waits": (
        joined_facts("peering", "pcx-1", peerings=(Peering("pcx-1", "pending-acceptance", "vpc-1", "vpc-2"),)),
        "VPC peering",
        "broken",
        "pcx-1 with vpc-1 is pending-acceptance",
    ),
    "peering without a route": (
        joined_facts("transit", "tgw-1"),
        "VPC peering",
        "broken",
        "pcx-1 with vpc-1 is active, and the brokers' subnets have no route to it",
    ),
    "no peering": (open_facts(), "VPC peering", "not seen", "vpc-1 has no peering connection"),
    "peering refused": (open_facts(peerings=None), "VPC peering", "not visible", "could not be read"),
    "transit gateway": (
        joined_facts("transit", "tgw-1"),
        "transit gateway",
        "usable",
        "tgw-1 (tgw-attach-2 is available), beside 1 vpc",
    ),
    "transit gateway without a route": (
        joined_facts("peering", "pcx-1", attachments=(TGW,)),
        "transit gateway",
        "broken",
        "no other attachment is visible, and the brokers' subnets have no route to it",
    ),
    "no transit gateway": (open_facts(), "transit gateway", "not seen", "vpc-1 is not attached to any"),
    "direct connect over a transit gateway": (
        joined_facts("transit", "tgw-1", attachments=(TGW, DX)),
        "Direct Connect",
        "usable",
        "dxgw-1 at tgw-1 is available",
    ),
    "a virtual gateway without a VPN": (
        joined_facts("virtual-private", "vgw-1", vpn_gateways=VGW),
        "Direct Connect",
        "not visible",
        "vgw-1 has no VPN, so it may be Direct Connect's, which EC2 does not describe",
    ),
    "no direct connect": (open_facts(), "Direct Connect", "not seen", "no virtual private gateway without a VPN"),
    "VPN": (
        joined_facts(
            "virtual-private",
            "vgw-1",
            vpn_gateways=VGW,
            vpn_connections=(VpnConnection("vpn-1", "vgw-1", "available", 2),),
        ),
        "VPN",
        "usable",
        "vpn-1 at vgw-1 is available, tunnels up: 2",
    ),
    "VPN without a tunnel": (
        joined_facts(
            "virtual-private",
            "vgw-1",
            vpn_gateways=VGW,
            vpn_connections=(VpnConnection("vpn-1", "vgw-1", "available", 0),),
        ),
        "VPN",
        "broken",
        "tunnels up: 0",
    ),
    "VPN over a transit gateway": (
        joined_facts("transit", "tgw-1", vpn_connections=(VpnConnection("vpn-1", "tgw-1", "available", 1),)),
        "VPN",
        "usable",
        "vpn-1 at tgw-1 is available",
    ),
    "no VPN": (open_facts(), "VPN", "not seen", "no VPN connection at a gateway of the cluster's VPC"),
    "REST proxy": (open_facts(), "REST proxy", "not visible", "a proxy is an ordinary host"),
    "nothing read": (Facts(), "transit gateway", "not visible", "could not be read"),
    "a route that is gone": (
        joined_facts(
            "peering",
            "pcx-1",
            route_tables=(
                table("rtb-2", "vpc-2", ("subnet-b",), route("peering", "pcx-1", "10.0.0.0/16", blackhole=True)),
            ),
        ),
        "VPC peering",
        "broken",
        "the brokers' subnets have no route to it",
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_each_of_the_five_ways_is_recognised_as_far_as_it_can_be_seen(name: str) -> None:
    facts, way, seen, words = WAYS[name]
    ways: dict[str, Any] = {one.kind: one for one in connectivity_options(facts, BROKERS_SIDE)}
    assert list(ways) == ["VPC peering", "transit gateway", "Direct Connect", "VPN", "REST proxy"]
    assert (ways[way].state, words in ways[way].detail) == (seen, True), ways[way].detail


def test_outside_msk_the_pollers_are_where_the_functions_are_and_unknown_brokers_have_no_rules() -> None:
    nowhere = NetworkEnd(BROKERS, (), ())
    found = mapping_findings(open_facts(), nowhere, pollers(), NOTHING, at=FUNCTION_SIDE)
    assert [finding.text for finding in found if finding.severity == "error"] == []
    shut = mapping_findings(without_nat(), nowhere, pollers(), NOTHING, at=FUNCTION_SIDE)
    errors = [finding.text for finding in shut if finding.severity == "error"]
    assert errors
    assert all("subnet-f" in text and "the mapping's pollers" in text for text in errors)
