"""Ask EC2 about the networks of some subnets and security groups: everything at once, as far as it answers.

A call that is refused, or that does not end in time, costs nothing but its own answer; it is told in the facts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.call import call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.vpc import parse
from msk_toolkit.vpc.facts import Facts, UnreadFact, VpcDns

# Without an endpoint for EC2, or NAT, no call ever ends.
_CALL_SECONDS = 6.0
_AT_ONCE = 10
_Items = list[dict[str, Any]]


class _Question(NamedTuple):
    operation: str
    # Where in the answer its items stand.
    key: str
    arguments: Mapping[str, Any]


def read_facts(ec2: Any, subnets: Iterable[str], groups: Iterable[str], deadline: Deadline) -> Facts:
    """Ask in three rounds: the subnets and groups, then their VPCs, then what those lead to.

    Args:
        ec2: boto3's client.
    """
    reader = _Reader(ec2, deadline)
    facts = _of_ends(reader, sorted(set(subnets)), sorted(set(groups)))
    vpcs = {subnet.vpc for subnet in (facts.subnets or {}).values()}
    vpcs |= {group.vpc for group in (facts.groups or {}).values() if group.vpc}
    if vpcs:
        facts = _of_vpcs(reader, facts, sorted(vpcs))
        facts = _of_neighbours(reader, facts)
    return msgspec.structs.replace(facts, refusals=tuple(reader.refusals))


class _Reader:
    """Asks several questions at once and remembers which were refused."""

    def __init__(self, ec2: Any, deadline: Deadline) -> None:
        self._ec2 = ec2
        self._deadline = deadline
        self.refusals: list[UnreadFact] = []

    def ask(self, questions: Mapping[str, _Question]) -> dict[str, _Items | None]:
        """The items of each answer, None where there was none."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ec2") as pool:
            asked = {name: pool.submit(self._items, question) for name, question in questions.items()}
        answers: dict[str, _Items | None] = {}
        for name, future in asked.items():
            try:
                answers[name] = future.result()
            except ToolkitError as error:
                answers[name] = None
                refusal = UnreadFact(self._action(questions[name]), str(error))
                if refusal not in self.refusals:
                    self.refusals.append(refusal)
        return answers

    def _items(self, question: _Question) -> _Items:
        action = self._action(question)

        def pages() -> _Items:
            if self._ec2.can_paginate(question.operation):
                found = self._ec2.get_paginator(question.operation).paginate(**question.arguments)
                return [item for page in found for item in page.get(question.key, ())]
            answer = getattr(self._ec2, question.operation)(**question.arguments).get(question.key, [])
            return answer if isinstance(answer, list) else [answer]

        patience = self._deadline.at_most(_CALL_SECONDS)
        return call_within(patience, action, pages)

    def _action(self, question: _Question) -> str:
        return f"ec2:{self._ec2.meta.method_to_api_mapping[question.operation]}"


def _of_ends(reader: _Reader, subnets: Sequence[str], groups: Sequence[str]) -> Facts:
    found = reader.ask(
        {
            # Filters, not ids: one id that is not there would make the whole call fail.
            **_some("subnets", "describe_subnets", "Subnets", "subnet-id", subnets),
            **_some("groups", "describe_security_groups", "SecurityGroups", "group-id", groups),
            **_some("rules", "describe_security_group_rules", "SecurityGroupRules", "group-id", groups),
        }
    )
    of_subnets, of_groups = found.get("subnets"), found.get("groups")
    return Facts(
        subnets=None if of_subnets is None else parse.parse_subnets(of_subnets),
        groups=None if of_groups is None else parse.parse_groups(of_groups, found["rules"]),
    )


def _of_vpcs(reader: _Reader, facts: Facts, vpcs: Sequence[str]) -> Facts:
    attributes = {
        f"{attribute} {vpc}": _Question(
            "describe_vpc_attribute", attribute[0].upper() + attribute[1:], {"VpcId": vpc, "Attribute": attribute}
        )
        for vpc in vpcs
        for attribute in ("enableDnsSupport", "enableDnsHostnames")
    }
    found = reader.ask(
        {
            **_some("acls", "describe_network_acls", "NetworkAcls", "vpc-id", vpcs),
            **_some("route tables", "describe_route_tables", "RouteTables", "vpc-id", vpcs),
            **_some("endpoints", "describe_vpc_endpoints", "VpcEndpoints", "vpc-id", vpcs),
            "nats": _Question("describe_nat_gateways", "NatGateways", {"Filter": _filter("vpc-id", vpcs)}),
            **_peerings("requester", vpcs),
            **_peerings("accepter", vpcs),
            **_some(
                "attachments",
                "describe_transit_gateway_attachments",
                "TransitGatewayAttachments",
                "resource-id",
                vpcs,
            ),
            **_some("vpn gateways", "describe_vpn_gateways", "VpnGateways", "attachment.vpc-id", vpcs),
            **attributes,
        }
    )
    requested, accepted = found["requester"], found["accepter"]
    peerings = None if requested is None or accepted is None else parse.parse_peerings([*requested, *accepted])
    return msgspec.structs.replace(
        facts,
        acls=_parsed(parse.parse_acls, found["acls"]),
        route_tables=_parsed(parse.parse_route_tables, found["route tables"]),
        endpoints=_parsed(parse.parse_endpoints, found["endpoints"]),
        nats=_parsed(parse.parse_nats, found["nats"]),
        peerings=peerings,
        attachments=_parsed(parse.parse_attachments, found["attachments"]),
        vpn_gateways=_parsed(parse.parse_vpn_gateways, found["vpn gateways"]),
        dns={
            vpc: VpcDns(_switch(found[f"enableDnsSupport {vpc}"]), _switch(found[f"enableDnsHostnames {vpc}"]))
            for vpc in vpcs
        },
    )


def _of_neighbours(reader: _Reader, facts: Facts) -> Facts:
    """What the VPCs lead to: a transit gateway's other attachments, VPNs, prefix lists, the endpoints' groups."""
    transits = sorted({one.gateway for one in facts.attachments or ()})
    virtual = sorted({one.id for one in facts.vpn_gateways or ()})
    rules = [rule for group in (facts.groups or {}).values() for rule in group.rules or ()]
    routes = [route for table in facts.route_tables or () for route in table.routes]
    named = {rule.prefix_list for rule in rules} | {route.prefix_list for route in routes}
    lists = sorted(one for one in named if one)
    known = facts.groups or {}
    groups = sorted({group for one in facts.endpoints or () for group in one.groups} - known.keys())
    subnets = sorted({one for point in facts.endpoints or () for one in point.subnets} - (facts.subnets or {}).keys())
    vpns = "describe_vpn_connections", "VpnConnections"
    found = reader.ask(
        {
            **_some(
                "attachments",
                "describe_transit_gateway_attachments",
                "TransitGatewayAttachments",
                "transit-gateway-id",
                transits,
            ),
            **_some("transit vpns", *vpns, "transit-gateway-id", transits),
            **_some("virtual vpns", *vpns, "vpn-gateway-id", virtual),
            **_some("subnets", "describe_subnets", "Subnets", "subnet-id", subnets),
            **_some("groups", "describe_security_groups", "SecurityGroups", "group-id", groups),
            **_some("rules", "describe_security_group_rules", "SecurityGroupRules", "group-id", groups),
            **{
                f"list {one}": _Question("get_managed_prefix_list_entries", "Entries", {"PrefixListId": one})
                for one in lists
            },
        }
    )
    further = parse.parse_attachments(found.get("attachments") or [])
    vpn_answers = [found[name] for name in ("transit vpns", "virtual vpns") if name in found]
    entries = {one: found[f"list {one}"] for one in lists}
    return msgspec.structs.replace(
        facts,
        # What was refused stays unknown, whatever was found beside it.
        subnets=None if facts.subnets is None else {**facts.subnets, **parse.parse_subnets(found.get("subnets") or [])},
        groups=None
        if facts.groups is None
        else {**known, **parse.parse_groups(found.get("groups") or [], found.get("rules"))},
        attachments=None
        if facts.attachments is None
        else tuple({one.id: one for one in (*facts.attachments, *further)}.values()),
        vpn_connections=None
        if None in vpn_answers
        else parse.parse_vpn_connections([item for answer in vpn_answers for item in answer or ()]),
        prefix_lists={one: parse.parse_prefix_list(items) for one, items in entries.items() if items is not None},
    )


def _some(name: str, operation: str, key: str, filtered: str, values: Sequence[str]) -> dict[str, _Question]:
    """A question with a filter; none without values: an empty filter would ask for everything."""
    return {name: _Question(operation, key, {"Filters": _filter(filtered, values)})} if values else {}


def _peerings(side: str, vpcs: Sequence[str]) -> dict[str, _Question]:
    operation, key = "describe_vpc_peering_connections", "VpcPeeringConnections"
    return _some(side, operation, key, f"{side}-vpc-info.vpc-id", vpcs)


def _filter(name: str, values: Sequence[str]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


def _parsed[Parsed](parsing: Callable[[_Items], Parsed], items: _Items | None) -> Parsed | None:
    return None if items is None else parsing(items)


def _switch(items: _Items | None) -> bool | None:
    return bool(items[0]["Value"]) if items and "Value" in items[0] else None
