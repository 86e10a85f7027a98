"""What the mapping's pollers lack in the cluster's own network, and the ways into it, each with its sentence."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from msk_toolkit.aws.mappings import MappingState, mapping_states
from msk_toolkit.aws.permissions import denied_actions
from msk_toolkit.diagnose.finding import BROKERS, Side
from msk_toolkit.diagnose.mapping import MappingFacts, mapping_findings, wanted_actions
from msk_toolkit.diagnose.ways import joining_ways
from msk_toolkit.errors import AwsError
from msk_toolkit.settings.cluster import AuthMode
from msk_toolkit.vpc.facts import Attachment, Facts, Peering, VpnConnection, VpnGateway

from tests.fakes.networks import (
    BROKERS_SIDE,
    LOCAL,
    SCRAM,
    acl,
    endpoint,
    group,
    joined_facts,
    open_acl,
    open_facts,
    route,
    rule,
    subnet,
    table,
)

CLUSTER = "arn:aws:kafka:eu-central-1:123456789012:cluster/demo/1"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_demo-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
UUIDS = [f"{number}" * 36 for number in (1, 2)]
ROLE = "arn:aws:iam::123456789012:role/forwarder"
WORKS = MappingState("uuid", ["orders"], "Enabled", "USER_INITIATED", "OK", False)
FINE = MappingFacts(states=[WORKS], denied=[])


def told(
    facts: Facts, mode: AuthMode = "scram", told_by: MappingFacts = FINE, *, provisioned: bool = False
) -> list[str]:
    found = mapping_findings(facts, BROKERS_SIDE, [SCRAM], mode, told_by, provisioned=provisioned)
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
    assert told(facts, provisioned=True) == [
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
    cluster = Side(BROKERS, ("subnet-b", "subnet-c"), ("sg-b",))
    assert mapping_findings(facts, cluster, [SCRAM], "scram", FINE, provisioned=True) == []
    found = mapping_findings(shut, cluster, [SCRAM], "scram", FINE, provisioned=True)
    assert {finding.code for finding in found} == {"acl-closed"}
    assert any("inbound tcp 9096 from the mapping's pollers (10.0.2.0/24)" in finding.text for finding in found)


@pytest.mark.parametrize(
    ("mode", "services"),
    [("scram", ["lambda", "sts", "secretsmanager"]), ("iam", ["lambda", "sts"]), ("none", ["lambda", "sts"])],
)
def test_each_service_that_pollers_on_demand_do_not_reach_is_named(mode: AuthMode, services: list[str]) -> None:
    lines = told(without_nat(), mode)
    assert [line.split("can't reach ")[1].split(":")[0] for line in lines] == services
    assert all(line.startswith("error: subnet-b of the mapping's pollers can't reach") for line in lines)
    assert told(endpoints_for(*services), mode) == []
    assert [line.split("can't reach ")[1].split(":")[0] for line in told(endpoints_for(*services[1:]), mode)] == [
        "lambda"
    ]


def test_provisioned_pollers_need_no_way_to_lambda() -> None:
    assert told(without_nat(), provisioned=True) == []


def test_the_endpoints_group_must_let_the_clusters_group_in() -> None:
    groups = {**(open_facts().groups or {}), "sg-e": group("sg-e", rule("sgr-e", "sg-e", 443, 443, "sg-f"))}
    facts = without_nat(endpoints=(endpoint("lambda"), endpoint("sts")), groups=groups)
    assert "sg-e of endpoint vpce-lambda has no inbound rule for 443 from sg-b" in told(facts, "iam")[0]


def test_what_lambda_says_of_the_mapping_is_told() -> None:
    problem = "PROBLEM: Connection error. Please check your event source connection configuration."
    broken = MappingState("uuid", ["orders"], "Enabled", "", problem, False)
    off = MappingState("uuid", [], "Disabled", "User action", "No records processed", False)
    assert told(open_facts(), told_by=MappingFacts(states=[broken, off])) == [
        f"error: the mapping of orders says of its last run: {problem}",
        "warning: the mapping of uuid is Disabled (User action)",
    ]
    assert told(open_facts(), told_by=MappingFacts(states=[])) == [
        "error: no event source mapping leads from the cluster to the forwarder"
    ]


def test_what_the_pollers_role_may_not_do_is_told_one_by_one() -> None:
    denied = [("secretsmanager:GetSecretValue", SECRET), ("kms:Decrypt", KEY)]
    assert told(open_facts(), told_by=MappingFacts(denied=denied)) == [
        f"error: the forwarder's role, with which the pollers act, is not allowed {action} on {resource}"
        for action, resource in denied
    ]
    refused = MappingFacts(refusals=["iam:SimulatePrincipalPolicy: access denied"])
    assert told(open_facts(), told_by=refused) == ["note: iam:SimulatePrincipalPolicy: access denied"]


def test_what_the_role_needs_follows_the_login() -> None:
    alias = "arn:aws:kms:eu-central-1:123456789012:alias/msk"
    assert set(wanted_actions("scram", CLUSTER, SECRET, alias)) == {"*", CLUSTER, SECRET}
    scram = wanted_actions("scram", CLUSTER, SECRET, KEY)
    assert scram[SECRET] == ("secretsmanager:GetSecretValue",)
    assert scram[KEY] == ("kms:Decrypt",)
    assert "kafka:ListScramSecrets" in scram[CLUSTER]
    assert "kafka-cluster:Connect" in wanted_actions("iam", CLUSTER, "", "")[CLUSTER]
    assert set(wanted_actions("none", CLUSTER, SECRET, KEY)) == {"*", CLUSTER}


def stubbed(service: str) -> tuple[Any, Stubber]:
    made: Any = boto3.client(
        service,  # type: ignore[call-overload]  # the name is a variable
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return made, Stubber(made)


def test_iams_simulation_is_read_page_by_page_and_resource_by_resource() -> None:
    iam, stub = stubbed("iam")
    asked = {"PolicySourceArn": ROLE, "ActionNames": ["a:One", "a:Two"], "ResourceArns": [SECRET]}
    allowed = {"EvalActionName": "a:One", "EvalDecision": "allowed"}
    implicit = {"EvalActionName": "a:Two", "EvalDecision": "implicitDeny"}
    explicit = {"EvalActionName": "a:Three", "EvalDecision": "explicitDeny"}
    pages = "simulate_principal_policy"
    stub.add_response(pages, {"EvaluationResults": [allowed], "IsTruncated": True, "Marker": "m"}, asked)
    stub.add_response(pages, {"EvaluationResults": [implicit], "IsTruncated": False}, {**asked, "Marker": "m"})
    stub.add_response(pages, {"EvaluationResults": [explicit], "IsTruncated": False})
    with stub:
        found = denied_actions(iam, ROLE, {SECRET: ["a:One", "a:Two"], KEY: ["a:Three"]})
    assert found == [("a:Two", SECRET), ("a:Three", KEY)]


def test_the_mappings_states_are_read_page_by_page() -> None:
    client, stub = stubbed("lambda")
    asked = {"FunctionName": "forwarder", "EventSourceArn": CLUSTER}
    one = {"UUID": UUIDS[0], "Topics": ["orders"], "State": "Enabled", "LastProcessingResult": "OK"}
    two = {"UUID": UUIDS[1], "State": "Disabled", "ProvisionedPollerConfig": {"MinimumPollers": 1}}
    stub.add_response("list_event_source_mappings", {"EventSourceMappings": [one], "NextMarker": "m"}, asked)
    stub.add_response("list_event_source_mappings", {"EventSourceMappings": [two]}, {**asked, "Marker": "m"})
    with stub:
        assert mapping_states(client, "forwarder", CLUSTER) == [
            MappingState(UUIDS[0], ["orders"], "Enabled", "", "OK", False),
            MappingState(UUIDS[1], [], "Disabled", "", "", True),
        ]
    stub = Stubber(client)
    stub.add_client_error("list_event_source_mappings", "AccessDeniedException")
    with stub, pytest.raises(AwsError, match="lambda:ListEventSourceMappings: access denied"):
        mapping_states(client, "forwarder", CLUSTER)


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
        "pcx-1 with vpc-1 is active, and no route of the brokers' subnets leads to it",
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
        "no other attachment is visible, and no route of the brokers' subnets leads to it",
    ),
    "no transit gateway": (open_facts(), "transit gateway", "not seen", "vpc-1 is attached to none"),
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
        "vgw-1 has no VPN, so it may serve Direct Connect; that is not in EC2's answers",
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
    "REST proxy": (open_facts(), "REST proxy", "not visible", "a proxy is a host like any other"),
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
        "no route of the brokers' subnets leads to it",
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_each_of_the_five_ways_is_recognised_as_far_as_it_can_be_seen(name: str) -> None:
    facts, way, seen, words = WAYS[name]
    ways: dict[str, Any] = {one.way: one for one in joining_ways(facts, BROKERS_SIDE)}
    assert list(ways) == ["VPC peering", "transit gateway", "Direct Connect", "VPN", "REST proxy"]
    assert (ways[way].seen, words in ways[way].detail) == (seen, True), ways[way].detail
