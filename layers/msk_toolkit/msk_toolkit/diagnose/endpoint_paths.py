"""The network paths from a subnet to a service through an endpoint of its VPC."""

from msk_toolkit.diagnose.finding import HTTPS, SERVICES, NetworkEnd, listed
from msk_toolkit.diagnose.paths import PathResult, Start, ipv4_blocks, path_through_acl, worst_path
from msk_toolkit.vpc.facts import Block, Endpoint, Facts, RouteTable, Subnet
from msk_toolkit.vpc.filters import Ends, through_groups


def paths_through_endpoints(facts: Facts, start: Start, service: str) -> list[PathResult]:
    """The paths through the VPC's endpoints for a service."""
    endpoints = facts.endpoints_for(start.subnet.vpc, service)
    paths = [_through_endpoint(facts, start, endpoint) for endpoint in endpoints if endpoint.kind != "other"]
    return paths or [PathResult(False, fault=f"{start.subnet.vpc} has no endpoint for {SERVICES}")]


def _through_endpoint(facts: Facts, start: Start, endpoint: Endpoint) -> PathResult:
    if endpoint.kind == "Gateway":
        return _through_gateway_endpoint(facts, start, endpoint)
    if endpoint.state == "available" and not endpoint.private_dns:
        fault = f"endpoint {endpoint.id} has private DNS off, so the service's name does not resolve to it"
        return PathResult(False, fault=fault)
    return path_through_interface(facts, start, endpoint, HTTPS)


def path_through_interface(facts: Facts, start: Start, endpoint: Endpoint, port: int) -> PathResult:
    """The path from a subnet to a port of an interface endpoint."""
    if endpoint.state != "available":
        return PathResult(False, fault=f"endpoint {endpoint.id} is {endpoint.state}")
    groups = _through_groups_of_endpoint(facts, start, endpoint, port)
    if not groups.works:
        return groups
    return worst_path([groups, *_through_acls_of_endpoint(facts, start, endpoint, port)])


def _through_acls_of_endpoint(facts: Facts, start: Start, endpoint: Endpoint, port: int) -> list[PathResult]:
    name = f"endpoint {endpoint.id}"
    acls = [_between_subnets(facts, start, subnet, name, port) for subnet in facts.known_subnets(endpoint.subnets)]
    # The name resolves to any of its interfaces: where one can't be reached, every second connection may fail.
    any_works = any(acl.works for acl in acls)
    return [PathResult(any_works, acl.works and acl.sure, acl.fault) for acl in acls]


def _through_groups_of_endpoint(facts: Facts, start: Start, endpoint: Endpoint, port: int) -> PathResult:
    name, groups = f"endpoint {endpoint.id}", start.end.groups
    source = Ends(ipv4_blocks(start.subnet.blocks), groups)
    inbound = through_groups(facts, endpoint.groups, source, port, egress=False).outcome
    if inbound in {"closed", "partly"}:
        fault = f"{listed(endpoint.groups)} of {name} has no inbound rule for {port} from {listed(groups)}"
        return PathResult(False, fault=fault)
    blocks = NetworkEnd(name, endpoint.subnets, endpoint.groups).blocks(facts)
    outbound = through_groups(facts, groups, Ends(blocks, endpoint.groups), port, egress=True).outcome
    if blocks and outbound in {"closed", "partly"}:
        return PathResult(False, fault=f"{listed(groups)} has no outbound rule for {port} to {name}")
    sure = "unknown" not in (inbound, outbound)
    return PathResult(True, sure, f"not every rule of the security groups of {name} could be read")


def _between_subnets(facts: Facts, start: Start, subnet: Subnet, name: str, port: int) -> PathResult:
    if subnet.id == start.subnet.id:
        return PathResult(True)  # network ACLs do not filter inside a subnet
    return worst_path(
        [
            path_through_acl(facts, start.subnet, ipv4_blocks(subnet.blocks), port, name),
            path_through_acl(facts, subnet, ipv4_blocks(start.subnet.blocks), port, start.end.name, inbound=True),
        ]
    )


def _through_gateway_endpoint(facts: Facts, start: Start, endpoint: Endpoint) -> PathResult:
    if endpoint.state != "available":
        return PathResult(False, fault=f"endpoint {endpoint.id} is {endpoint.state}")
    table = facts.route_table(start.subnet)
    if table is not None and table.id in endpoint.route_tables:
        return _through_route_to_endpoint(facts, start, table, endpoint)
    table_name = table.id if table else f"of {start.subnet.id}"
    return PathResult(False, fault=f"endpoint {endpoint.id} is not associated with route table {table_name}")


def _through_route_to_endpoint(facts: Facts, start: Start, table: RouteTable, endpoint: Endpoint) -> PathResult:
    lists = _prefix_lists_to(table, endpoint)
    blocks: list[Block] = []
    for prefix_list in lists:
        blocks += ipv4_blocks(facts.prefix_lists.get(prefix_list, ()))
    outcome = through_groups(facts, start.end.groups, Ends(blocks), HTTPS, egress=True).outcome
    if blocks and outcome in {"closed", "partly"}:
        fault = f"{listed(start.end.groups)} has no outbound rule for {HTTPS} to {listed(lists)}"
        return PathResult(False, fault=fault)
    return path_through_acl(facts, start.subnet, blocks, HTTPS, endpoint.service)


def _prefix_lists_to(table: RouteTable, endpoint: Endpoint) -> list[str]:
    return [route.prefix_list for route in table.routes if route.target == endpoint.id and route.prefix_list]
