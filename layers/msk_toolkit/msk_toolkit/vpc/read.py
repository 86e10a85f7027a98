"""Ask EC2 about the networks of some subnets and security groups: everything at once, as far as it answers.

A call that is refused, or that does not end in time, costs only its own answer; the facts name it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.call import all_items, call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.vpc import parse
from msk_toolkit.vpc.facts import Attachment, Facts, SecurityGroup, Subnet, UnreadFact, VpcDns

# Without an endpoint for EC2, or NAT, no call ever ends.
_CALL_SECONDS = 6.0
_MAX_CONCURRENT_CALLS = 10
_Items = list[dict[str, Any]]


class _Query(NamedTuple):
    operation: str
    # The field of the response that holds the items.
    key: str
    arguments: Mapping[str, Any]


def read_facts(ec2: Any, subnets: Iterable[str], groups: Iterable[str], deadline: Deadline) -> Facts:
    """Ask in three rounds: the subnets and groups, then their VPCs, then what those lead to.

    Args:
        ec2: boto3's client.
    """
    reader = _Reader(ec2, deadline)
    facts = _of_ends(reader, sorted(set(subnets)), sorted(set(groups)))
    vpcs = sorted(facts.vpcs | _vpcs_of_groups(facts))
    if vpcs:
        facts = _of_vpcs(reader, facts, vpcs)
        facts = _of_neighbours(reader, facts)
    return msgspec.structs.replace(facts, unread=tuple(reader.unread))


def _vpcs_of_groups(facts: Facts) -> set[str]:
    return {group.vpc for group in (facts.groups or {}).values() if group.vpc}


class _Reader:
    """Makes several calls at once and remembers which were not answered."""

    def __init__(self, ec2: Any, deadline: Deadline) -> None:
        self._ec2 = ec2
        self._deadline = deadline
        self.unread: list[UnreadFact] = []

    def read(self, queries: Mapping[str, _Query]) -> dict[str, _Items | None]:
        """The items of each response, None where there was none."""
        with ThreadPoolExecutor(_MAX_CONCURRENT_CALLS, thread_name_prefix="ec2") as pool:
            futures = {name: pool.submit(self._items, query) for name, query in queries.items()}
        return {name: self._response(queries[name], future) for name, future in futures.items()}

    def _response(self, query: _Query, future: Future[_Items]) -> _Items | None:
        try:
            return future.result()
        except ToolkitError as error:
            unread = UnreadFact(self._action(query), str(error))
            if unread not in self.unread:
                self.unread.append(unread)
            return None

    def _items(self, query: _Query) -> _Items:
        action = self._action(query)

        def pages() -> _Items:
            if self._ec2.can_paginate(query.operation):
                return all_items(self._ec2, query.operation, query.key, **query.arguments)
            value = getattr(self._ec2, query.operation)(**query.arguments).get(query.key, [])
            if isinstance(value, list):
                return value
            return [value]

        return call_within(self._deadline.at_most(_CALL_SECONDS), action, pages)

    def _action(self, query: _Query) -> str:
        return f"ec2:{self._ec2.meta.method_to_api_mapping[query.operation]}"


def _of_ends(reader: _Reader, subnets: Sequence[str], groups: Sequence[str]) -> Facts:
    responses = reader.read({**_subnets(subnets), **_security_groups(groups)})
    subnet_items, group_items = responses.get("subnets"), responses.get("groups")
    return Facts(
        subnets=_parsed(parse.parse_subnets, subnet_items),
        groups=_parsed(lambda items: parse.parse_groups(items, responses["rules"]), group_items),
    )


def _of_vpcs(reader: _Reader, facts: Facts, vpcs: Sequence[str]) -> Facts:
    responses = reader.read(
        {
            **_filtered("acls", "describe_network_acls", "NetworkAcls", "vpc-id", vpcs),
            **_filtered("route tables", "describe_route_tables", "RouteTables", "vpc-id", vpcs),
            **_filtered("endpoints", "describe_vpc_endpoints", "VpcEndpoints", "vpc-id", vpcs),
            # Alone among these operations it calls its parameter Filter.
            "nats": _Query("describe_nat_gateways", "NatGateways", {"Filter": _filter("vpc-id", vpcs)}),
            **_peerings("requester", vpcs),
            **_peerings("accepter", vpcs),
            **_attachments("resource-id", vpcs),
            **_filtered("vpn gateways", "describe_vpn_gateways", "VpnGateways", "attachment.vpc-id", vpcs),
            **_dns_attributes(vpcs),
        }
    )
    return msgspec.structs.replace(
        facts,
        acls=_parsed(parse.parse_acls, responses["acls"]),
        route_tables=_parsed(parse.parse_route_tables, responses["route tables"]),
        endpoints=_parsed(parse.parse_endpoints, responses["endpoints"]),
        nats=_parsed(parse.parse_nats, responses["nats"]),
        peerings=_parsed(parse.parse_peerings, _joined(responses["requester"], responses["accepter"])),
        attachments=_parsed(parse.parse_attachments, responses["attachments"]),
        vpn_gateways=_parsed(parse.parse_vpn_gateways, responses["vpn gateways"]),
        dns={vpc: _vpc_dns(responses, vpc) for vpc in vpcs},
    )


def _of_neighbours(reader: _Reader, facts: Facts) -> Facts:
    """What the VPCs lead to: a transit gateway's other attachments, VPNs, prefix lists, the endpoints' groups."""
    transit_gateways, virtual_gateways = _transit_gateways(facts), _virtual_gateways(facts)
    prefix_lists = _prefix_lists(facts)
    vpns = "describe_vpn_connections", "VpnConnections"
    responses = reader.read(
        {
            **_attachments("transit-gateway-id", transit_gateways),
            **_filtered("transit vpns", *vpns, "transit-gateway-id", transit_gateways),
            **_filtered("virtual vpns", *vpns, "vpn-gateway-id", virtual_gateways),
            **_subnets(_subnets_of_endpoints(facts)),
            **_security_groups(_groups_of_endpoints(facts)),
            **_prefix_list_entries(prefix_lists),
        }
    )
    # No query was made where there is no gateway: then there is no VPN either.
    vpn_items = _joined(responses.get("transit vpns", []), responses.get("virtual vpns", []))
    entries = {name: responses[f"list {name}"] for name in prefix_lists}
    return msgspec.structs.replace(
        _with_neighbours(facts, responses),
        vpn_connections=_parsed(parse.parse_vpn_connections, vpn_items),
        prefix_lists={name: parse.parse_prefix_list(items) for name, items in entries.items() if items is not None},
    )


def _with_neighbours(facts: Facts, responses: Mapping[str, _Items | None]) -> Facts:
    """The facts with what was read beside them; what was refused before stays unknown."""
    return msgspec.structs.replace(
        facts,
        subnets=_with_subnets(facts.subnets, responses.get("subnets")),
        groups=_with_groups(facts.groups, responses.get("groups"), responses.get("rules")),
        attachments=_with_attachments(facts.attachments, responses.get("attachments")),
    )


def _with_subnets(known: Mapping[str, Subnet] | None, items: _Items | None) -> Mapping[str, Subnet] | None:
    if known is None:
        return None
    return {**known, **parse.parse_subnets(items or [])}


def _with_groups(
    known: Mapping[str, SecurityGroup] | None, items: _Items | None, rules: _Items | None
) -> Mapping[str, SecurityGroup] | None:
    if known is None:
        return None
    return {**known, **parse.parse_groups(items or [], rules)}


def _with_attachments(known: Sequence[Attachment] | None, items: _Items | None) -> tuple[Attachment, ...] | None:
    if known is None:
        return None
    further = parse.parse_attachments(items or [])
    return tuple({attachment.id: attachment for attachment in (*known, *further)}.values())


def _transit_gateways(facts: Facts) -> list[str]:
    return sorted({attachment.gateway for attachment in facts.attachments or ()})


def _virtual_gateways(facts: Facts) -> list[str]:
    return sorted({gateway.id for gateway in facts.vpn_gateways or ()})


def _prefix_lists(facts: Facts) -> list[str]:
    """The prefix lists that rules of security groups and routes refer to."""
    return sorted(filter(None, _prefix_lists_of_rules(facts) | _prefix_lists_of_routes(facts)))


def _prefix_lists_of_rules(facts: Facts) -> set[str | None]:
    names: set[str | None] = set()
    for group in (facts.groups or {}).values():
        names.update(rule.prefix_list for rule in group.rules or ())
    return names


def _prefix_lists_of_routes(facts: Facts) -> set[str | None]:
    names: set[str | None] = set()
    for table in facts.route_tables or ():
        names.update(route.prefix_list for route in table.routes)
    return names


def _groups_of_endpoints(facts: Facts) -> list[str]:
    """The endpoints' security groups that were not read yet."""
    groups: set[str] = set()
    for endpoint in facts.endpoints or ():
        groups.update(endpoint.groups)
    return sorted(groups - (facts.groups or {}).keys())


def _subnets_of_endpoints(facts: Facts) -> list[str]:
    """The endpoints' subnets that were not read yet."""
    subnets: set[str] = set()
    for endpoint in facts.endpoints or ():
        subnets.update(endpoint.subnets)
    return sorted(subnets - (facts.subnets or {}).keys())


def _subnets(ids: Sequence[str]) -> dict[str, _Query]:
    # A filter, not ids: one id that does not exist would make the whole call fail.
    return _filtered("subnets", "describe_subnets", "Subnets", "subnet-id", ids)


def _security_groups(ids: Sequence[str]) -> dict[str, _Query]:
    return {
        **_filtered("groups", "describe_security_groups", "SecurityGroups", "group-id", ids),
        **_filtered("rules", "describe_security_group_rules", "SecurityGroupRules", "group-id", ids),
    }


def _attachments(filtered: str, values: Sequence[str]) -> dict[str, _Query]:
    operation, key = "describe_transit_gateway_attachments", "TransitGatewayAttachments"
    return _filtered("attachments", operation, key, filtered, values)


def _peerings(end: str, vpcs: Sequence[str]) -> dict[str, _Query]:
    operation, key = "describe_vpc_peering_connections", "VpcPeeringConnections"
    return _filtered(end, operation, key, f"{end}-vpc-info.vpc-id", vpcs)


def _prefix_list_entries(names: Sequence[str]) -> dict[str, _Query]:
    return {
        f"list {name}": _Query("get_managed_prefix_list_entries", "Entries", {"PrefixListId": name}) for name in names
    }


def _dns_attributes(vpcs: Sequence[str]) -> dict[str, _Query]:
    queries: dict[str, _Query] = {}
    for vpc in vpcs:
        for attribute, key in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
            arguments = {"VpcId": vpc, "Attribute": attribute}
            queries[f"{attribute} {vpc}"] = _Query("describe_vpc_attribute", key, arguments)
    return queries


def _vpc_dns(responses: Mapping[str, _Items | None], vpc: str) -> VpcDns:
    return VpcDns(_switch(responses[f"enableDnsSupport {vpc}"]), _switch(responses[f"enableDnsHostnames {vpc}"]))


def _filtered(name: str, operation: str, key: str, filtered: str, values: Sequence[str]) -> dict[str, _Query]:
    """A query with a filter; none without values, since an empty filter would read everything."""
    if not values:
        return {}
    return {name: _Query(operation, key, {"Filters": _filter(filtered, values)})}


def _filter(name: str, values: Sequence[str]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


def _joined(first: _Items | None, second: _Items | None) -> _Items | None:
    """Both together; unknown where either is."""
    if first is None or second is None:
        return None
    return [*first, *second]


def _parsed[Parsed](parsing: Callable[[_Items], Parsed], items: _Items | None) -> Parsed | None:
    if items is None:
        return None
    return parsing(items)


def _switch(items: _Items | None) -> bool | None:
    if not items or "Value" not in items[0]:
        return None
    return bool(items[0]["Value"])
