"""The ways by which another network, such as a private Vantiq's, may reach the cluster, as far as EC2 shows them."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from msk_toolkit.diagnose.finding import NetworkEnd, listed
from msk_toolkit.vpc.facts import Facts, Route, RouteKind

OptionState = Literal["usable", "broken", "not seen", "not visible"]


class ConnectivityOption(msgspec.Struct, frozen=True):
    """A way into the cluster's network.

    ``usable``: it stands and the brokers' subnets have a route to it. ``broken``: it is there, and something of it is
    not. ``not seen``: EC2 shows none. ``not visible``: EC2 can't show it, or did not answer.
    """

    way: Literal["VPC peering", "transit gateway", "Direct Connect", "VPN", "REST proxy"]
    seen: OptionState
    detail: str


def connectivity_options(facts: Facts, brokers: NetworkEnd) -> list[ConnectivityOption]:
    """All five of them; whoever uses one still needs the brokers' security groups to let it in."""
    vpcs = facts.vpcs_of(brokers.subnets)
    routes = [
        route for subnet in brokers.known(facts) if (table := facts.route_table(subnet)) for route in table.routes
    ]
    unread = not vpcs or facts.route_tables is None
    return [
        _peering(facts, vpcs, routes, unread),
        _transit(facts, vpcs, routes, unread),
        _direct_connect(facts, vpcs, routes, unread),
        _vpn(facts, vpcs, routes, unread),
        ConnectivityOption(
            "REST proxy",
            "not visible",
            "a proxy is a host like any other, EC2 does not show which one it is: ask its own address",
        ),
    ]


def _peering(facts: Facts, vpcs: Sequence[str], routes: Sequence[Route], unread: bool) -> ConnectivityOption:
    if facts.peerings is None or unread:
        return ConnectivityOption("VPC peering", "not visible", "peering connections or routes could not be read")
    mine = [one for one in facts.peerings if one.requester in vpcs or one.accepter in vpcs]
    mine = [one for one in mine if one.status not in {"deleted", "rejected", "expired", "failed"}]
    if not mine:
        return ConnectivityOption("VPC peering", "not seen", f"{listed(tuple(vpcs))} has no peering connection")
    used = _used(routes, "peering")
    words = [
        f"{one.id} with {one.accepter if one.requester in vpcs else one.requester} is {one.status}"
        + ("" if one.id in used else ", and no route of the brokers' subnets leads to it")
        for one in mine
    ]
    usable = any(one.status == "active" and one.id in used for one in mine)
    return ConnectivityOption("VPC peering", "usable" if usable else "broken", "; ".join(words))


def _transit(facts: Facts, vpcs: Sequence[str], routes: Sequence[Route], unread: bool) -> ConnectivityOption:
    if facts.attachments is None or unread:
        return ConnectivityOption("transit gateway", "not visible", "attachments or routes could not be read")
    mine = [one for one in facts.attachments if one.resource in vpcs]
    if not mine:
        return ConnectivityOption("transit gateway", "not seen", f"{listed(tuple(vpcs))} is attached to none")
    used = _used(routes, "transit")
    words = []
    for one in mine:
        others = [other for other in facts.attachments if other.gateway == one.gateway and other.id != one.id]
        beside = (
            f", beside {_counted(other.kind for other in others)}" if others else ", no other attachment is visible"
        )
        missing = "" if one.gateway in used else ", and no route of the brokers' subnets leads to it"
        words.append(f"{one.gateway} ({one.id} is {one.state}){beside}{missing}")
    usable = any(one.state == "available" and one.gateway in used for one in mine)
    detail = "; ".join(words) + "; its own route tables are not read"
    return ConnectivityOption("transit gateway", "usable" if usable else "broken", detail)


def _direct_connect(facts: Facts, vpcs: Sequence[str], routes: Sequence[Route], unread: bool) -> ConnectivityOption:
    if unread or facts.vpn_gateways is None or facts.attachments is None:
        return ConnectivityOption("Direct Connect", "not visible", "gateways or routes could not be read")
    gateways = {one.gateway for one in facts.attachments if one.resource in vpcs}
    over_transit = [
        one for one in facts.attachments if one.kind == "direct-connect-gateway" and one.gateway in gateways
    ]
    if over_transit:
        words = "; ".join(f"{one.resource} at {one.gateway} is {one.state}" for one in over_transit)
        usable = any(one.state == "available" and one.gateway in _used(routes, "transit") for one in over_transit)
        return ConnectivityOption("Direct Connect", "usable" if usable else "broken", words)
    virtual = [one.id for one in facts.vpn_gateways if one.vpc in vpcs]
    without_vpn = [one for one in virtual if not any(vpn.gateway == one for vpn in facts.vpn_connections or ())]
    if without_vpn:
        text = f"{listed(without_vpn)} has no VPN, so it may serve Direct Connect; that is not in EC2's answers"
        return ConnectivityOption("Direct Connect", "not visible", text)
    return ConnectivityOption(
        "Direct Connect", "not seen", "no virtual private gateway without a VPN, no such attachment"
    )


def _vpn(facts: Facts, vpcs: Sequence[str], routes: Sequence[Route], unread: bool) -> ConnectivityOption:
    if unread or facts.vpn_connections is None or facts.vpn_gateways is None:
        return ConnectivityOption("VPN", "not visible", "VPN connections, gateways or routes could not be read")
    gateways = {one.id for one in facts.vpn_gateways if one.vpc in vpcs}
    gateways |= {one.gateway for one in facts.attachments or () if one.resource in vpcs}
    mine = [one for one in facts.vpn_connections if one.gateway in gateways and one.state != "deleted"]
    if not mine:
        return ConnectivityOption("VPN", "not seen", "no VPN connection at a gateway of the cluster's VPC")
    used = _used(routes, "virtual-private") | _used(routes, "transit")
    words = [
        f"{one.id} at {one.gateway} is {one.state}, tunnels up: {one.tunnels_up}"
        + ("" if one.gateway in used else ", and no route of the brokers' subnets leads to it")
        for one in mine
    ]
    usable = any(one.tunnels_up and one.gateway in used for one in mine)
    return ConnectivityOption("VPN", "usable" if usable else "broken", "; ".join(words))


def _used(routes: Iterable[Route], kind: RouteKind) -> set[str]:
    return {route.target for route in routes if route.kind == kind and not route.blackhole}


def _counted(kinds: Iterable[str]) -> str:
    found = list(kinds)
    return listed([f"{found.count(kind)} {kind}" for kind in dict.fromkeys(found)])
