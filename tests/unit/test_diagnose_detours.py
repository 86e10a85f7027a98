"""Ways past the brokers' own addresses (PrivateLink, private NAT), and what the function's success contradicts."""

from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.diagnose.finding import BROKERS
from msk_toolkit.diagnose.listeners import ListenerAccess
from msk_toolkit.diagnose.mapping import MappingFacts, mapping_findings
from msk_toolkit.diagnose.network import BrokerPort, network_findings
from msk_toolkit.diagnose.proof import Proof, weighed
from msk_toolkit.diagnose.report import DiagnoseRequest, ListenerReport
from msk_toolkit.diagnose.run import run_diagnosis
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.report import BrokerReport
from msk_toolkit.settings.diagnose import DiagnoseSettings
from msk_toolkit.stage import Stage
from msk_toolkit.vpc.facts import Facts, Nat, VpcDns

from tests.fakes.aws_fake import FakeAws
from tests.fakes.ec2_fake import FakeEc2
from tests.fakes.networks import (
    BROKERS_SIDE,
    FUNCTION_SIDE,
    LAST,
    LOCAL,
    NAT_ROUTE,
    SCRAM,
    SECRETS,
    acl,
    endpoint,
    entry,
    group,
    joined_facts,
    open_acl,
    open_facts,
    pollers,
    route,
    rule,
    subnet,
    table,
    told,
)

ARN = "arn:aws:kafka:ap-southeast-1:123456789012:cluster/demo/1"
MULTI_VPC = BrokerPort(14001, "multi-vpc", True)


def linked(*rules: Any, **changes: Any) -> Facts:
    """Networks with an endpoint of the brokers in the function's; ``rules`` are those of the function's group."""
    peered = joined_facts("peering", "pcx-1")
    groups = {
        **(peered.groups or {}),
        "sg-e": group("sg-e", rule("sgr-e", "sg-e", 14001, 14100, "sg-f")),
        **({"sg-f": group("sg-f", *rules)} if rules else {}),
    }
    managed = endpoint("vpce-svc-1", subnets=("subnet-e",), private_dns=False)
    subnets = {**(peered.subnets or {}), "subnet-e": subnet("subnet-e", "vpc-1", "10.0.5.0/24")}
    return joined_facts(
        "peering", "pcx-1", **{"endpoints": (managed,), "groups": groups, "subnets": subnets, **changes}
    )


# The template's own group.
HTTPS_ONLY = rule("sgr-1", "sg-f", 443, 443, "0.0.0.0/0", egress=True)
SHUT = acl("acl-2", ("subnet-e",), entry(90, egress=False, low=443, high=443), entry(100, egress=True))
PENDING = endpoint("vpce-svc-1", state="pendingacceptance")
UNREACHED = "the function reaches no endpoint of the brokers in vpc-1 on 14001"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (linked(), None),
        (linked(rule("sgr-1", "sg-f", 14001, 14100, "sg-e", egress=True), HTTPS_ONLY), None),
        (linked(endpoints=()), UNREACHED),
        (linked(endpoints=(PENDING,)), f"{UNREACHED}: endpoint vpce-vpce-svc-1 is pendingacceptance"),
        (linked(HTTPS_ONLY), f"{UNREACHED}: sg-f has no outbound rule for 14001 to endpoint vpce-vpce-svc-1"),
        (
            linked(acls=(open_acl("acl-1", "subnet-f", "subnet-b"), SHUT)),
            f"{UNREACHED}: network ACL acl-2 drops inbound tcp 14001 from the function (10.0.1.0/24): "
            "no inbound rule allows 10.0.1.0/24",
        ),
    ],
)
def test_a_multi_vpc_listener_needs_an_endpoint_that_the_function_gets_to(facts: Facts, said: str | None) -> None:
    assert told(facts, MULTI_VPC) == ([("error", said)] if said else [])


def test_inside_the_clusters_own_network_nobody_needs_an_endpoint() -> None:
    assert told(open_facts(), SCRAM, BrokerPort(14001, "multi-vpc", False)) == []


def test_an_endpoint_that_lets_nobody_in_is_none_for_a_multi_vpc_listener() -> None:
    groups = {**(linked().groups or {}), "sg-e": group("sg-e", rule("sgr-e", "sg-e", 443, 443, "sg-f"))}
    fault = "sg-e of endpoint vpce-vpce-svc-1 has no inbound rule for 14001 from sg-f"
    assert told(linked(groups=groups), MULTI_VPC) == [("error", f"{UNREACHED}: {fault}")]


NATS = (*(open_facts().nats or ()), Nat("nat-p", "available", ()))
PRIVATE = (
    "note",
    "the function reaches the brokers through the private NAT gateway nat-p, so they receive other addresses; their "
    "rules are checked against the function's own",
)


def through_private_nat(**changes: Any) -> Facts:
    there = route("nat", "nat-p", "10.1.0.0/16")
    mine = table("rtb-1", "vpc-1", ("subnet-f",), LOCAL, NAT_ROUTE, there)
    theirs = (joined_facts("transit", "tgw-1").route_tables or ())[1]
    return joined_facts("transit", "tgw-1", **{"route_tables": (mine, theirs), "nats": NATS, **changes})


def test_a_private_nat_gateway_leads_on_and_not_into_the_internet() -> None:
    assert told(through_private_nat(), SCRAM) == [PRIVATE]
    public = through_private_nat(nats=(*NATS[:1], Nat("nat-p", "available", ("198.51.100.8",))))
    assert "to nat-p, to the internet" in told(public, SCRAM)[0][1]


def test_behind_a_private_nat_gateway_nothing_is_called_closed_for_sure() -> None:
    facts = through_private_nat()
    # What the brokers let in and answer is the gateway's own address.
    theirs = table("rtb-2", "vpc-2", ("subnet-b",), route("transit", "tgw-1", "100.64.0.0/28"))
    lets_in = group("sg-b", rule("sgr-1", "sg-b", 9096, 9096, "100.64.0.0/28"), vpc="vpc-2")
    shifted = through_private_nat(
        route_tables=((facts.route_tables or ())[0], theirs), groups={**(facts.groups or {}), "sg-b": lets_in}
    )
    found = network_findings(shifted, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], ())
    said = {(one.severity, one.code) for one in found if one.target == BROKERS}
    assert said == {("warning", "ingress-closed"), ("warning", "no-route"), ("note", "not-visible")}


def test_a_port_that_the_probe_has_reached_is_no_longer_called_closed() -> None:
    facts = open_facts(groups={"sg-f": group("sg-f"), "sg-b": group("sg-b")})
    found = network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], ())
    assert [one.severity for one in found if 9096 in one.ports] == ["error", "error"]
    after = [one for one in weighed(found, Proof([9096])) if 9096 in one.ports]
    assert [one.severity for one in after] == ["note", "note"]
    assert all("but the connection succeeded" in one.text for one in after)
    assert weighed(found, Proof([9094])) == found


def test_a_group_lets_every_broker_through_that_lets_one_through() -> None:
    facts = open_facts(groups={"sg-f": group("sg-f"), "sg-b": group("sg-b")})
    ports = [BrokerPort(port, "vpc", True) for port in (9001, 9002, 9003)]
    closed = network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, ports, ())
    assert [(finding.severity, finding.ports) for finding in closed[:2]] == [("error", (9001, 9002, 9003))] * 2
    after = weighed(closed, Proof(ports_of_some=[9001, 9003]))
    assert [finding.severity for finding in after if 9002 in finding.ports] == ["note", "note"]


def test_a_route_that_one_broker_needs_is_not_disproved_by_the_others() -> None:
    facts = joined_facts("peering", "pcx-1", route_tables=(table("rtb-1", "vpc-1", ("subnet-f",), LOCAL),))
    missing = network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], ())
    assert "error" in {finding.severity for finding in weighed(missing, Proof(ports_of_some=[9096]))}
    assert "error" not in {finding.severity for finding in weighed(missing, Proof(ports=[9096]))}


def test_a_port_that_other_roads_lead_to_proves_itself_and_no_road() -> None:
    everything = rule("sgr-1", "sg-f", 0, LAST, "0.0.0.0/0", egress=True, protocol="-1")
    facts = linked(everything, endpoints=(), route_tables=(table("rtb-1", "vpc-1", ("subnet-f",), LOCAL),))
    found = network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM, MULTI_VPC], ())
    errors = {(one.code, one.ports) for one in found if one.severity == "error"}
    assert errors == {("no-route", ()), ("service-unreachable", (14001,))}
    left = [one for one in weighed(found, Proof(ports_elsewhere=[14001])) if one.severity == "error"]
    assert [(one.code, one.ports) for one in left] == [("no-route", ())]
    assert [one for one in weighed(found, Proof([9096], (), [14001])) if one.severity == "error"] == []


def test_a_multi_vpc_listener_that_the_probe_has_reached_is_not_called_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reaches(one: ListenerAccess, *_: object) -> ListenerReport:
        stages = [StageResult(Stage.TCP, "ok")]
        return ListenerReport(
            network=one.listener.network,
            protocol="scram",
            ports=one.listener.ports,
            in_use=one.in_use,
            status="healthy",
            summary="",
            reached=[BrokerReport(1, "b-1-multi:14001", stages)],
        )

    monkeypatch.setattr("msk_toolkit.diagnose.run.check_listener", reaches)
    nodes = {"ClientSubnets": ["subnet-b"], "SecurityGroups": ["sg-b"], "InstanceType": "kafka.m7g.large"}
    provisioned = {"BrokerNodeGroupInfo": nodes, "NumberOfBrokerNodes": 3}
    described = {"ClusterName": "demo", "State": "ACTIVE", "ClusterArn": ARN, "Provisioned": provisioned}
    servers = "b-1-multi:14001"
    aws = FakeAws(
        describe_cluster_v2={"ClusterInfo": described},
        get_bootstrap_brokers={"BootstrapBrokerStringVpcConnectivitySaslScram": servers},
    )
    subnets = {"subnet-f": ("vpc-1", "10.0.1.0/24"), "subnet-b": ("vpc-2", "10.1.2.0/24")}
    ec2 = FakeEc2(
        DescribeSubnets=[{"SubnetId": name, "VpcId": vpc, "CidrBlock": block} for name, (vpc, block) in subnets.items()]
    )
    settings = DiagnoseSettings(
        cluster_arn=ARN, bootstrap_servers=servers, subnet_ids="subnet-f", security_group_ids="sg-f"
    )
    response = run_diagnosis(
        DiagnoseRequest(), settings, lambda name: ec2.client if name == "ec2" else aws, Deadline(10)
    )
    said = [(one.severity, one.text) for one in response.network if 14001 in one.ports]
    assert [severity for severity, _ in said] == ["note"]
    assert said[0][1].startswith(f"{UNREACHED} (but the connection succeeded just now")


def test_a_service_that_has_just_answered_is_no_longer_called_out_of_reach() -> None:
    without = open_facts(route_tables=(table("rtb-1", "vpc-1", (), LOCAL, main=True),))
    found = network_findings(without, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], SECRETS)
    assert [one.severity for one in found if one.target == "secretsmanager"] == ["error"]
    (secrets,) = SECRETS
    answered = network_findings(without, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], [secrets._replace(answered=True)])
    assert [one.severity for one in answered] == ["note", "note"]
    assert "but the connection succeeded just now" in answered[0].text


def dns_lines(dns: VpcDns, resolved: list[str]) -> list[str]:
    facts = open_facts(dns={"vpc-1": dns}, endpoints=(endpoint("secretsmanager"),))
    nothing = MappingFacts(denied=[])
    found = [
        *network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], (), resolved=resolved),
        *mapping_findings(facts, BROKERS_SIDE, pollers("iam", provisioned=True), nothing, resolved=resolved),
    ]
    return [f"{one.severity}: {one.text}" for one in found if one.code == "dns-off"]


def test_where_names_were_just_resolved_a_resolver_of_ones_own_does_it() -> None:
    off = [
        "vpc-1 of the function resolves no names (enableDnsSupport is off)",
        "vpc-1 of the mapping's pollers resolves no names (enableDnsSupport is off)",
    ]
    yet = ", but the function resolves some: it uses another resolver, or it runs elsewhere"
    assert dns_lines(VpcDns(False, True), ["vpc-9"]) == [f"error: {text}" for text in off]
    assert dns_lines(VpcDns(False, True), ["vpc-1"]) == [f"note: {text}{yet}" for text in off]


def test_names_that_were_resolved_say_nothing_of_the_endpoints_private_ones() -> None:
    lines = dns_lines(VpcDns(True, False), ["vpc-1"])
    assert len(lines) == 2
    assert all(line.startswith("warning: ") and "enableDnsHostnames off" in line for line in lines)
