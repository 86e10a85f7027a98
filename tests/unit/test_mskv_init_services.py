"""What functions and pollers would not reach, as ``mskv init`` says it before a deployment."""

from typing import Any

import pytest

from mskv.init.account import SurroundingsReader, cluster_of
from mskv.init.facts import Surroundings
from mskv.init.proposals import propose
from tests.fakes.msk_account import account, provisioned

CLUSTER = cluster_of(provisioned())


def endpoint(service: str, **more: Any) -> dict[str, Any]:
    name = f"com.amazonaws.eu-central-1.{service}"
    return {"ServiceName": name, "VpcEndpointType": "Interface", "State": "available", "PrivateDnsEnabled": True} | more


def surroundings(route: dict[str, str], *endpoints: dict[str, Any]) -> Surroundings:
    """The account, whose default route leads there."""
    routes = [{"DestinationCidrBlock": "0.0.0.0/0"} | route] if route else []
    tables = {"RouteTables": [{"RouteTableId": "rtb-1", "Associations": [{"Main": True}], "Routes": routes}]}
    aws = account(describe_route_tables=tables, describe_vpc_endpoints={"VpcEndpoints": list(endpoints)})
    return SurroundingsReader(aws, CLUSTER).read()


def warnings(around: Surroundings, **given: str) -> list[str]:
    return [f"{row.text} -> {row.remedy}" for row in propose(CLUSTER, around, given).findings]


def test_without_nat_what_functions_and_pollers_do_not_reach_is_named() -> None:
    # An endpoint without private DNS, and one that is not there yet, serve nobody.
    around = surroundings(
        {},
        endpoint("secretsmanager"),
        endpoint("s3", VpcEndpointType="Gateway", PrivateDnsEnabled=False),
        endpoint("sts", PrivateDnsEnabled=False),
        endpoint("kafka", State="pendingAcceptance"),
    )
    functions, pollers = warnings(around)
    assert "the functions reach Vantiq at a private address only, and the VPC has no endpoint for kafka ->" in functions
    assert "no endpoint for lambda, sts ->" in pollers
    assert "PollerMode=provisioned" in pollers


def test_provisioned_pollers_need_s3_alone() -> None:
    around = surroundings({"GatewayId": "igw-1"})
    functions, pollers = warnings(around, PollerMode="provisioned", BootstrapServers="b-1:9096")
    assert "no endpoint for secretsmanager, s3, lambda" in functions
    assert pollers.endswith("no endpoint for s3 -> add a NAT gateway, or endpoints for s3")
    assert "kafka" not in functions + pollers


@pytest.mark.parametrize("target", [{"NatGatewayId": "nat-1"}, {"TransitGatewayId": "tgw-1"}, {"GatewayId": "vgw-1"}])
def test_a_route_out_of_the_vpc_needs_no_endpoints(target: dict[str, str]) -> None:
    assert warnings(surroundings(target)) == []
