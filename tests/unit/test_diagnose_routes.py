"""Routes, gateways, names and endpoints between the function and what it needs, each situation with its sentence."""

import pytest
from msk_toolkit.diagnose.finding import BROKERS, NetworkEnd
from msk_toolkit.diagnose.network import BrokerPort, network_findings
from msk_toolkit.diagnose.services import Need
from msk_toolkit.vpc.facts import Attachment, Facts, Nat, Peering, Route, UnreadFact, VpcDns

from tests.fakes.networks import (
    BROKERS_SIDE,
    ENDPOINT_GROUP,
    FUNCTION_SIDE,
    LOCAL,
    NAT_ROUTE,
    SCRAM,
    SECRETS,
    VPN,
    VPN_GATEWAY,
    endpoint,
    group,
    joined_facts,
    open_facts,
    route,
    rule,
    table,
    told,
)

Expected = list[tuple[str, str]]


def function_routes(*routes: Route) -> Facts:
    """Peered networks, with these routes on the function's side, and NAT."""
    peered = joined_facts("peering", "pcx-1")
    mine = table("rtb-1", "vpc-1", ("subnet-f",), LOCAL, NAT_ROUTE, *routes)
    return joined_facts("peering", "pcx-1", route_tables=(mine, *(peered.route_tables or ())[1:]))


def way_out(*routes: Route, **changes: object) -> Facts:
    groups = {**(open_facts().groups or {}), "sg-e": ENDPOINT_GROUP}
    return open_facts(
        **{"route_tables": (table("rtb-1", "vpc-1", (), LOCAL, *routes, main=True),), "groups": groups, **changes}
    )


ATTACHED = Attachment("tgw-attach-1", "tgw-1", "vpc", "vpc-1", "available")
PENDING = Attachment("tgw-attach-2", "tgw-1", "vpc", "vpc-2", "pendingAcceptance")
BACK = ", so the answers do not come back"
THERE = "route table rtb-1 of subnet-f sends 10.1.2.0/24 of the brokers"
HERE = "route table rtb-2 of subnet-b sends 10.0.1.0/24 of the function"

ROUTES: dict[str, tuple[Facts, Expected]] = {
    "a peering that is active": (joined_facts("peering", "pcx-1"), []),
    "a peering that waits": (
        joined_facts("peering", "pcx-1", peerings=(Peering("pcx-1", "pending-acceptance", "vpc-1", "vpc-2"),)),
        [
            ("error", f"{THERE} over pcx-1, which is pending-acceptance"),
            ("error", f"{HERE} over pcx-1, which is pending-acceptance{BACK}"),
        ],
    ),
    "a peering with a third network": (
        function_routes(route("peering", "pcx-9", "10.1.0.0/16")),
        [("error", f"{THERE} over pcx-9, which is not visible")],
    ),
    "a peering that leads elsewhere": (
        joined_facts("peering", "pcx-9", peerings=(Peering("pcx-9", "active", "vpc-1", "vpc-3"),)),
        [
            ("error", f"{THERE} over pcx-9, which joins vpc-1 and vpc-3 and not vpc-2"),
        ],
    ),
    "no route there": (
        joined_facts(
            "peering",
            "pcx-1",
            route_tables=(
                table("rtb-1", "vpc-1", ("subnet-f",), LOCAL, route("nat", "nat-1", "0.0.0.0/1")),
                *(joined_facts("peering", "pcx-1").route_tables or ())[1:],
            ),
        ),
        [("error", f"{THERE} to nat-1, to the internet, where private addresses are not routed")],
    ),
    "no route back": (
        joined_facts(
            "peering",
            "pcx-1",
            route_tables=(
                *(joined_facts("peering", "pcx-1").route_tables or ())[:1],
                table("rtb-2", "vpc-2", ("subnet-b",), route("local", "local", "10.1.0.0/16")),
            ),
        ),
        [("error", f"route table rtb-2 of subnet-b has no route to 10.0.1.0/24 of the function{BACK}")],
    ),
    "only the default route, through NAT": (
        function_routes(),
        [("error", f"{THERE} to nat-1, to the internet, where private addresses are not routed")],
    ),
    "a route that is a blackhole": (
        function_routes(route("peering", "pcx-1", "10.1.0.0/16", blackhole=True)),
        [("error", f"{THERE} to pcx-1, which no longer exists (blackhole)")],
    ),
    "a longer prefix that leads astray": (
        function_routes(route("peering", "pcx-1", "10.1.0.0/16"), route("internet", "igw-1", "10.1.2.0/25")),
        [
            (
                "error",
                "route table rtb-1 of subnet-f sends 10.1.2.0/25 of the brokers to igw-1, to the internet, "
                "where private addresses are not routed",
            )
        ],
    ),
    "a propagated route beside a static one": (
        function_routes(
            route("virtual-private", "vgw-1", "10.1.0.0/16", propagated=True),
            route("peering", "pcx-1", "10.1.0.0/16"),
        ),
        [],
    ),
    "a prefix list of routes that could not be read": (
        joined_facts(
            "peering",
            "pcx-1",
            route_tables=(
                table("rtb-1", "vpc-1", ("subnet-f",), LOCAL, route("peering", "pcx-1", "pl-1")),
                *(joined_facts("peering", "pcx-1").route_tables or ())[1:],
            ),
            endpoints=(endpoint("secretsmanager", groups=("sg-f",)),),
            groups={
                **(joined_facts("peering", "pcx-1").groups or {}),
                "sg-f": group(
                    "sg-f",
                    rule("sgr-f1", "sg-f", 0, 65535, "0.0.0.0/0", egress=True, protocol="-1"),
                    rule("sgr-f2", "sg-f", 443, 443, "sg-f"),
                ),
            },
        ),
        [],
    ),
    "a transit gateway with both attached": (joined_facts("transit", "tgw-1"), []),
    "a transit gateway with one attached": (
        joined_facts("transit", "tgw-1", attachments=(ATTACHED,)),
        [("error", f"{HERE} to tgw-1, to which vpc-2 is not attached{BACK}")],
    ),
    "an attachment that waits": (
        joined_facts("transit", "tgw-1", attachments=(ATTACHED, PENDING)),
        [("error", f"{HERE} to tgw-1, and its attachment tgw-attach-2 is pendingAcceptance{BACK}")],
    ),
    "a VPN without a tunnel": (
        joined_facts("virtual-private", "vgw-1", vpn_connections=(VPN,), vpn_gateways=(VPN_GATEWAY,)),
        [
            ("error", f"{THERE} to vgw-1, whose VPN vpn-1 has no tunnel up"),
            ("error", f"{HERE} to vgw-1, whose VPN vpn-1 has no tunnel up{BACK}"),
        ],
    ),
    "names that are not resolved": (
        open_facts(dns={"vpc-1": VpcDns(False, True)}),
        [("error", "vpc-1 of the function resolves no names (enableDnsSupport is off)")],
    ),
    "a call that was refused": (
        open_facts(acls=None, unread=(UnreadFact("ec2:DescribeNetworkAcls", "ec2:DescribeNetworkAcls: denied"),)),
        [("warning", "ec2:DescribeNetworkAcls: denied")],
    ),
}

STUCK = "subnet-f of the function can't reach secretsmanager: {}; nobody can log in"
NO_ENDPOINT = "vpc-1 has no endpoint for secretsmanager"
NO_NAT = "route table rtb-1 has no default route (NAT)"
DNS_OFF = {"vpc-1": VpcDns(True, False)}
SERVICES: dict[str, tuple[Facts, Expected]] = {
    "neither endpoint nor NAT": (way_out(), [("error", STUCK.format(f"{NO_ENDPOINT}; {NO_NAT}"))]),
    "an endpoint": (way_out(endpoints=(endpoint("secretsmanager"),)), []),
    "an endpoint of another service": (
        way_out(endpoints=(endpoint("kms"),)),
        [("error", STUCK.format(f"{NO_ENDPOINT}; {NO_NAT}"))],
    ),
    "an endpoint without a private name": (
        way_out(endpoints=(endpoint("secretsmanager", private_dns=False),)),
        [
            (
                "error",
                STUCK.format(
                    "endpoint vpce-secretsmanager has private DNS off, so the service's name does not resolve to it; "
                    + NO_NAT
                ),
            )
        ],
    ),
    "an endpoint whose group lets nobody in": (
        way_out(endpoints=(endpoint("secretsmanager"),), groups={**(open_facts().groups or {}), "sg-e": group("sg-e")}),
        [
            (
                "error",
                STUCK.format(f"sg-e of endpoint vpce-secretsmanager has no inbound rule for 443 from sg-f; {NO_NAT}"),
            )
        ],
    ),
    "an endpoint that is not ready": (
        way_out(endpoints=(endpoint("secretsmanager", state="pending"),)),
        [("error", STUCK.format(f"endpoint vpce-secretsmanager is pending; {NO_NAT}"))],
    ),
    "an endpoint, and private names off": (
        way_out(endpoints=(endpoint("secretsmanager"),), dns=DNS_OFF),
        [
            (
                "warning",
                "vpc-1 of the function has enableDnsHostnames off: private names of endpoints do not resolve there",
            )
        ],
    ),
    "a NAT gateway that is gone": (
        open_facts(nats=(Nat("nat-1", "deleted", ()),)),
        [("error", STUCK.format(f"{NO_ENDPOINT}; NAT gateway nat-1 is deleted"))],
    ),
    "an internet gateway, of no use to a function": (
        way_out(route("internet", "igw-1", "0.0.0.0/0")),
        [
            (
                "error",
                STUCK.format(
                    f"{NO_ENDPOINT}; the default route of rtb-1 leads to the internet gateway igw-1: a function "
                    "has no public address, so it needs NAT"
                ),
            )
        ],
    ),
    "egress through a transit gateway": (
        way_out(route("transit", "tgw-1", "0.0.0.0/0")),
        [
            (
                "note",
                "it is not visible whether the function can reach secretsmanager: the default route of rtb-1 leads to "
                "tgw-1",
            )
        ],
    ),
}


@pytest.mark.parametrize("name", [*ROUTES, *SERVICES])
def test_each_situation_has_its_sentence(name: str) -> None:
    facts, expected = {**ROUTES, **SERVICES}[name]
    assert told(facts, SCRAM) == expected


def test_a_gateway_endpoint_serves_the_route_tables_that_it_is_associated_with() -> None:
    need = [Need("s3", "error", "no dead letters")]

    def stuck(*tables: str) -> list[str]:
        gateway = endpoint("s3", kind="Gateway", groups=(), subnets=(), route_tables=tables, private_dns=False)
        found = network_findings(way_out(endpoints=(gateway,)), FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], need)
        return [finding.text for finding in found if finding.code == "service-unreachable"]

    assert stuck("rtb-1") == []
    assert "endpoint vpce-s3 is not associated with route table rtb-1" in stuck("rtb-9")[0]


def test_a_public_listener_needs_nat_and_its_address_let_in() -> None:
    public = BrokerPort(9196, "public", False)
    assert told(open_facts(), SCRAM, public) == [
        (
            "note",
            "the public listener 9196 can't be reached from the function: "
            "sg-f has no outbound rule for 9196 to 0.0.0.0/0",
        ),
        ("note", "security group sg-b of the brokers has no inbound rule for 9196 from NAT 198.51.100.7"),
    ]
    groups = {
        "sg-f": group("sg-f", rule("sgr-1", "sg-f", 0, 65535, "0.0.0.0/0", egress=True, protocol="-1")),
        "sg-b": group(
            "sg-b", rule("sgr-2", "sg-b", 9196, 9196, "198.51.100.7/32"), rule("sgr-3", "sg-b", 9096, 9096, "sg-f")
        ),
    }
    assert told(open_facts(groups=groups), SCRAM, public) == []


def test_brokers_of_another_account_are_said_to_be_out_of_sight() -> None:
    facts = open_facts(subnets={"subnet-f": (open_facts().subnets or {})["subnet-f"]})
    assert ("warning", "subnet-b of the brokers is not in this account and Region") in told(facts, SCRAM)
    nobody = network_findings(open_facts(), FUNCTION_SIDE, NetworkEnd(BROKERS, (), ()), [SCRAM], ())
    assert [one.text for one in nobody] == ["the subnets and security groups of the brokers are not known"]


def test_nothing_read_is_no_reason_to_call_anything_closed() -> None:
    refusal = UnreadFact("ec2:DescribeSubnets", "ec2:DescribeSubnets: no answer from AWS in time")
    found = network_findings(Facts(unread=(refusal,)), FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], SECRETS)
    assert [(finding.severity, finding.code) for finding in found] == [("warning", "not-read")]
