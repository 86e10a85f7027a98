"""The ways to AWS services where a person would look twice: lists of routes, hubs, network ACLs, private NAT."""

from ipaddress import ip_network
from typing import Any

import pytest
from msk_toolkit.diagnose.mapping import MappingFacts, mapping_findings
from msk_toolkit.diagnose.network import BrokerPort, network_findings
from msk_toolkit.diagnose.services import Need
from msk_toolkit.vpc.facts import Facts, Nat, Peering, Route, SecurityGroup

from tests.fakes.networks import (
    BROKERS_SIDE,
    ENDPOINT_GROUP,
    FUNCTION_SIDE,
    LAST,
    LOCAL,
    NAT_ROUTE,
    SCRAM,
    acl,
    endpoint,
    entry,
    group,
    open_acl,
    open_facts,
    pollers,
    route,
    rule,
    subnet,
    table,
    told,
)

Expected = list[tuple[str, str]]


def routes_are(*routes: Route, **changes: Any) -> Facts:
    groups = {**(open_facts().groups or {}), "sg-e": ENDPOINT_GROUP}
    mine = table("rtb-1", "vpc-1", (), LOCAL, *routes, main=True)
    return open_facts(**{"route_tables": (mine,), "groups": groups, **changes})


NO_ENDPOINT = "vpc-1 has no endpoint for secretsmanager"
NO_NAT = "route table rtb-1 has no default route (NAT)"


def stuck(faults: str) -> Expected:
    return [("error", f"subnet-f of the function can't reach secretsmanager: {faults}; nobody can log in")]


def unseen(doubt: str) -> Expected:
    return [("note", f"it is not visible whether the function can reach secretsmanager: {doubt}")]


LIST_ROUTE = route("nat", "nat-1", "pl-1")
DEFAULTS: dict[str, tuple[Facts, Expected]] = {
    "a default route in a prefix list": (
        routes_are(LIST_ROUTE, prefix_lists={"pl-1": (ip_network("0.0.0.0/0"),)}),
        [],
    ),
    "both halves of the internet in a prefix list": (
        routes_are(LIST_ROUTE, prefix_lists={"pl-1": (ip_network("0.0.0.0/1"), ip_network("128.0.0.0/1"))}),
        [],
    ),
    "a prefix list of some networks": (
        routes_are(LIST_ROUTE, prefix_lists={"pl-1": (ip_network("10.0.0.0/8"),)}),
        stuck(f"{NO_ENDPOINT}; {NO_NAT}"),
    ),
    "a prefix list that holds nothing": (
        routes_are(LIST_ROUTE, prefix_lists={"pl-1": ()}),
        stuck(f"{NO_ENDPOINT}; {NO_NAT}"),
    ),
    "a prefix list that could not be read": (
        routes_are(LIST_ROUTE),
        unseen("route table rtb-1 has a route to pl-1, which could not be read"),
    ),
    "a list that could not be read, of a gateway endpoint": (
        routes_are(route("endpoint", "vpce-s3", "pl-s3")),
        stuck(f"{NO_ENDPOINT}; {NO_NAT}"),
    ),
    "an endpoint's rules that could not be read": (
        routes_are(
            endpoints=(endpoint("secretsmanager"),),
            groups={**(open_facts().groups or {}), "sg-e": SecurityGroup("sg-e", "vpc-1", None)},
        ),
        unseen("not every rule of the security groups of endpoint vpce-secretsmanager could be read"),
    ),
    "a private NAT gateway": (
        routes_are(NAT_ROUTE, nats=(Nat("nat-1", "available", ()),)),
        unseen("the default route of rtb-1 leads to nat-1, a private NAT gateway"),
    ),
    "rules that could not be read": (
        routes_are(NAT_ROUTE, groups={"sg-b": (open_facts().groups or {})["sg-b"]}),
        [
            (
                "warning",
                "security group sg-f of the function is not in this account and Region: its rules are unknown",
            ),
            *unseen("whether sg-f has an outbound rule for 443 to 0.0.0.0/0 could not be read"),
        ],
    ),
}

TRANSIT = route("transit", "tgw-1", "10.0.0.0/8")
PEERED = route("peering", "pcx-1", "10.9.0.0/16")
ACTIVE = (Peering("pcx-1", "active", "vpc-1", "vpc-9"),)
ENDS = open_facts().subnets or {}
HUBS: dict[str, tuple[Facts, Expected]] = {
    "a hub behind a transit gateway": (
        routes_are(TRANSIT),
        unseen("tgw-1 leads to other networks, which may share an endpoint for secretsmanager"),
    ),
    "a hub behind a private NAT gateway": (
        routes_are(route("nat", "nat-1", "10.8.0.0/16"), nats=(Nat("nat-1", "available", ()),)),
        unseen("nat-1 leads to other networks, which may share an endpoint for secretsmanager"),
    ),
    "a hub behind a peering": (
        routes_are(PEERED, peerings=ACTIVE),
        unseen("pcx-1 leads to other networks, which may share an endpoint for secretsmanager"),
    ),
    "both of them": (
        routes_are(PEERED, TRANSIT, peerings=None),
        unseen("pcx-1 and tgw-1 lead to other networks, which may share an endpoint for secretsmanager"),
    ),
    "a peering that waits": (
        routes_are(PEERED, peerings=(Peering("pcx-1", "pending-acceptance", "vpc-1", "vpc-9"),)),
        stuck(f"{NO_ENDPOINT}; {NO_NAT}"),
    ),
    "a peering with a network that was read and has no endpoint": (
        routes_are(PEERED, peerings=ACTIVE, subnets={**ENDS, "subnet-9": subnet("subnet-9", "vpc-9", "10.9.0.0/24")}),
        stuck(f"{NO_ENDPOINT}; {NO_NAT}"),
    ),
    "a peering with a network that was read and has one": (
        routes_are(
            PEERED,
            peerings=(Peering("pcx-1", "active", "vpc-9", "vpc-1"),),
            subnets={**ENDS, "subnet-9": subnet("subnet-9", "vpc-9", "10.9.0.0/24")},
            endpoints=(endpoint("secretsmanager", vpc="vpc-9", subnets=("subnet-9",)),),
        ),
        unseen("pcx-1 leads to other networks, which may share an endpoint for secretsmanager"),
    ),
    "a route for IPv6 only": (
        routes_are(route("transit", "tgw-1", "2001:db8::/32")),
        stuck(f"{NO_ENDPOINT}; {NO_NAT}"),
    ),
    "a route that is gone": (
        routes_are(route("transit", "tgw-1", "10.0.0.0/8", blackhole=True)),
        stuck(f"{NO_ENDPOINT}; {NO_NAT}"),
    ),
    "a group that lets nothing out to the hub": (
        routes_are(
            TRANSIT,
            groups={
                **(open_facts().groups or {}),
                "sg-f": group("sg-f", rule("sgr-1", "sg-f", 9096, 9096, "sg-b", egress=True)),
            },
        ),
        stuck(f"{NO_ENDPOINT}; {NO_NAT}"),
    ),
    "an own endpoint, to which the name leads": (
        routes_are(
            TRANSIT,
            endpoints=(endpoint("secretsmanager"),),
            groups={**(open_facts().groups or {}), "sg-e": group("sg-e")},
        ),
        stuck(f"sg-e of endpoint vpce-secretsmanager has no inbound rule for 443 from sg-f; {NO_NAT}"),
    ),
}

SHUT_OUT = (
    entry(90, egress=True, allow=False, low=443, high=443, protocol="6"),
    entry(100, egress=True),
    entry(100, egress=False),
)
NO_ANSWERS = (entry(100, egress=True), entry(100, egress=False, low=443, high=443, protocol="6"))
ONE_NETWORK_SHUT = (
    entry(90, egress=True, allow=False, block="203.0.113.0/24"),
    entry(100, egress=True),
    entry(100, egress=False),
)
# What AWS recommends before private subnets: 443 out, and the answers of whoever takes the port from 1024 on.
RECOMMENDED = (
    entry(100, egress=True, low=443, high=443, protocol="6"),
    entry(110, egress=True, block="10.0.0.0/16"),
    entry(100, egress=False, low=1024, high=LAST, protocol="6"),
)


def before_function(*entries: Any, **changes: Any) -> Facts:
    acls = (acl("acl-1", ("subnet-f",), *entries), open_acl("acl-2", "subnet-b", "subnet-e"))
    return routes_are(*changes.pop("routes", (NAT_ROUTE,)), acls=acls, **changes)


def before_endpoint(*entries: Any, subnets: tuple[str, ...] = ("subnet-e",)) -> Facts:
    return routes_are(
        acls=(open_acl("acl-1", "subnet-f", "subnet-b", "subnet-g"), acl("acl-2", ("subnet-e",), *entries)),
        endpoints=(endpoint("secretsmanager", subnets=subnets),),
        subnets={
            **ENDS,
            "subnet-e": subnet("subnet-e", "vpc-1", "10.0.5.0/24"),
            "subnet-g": subnet("subnet-g", "vpc-1", "10.0.6.0/24"),
        },
    )


def drops(number: int, words: str) -> str:
    return f"network ACL acl-{number} drops {words}"


INBOUND_SHUT = drops(2, "inbound tcp 443 from the function (10.0.1.0/24): no inbound rule allows 10.0.1.0/24")
ACLS: dict[str, tuple[Facts, Expected]] = {
    "443 shut on the way out": (
        before_function(*SHUT_OUT),
        stuck(f"{NO_ENDPOINT}; {drops(1, 'outbound tcp 443 to the internet (0.0.0.0/0): rule 90 denies 0.0.0.0/0')}"),
    ),
    "a network of the internet shut": (
        before_function(*ONE_NETWORK_SHUT),
        unseen(
            "network ACL acl-1 drops part of outbound tcp 443 to the internet (0.0.0.0/0): "
            "rule 90 denies 203.0.113.0/24"
        ),
    ),
    "what AWS recommends": (before_function(*RECOMMENDED), []),
    "an endpoint in the function's own subnet, where no ACL stands between": (
        before_function(*RECOMMENDED[1:], routes=(), endpoints=(endpoint("secretsmanager"),)),
        [],
    ),
    "an endpoint's subnet shut": (
        before_endpoint(entry(100, egress=True)),
        stuck(f"{INBOUND_SHUT}; {NO_NAT}"),
    ),
    "one of an endpoint's subnets shut": (
        before_endpoint(entry(100, egress=True), subnets=("subnet-e", "subnet-g")),
        unseen(INBOUND_SHUT),
    ),
    "an endpoint's answers shut in": (
        before_endpoint(entry(100, egress=False)),
        stuck(
            drops(
                2,
                "outbound tcp ports 32768 to 60999 to the function (the answers) (10.0.1.0/24): "
                f"no outbound rule allows 10.0.1.0/24; {NO_NAT}",
            )
        ),
    ),
}


@pytest.mark.parametrize("name", [*DEFAULTS, *HUBS, *ACLS])
def test_each_situation_has_its_sentence(name: str) -> None:
    facts, expected = {**DEFAULTS, **HUBS, **ACLS}[name]
    assert told(facts, SCRAM) == expected


def test_an_acl_that_lets_no_answers_in_shuts_every_service_off() -> None:
    (service,) = [text for _, text in told(before_function(*NO_ANSWERS), SCRAM) if "secretsmanager" in text]
    answers = "inbound tcp ports 32768 to 60999 from the internet (the answers) (0.0.0.0/0)"
    assert drops(1, f"{answers}: no inbound rule allows 0.0.0.0/0") in service


def through_gateway(state: str, *entries: Any) -> str:
    gateway = endpoint("s3", kind="Gateway", groups=(), subnets=(), route_tables=("rtb-1",), state=state)
    lists = {"pl-s3": (ip_network("52.219.0.0/16"),)}
    facts = before_function(
        *entries, routes=(route("endpoint", "vpce-s3", "pl-s3"),), endpoints=(gateway,), prefix_lists=lists
    )
    needs = [Need("s3", "error", "no dead letters")]
    found = network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], needs)
    return "".join(one.text for one in found if one.code == "service-unreachable")


def test_a_gateway_endpoint_must_be_available_and_no_acl_stand_before_it() -> None:
    assert through_gateway("available", *RECOMMENDED) == ""
    assert "endpoint vpce-s3 is deleting" in through_gateway("deleting", *RECOMMENDED)
    shut = drops(1, "outbound tcp 443 to s3 (52.219.0.0/16): rule 90 denies 0.0.0.0/0")
    assert shut in through_gateway("available", *SHUT_OUT)


def test_an_acl_before_the_pollers_is_judged_as_well() -> None:
    facts = routes_are(NAT_ROUTE, acls=(acl("acl-9", ("subnet-b",), *SHUT_OUT),))
    told_by = MappingFacts(states=None, denied=[])
    found = mapping_findings(facts, BROKERS_SIDE, pollers("iam"), told_by)
    assert [one.target for one in found if "network ACL acl-9 drops outbound tcp 443" in one.text] == ["lambda and sts"]


def test_an_acl_that_shuts_a_public_listeners_port_is_named() -> None:
    shut = entry(90, egress=True, allow=False, low=9196, high=9196, protocol="6")
    everywhere = group("sg-f", rule("sgr-1", "sg-f", 0, LAST, "0.0.0.0/0", egress=True, protocol="-1"))
    facts = before_function(
        shut, *SHUT_OUT[1:], groups={**(open_facts().groups or {}), "sg-e": ENDPOINT_GROUP, "sg-f": everywhere}
    )
    (first, *_) = [text for _, text in told(facts, SCRAM, BrokerPort(9196, "public", False))]
    assert "the public listener 9196 can't be reached from the function: network ACL acl-1 drops outbound tcp" in first
