"""Security groups and network ACLs between the function and the brokers, each situation with its sentence."""

from ipaddress import ip_network
from typing import Any

import pytest
from msk_toolkit.diagnose.network import BrokerPort, network_findings
from msk_toolkit.vpc.facts import Acl, Facts, GroupRule, SecurityGroup

from tests.fakes.networks import (
    BROKERS_SIDE,
    FUNCTION_SIDE,
    LAST,
    SCRAM,
    acl,
    entry,
    group,
    joined_facts,
    open_acl,
    open_facts,
    rule,
    subnet,
)

CLOSED = "security group sg-b of the brokers has no inbound rule for 9096 from sg-f"
Expected = list[tuple[str, str]]


def told(facts: Facts, *ports: BrokerPort) -> Expected:
    """Of rules and ACLs alone: no service is needed."""
    findings = network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, ports or (SCRAM,), ())
    return [(finding.severity, finding.text) for finding in findings if finding.code != "no-internet-route"]


def brokers_have(*rules: GroupRule, **changes: Any) -> Facts:
    return open_facts(groups={**(open_facts().groups or {}), "sg-b": group("sg-b", *rules)}, **changes)


def function_has(*rules: GroupRule) -> Facts:
    return open_facts(groups={**(open_facts().groups or {}), "sg-f": group("sg-f", *rules)})


def brokers_acl(*entries: Any) -> Facts:
    acls: tuple[Acl, ...] = (open_acl("acl-1", "subnet-f"), acl("acl-2", ("subnet-b",), *entries))
    return open_facts(acls=acls)


def function_acl(*entries: Any) -> Facts:
    acls: tuple[Acl, ...] = (acl("acl-1", ("subnet-f",), *entries), open_acl("acl-2", "subnet-b"))
    return open_facts(acls=acls)


def inbound(name: str, low: int, high: int, other: str, **more: Any) -> GroupRule:
    return rule(name, "sg-b", low, high, other, **more)


def over(kind: Any, target: str) -> Facts:
    """The brokers' group refers to the function's, and the networks are joined so."""
    open_ = joined_facts(kind, target)
    refers = group("sg-b", inbound("sgr-1", 9096, 9096, "sg-f"), vpc="vpc-2")
    return joined_facts(kind, target, groups={**(open_.groups or {}), "sg-b": refers})


IPV6 = {
    "subnet-f": subnet("subnet-f", "vpc-1", "10.0.1.0/24", "2001:db8:0:1::/64"),
    "subnet-b": subnet("subnet-b", "vpc-1", "10.0.2.0/24", "2001:db8:0:2::/64"),
}

GROUPS: dict[str, tuple[Facts, Expected]] = {
    "everything open": (open_facts(), []),
    "no inbound rule at all": (brokers_have(), [("error", CLOSED)]),
    "a rule for other ports": (brokers_have(inbound("sgr-1", 9092, 9094, "sg-f")), [("error", CLOSED)]),
    "a rule for another group": (
        brokers_have(inbound("sgr-1", 9096, 9096, "sg-x")),
        [("error", f"{CLOSED}; for that port it has sgr-1 (sg-x)")],
    ),
    "a rule for UDP": (brokers_have(inbound("sgr-1", 9096, 9096, "sg-f", protocol="udp")), [("error", CLOSED)]),
    "a rule for every protocol": (brokers_have(inbound("sgr-1", 0, LAST, "sg-f", protocol="-1")), []),
    "a rule outbound only": (brokers_have(inbound("sgr-1", 9096, 9096, "sg-f", egress=True)), [("error", CLOSED)]),
    "a range of ports from addresses": (brokers_have(inbound("sgr-1", 9000, 9999, "10.0.0.0/8")), []),
    "addresses of somebody else": (
        brokers_have(inbound("sgr-1", 9096, 9096, "10.9.0.0/16")),
        [("error", f"{CLOSED}; for that port it has sgr-1 (10.9.0.0/16)")],
    ),
    "half of the function's subnet": (
        brokers_have(inbound("sgr-1", 9096, 9096, "10.0.1.0/25")),
        [("warning", f"{CLOSED} (10.0.1.128/25); for that port it has sgr-1 (10.0.1.0/25)")],
    ),
    "both halves by two rules": (
        brokers_have(inbound("sgr-1", 9096, 9096, "10.0.1.0/25"), inbound("sgr-2", 9000, 9999, "10.0.1.128/25")),
        [],
    ),
    "a prefix list with the addresses": (
        brokers_have(inbound("sgr-1", 9096, 9096, "pl-1"), prefix_lists={"pl-1": (ip_network("10.0.0.0/8"),)}),
        [],
    ),
    "a prefix list with others": (
        brokers_have(inbound("sgr-1", 9096, 9096, "pl-1"), prefix_lists={"pl-1": (ip_network("10.9.0.0/16"),)}),
        [("error", f"{CLOSED}; for that port it has sgr-1 (pl-1)")],
    ),
    "a prefix list that could not be read": (
        brokers_have(inbound("sgr-1", 9096, 9096, "pl-1")),
        [("warning", f"{CLOSED} that could be read; for that port it has sgr-1 (pl-1)")],
    ),
    "a reference over a peering that is gone": (
        brokers_have(inbound("sgr-1", 9096, 9096, "sg-f", peering_status="deleted")),
        [("error", f"{CLOSED}; for that port it has sgr-1 (sg-f, peering deleted)")],
    ),
    "rules that could not be read": (
        open_facts(groups={**(open_facts().groups or {}), "sg-b": SecurityGroup("sg-b", "vpc-1", None)}),
        [("warning", f"{CLOSED} that could be read")],
    ),
    "a group of another account": (
        open_facts(groups={"sg-f": (open_facts().groups or {})["sg-f"]}),
        [("warning", "security group sg-b of the brokers is not in this account and Region: its rules are unknown")],
    ),
    "no outbound rule": (
        function_has(rule("sgr-2", "sg-f", 443, 443, "0.0.0.0/0", egress=True)),
        [("error", "security group sg-f of the function has no outbound rule for 9096 to sg-b")],
    ),
    "a reference over a peering": (over("peering", "pcx-1"), []),
    "a reference over a transit gateway": (
        over("transit", "tgw-1"),
        [("warning", f"{CLOSED} (10.0.1.0/24) that could be read; for that port it has sgr-1 (sg-f)")],
    ),
    "a reference over a virtual private gateway": (
        over("virtual-private", "vgw-1"),
        [("error", f"{CLOSED} (10.0.1.0/24); for that port it has sgr-1 (sg-f)")],
    ),
}

ANSWERS = "drops outbound tcp ports 32768 to 60999 to the function (the answers) (10.0.1.0/24)"
ACLS: dict[str, tuple[Facts, Expected]] = {
    "an explicit deny before the allow": (
        brokers_acl(
            entry(90, egress=False, allow=False, low=9096, high=9096, protocol="6"),
            entry(100, egress=False),
            entry(100, egress=True),
        ),
        [
            (
                "error",
                "network ACL acl-2 of subnet-b drops inbound tcp 9096 from the function (10.0.1.0/24): "
                "rule 90 denies 0.0.0.0/0",
            )
        ],
    ),
    "a deny behind the allow": (
        brokers_acl(
            entry(110, egress=False, allow=False, low=9096, high=9096, protocol="6"),
            entry(100, egress=False),
            entry(100, egress=True),
        ),
        [],
    ),
    "a deny of UDP": (
        brokers_acl(
            entry(90, egress=False, allow=False, protocol="17"), entry(100, egress=False), entry(100, egress=True)
        ),
        [],
    ),
    "answers shut in": (
        brokers_acl(entry(100, egress=False), entry(100, egress=True, low=443, high=443, protocol="6")),
        [("error", f"network ACL acl-2 of subnet-b {ANSWERS}: no outbound rule allows 10.0.1.0/24")],
    ),
    "answers on some ports only": (
        function_acl(entry(100, egress=True), entry(100, egress=False, low=40000, high=LAST, protocol="6")),
        [
            (
                "warning",
                "network ACL acl-1 of subnet-f drops part of inbound tcp ports 32768 to 60999 from the brokers "
                "(the answers) (10.0.2.0/24): no inbound rule allows 10.0.2.0/24 ports 32768 to 39999",
            )
        ],
    ),
    "a port denied that Linux does not use": (
        function_acl(
            entry(50, egress=False, allow=False, low=3389, high=3389, protocol="6"),
            entry(100, egress=False),
            entry(100, egress=True),
        ),
        [
            (
                "note",
                "network ACL acl-1 of subnet-f drops part of inbound tcp ports 1024 to 65535 from the brokers "
                "(the answers) (10.0.2.0/24): rule 50 denies 0.0.0.0/0 ports 3389 to 3389",
            )
        ],
    ),
    "nothing let out": (
        function_acl(entry(100, egress=False)),
        [
            (
                "error",
                "network ACL acl-1 of subnet-f drops outbound tcp 9096 to the brokers (10.0.2.0/24): "
                "no outbound rule allows 10.0.2.0/24",
            )
        ],
    ),
    "both in one subnet, where no ACL stands between": (
        open_facts(
            subnets={name: subnet("subnet-f", "vpc-1", "10.0.1.0/24") for name in ("subnet-f", "subnet-b")},
            acls=(acl("acl-1", ("subnet-f",)),),
        ),
        [],
    ),
}


@pytest.mark.parametrize("name", [*GROUPS, *ACLS])
def test_each_situation_has_its_sentence(name: str) -> None:
    facts, expected = {**GROUPS, **ACLS}[name]
    assert told(facts) == expected


def test_a_finding_says_from_where_to_where_and_what_to_add() -> None:
    (finding,) = network_findings(brokers_have(), FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], ())
    assert (finding.code, finding.ports, finding.source, finding.target) == (
        "ingress-closed",
        (9096,),
        "the function",
        "the brokers",
    )
    assert finding.sentence == f"{CLOSED}: add one (ingress, tcp 9096, from sg-f)"


def test_a_group_out_of_sight_may_have_the_rule_that_the_one_beside_it_lacks() -> None:
    both = BROKERS_SIDE._replace(groups=("sg-b", "sg-shared"))
    found = network_findings(brokers_have(), FUNCTION_SIDE, both, [SCRAM], ())
    assert [(one.severity, one.code, one.text) for one in found if one.code != "egress-closed"] == [
        ("warning", "ingress-closed", f"{CLOSED} that could be read"),
        (
            "warning",
            "not-visible",
            "security group sg-shared of the brokers is not in this account and Region: its rules are unknown",
        ),
    ]
    assert network_findings(open_facts(), FUNCTION_SIDE, both, [SCRAM], ())[1:] == []


@pytest.mark.parametrize(
    ("other", "number"),
    [
        (BrokerPort(9092, "vpc", False), 9092),
        (BrokerPort(9098, "vpc", False), 9098),
        (BrokerPort(2181, "zookeeper", False), 2181),
    ],
)
def test_a_port_that_nobody_uses_is_only_noted(other: BrokerPort, number: int) -> None:
    found = network_findings(open_facts(), FUNCTION_SIDE, BROKERS_SIDE, [SCRAM, other], ())
    assert found
    assert {(finding.severity, finding.ports) for finding in found} == {("note", (number,))}


def test_an_ipv6_listener_is_judged_by_ipv6_rules() -> None:
    listener = BrokerPort(20096, "ipv6", True)
    without = told(open_facts(), listener)
    assert [text for _, text in without] == [
        "no IPv6 block belongs to subnet-f of the function",
        "no IPv6 block belongs to subnet-b of the brokers",
    ]
    groups = {
        "sg-f": group("sg-f", rule("sgr-1", "sg-f", 0, LAST, "::/0", egress=True, protocol="-1")),
        "sg-b": group("sg-b", inbound("sgr-2", 20096, 20096, "2001:db8:9::/48")),
    }
    acls = (
        acl("acl-1", ("subnet-f", "subnet-b"), *(entry(9, egress=egress, block="::/0") for egress in (True, False))),
    )
    found = told(open_facts(subnets=IPV6, groups=groups, acls=acls, route_tables=()), listener)
    words = "security group sg-b of the brokers has no inbound rule for 20096 from sg-f"
    assert found == [("error", f"{words}; for that port it has sgr-2 (2001:db8:9::/48)")]
