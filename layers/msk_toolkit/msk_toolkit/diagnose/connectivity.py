"""How another network, such as a private Vantiq's, may be connected to the cluster's, as far as EC2 shows it."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from msk_toolkit.diagnose.finding import NetworkEnd, listed
from msk_toolkit.vpc.facts import Attachment, Facts, Peering, Route, RouteKind, VpnConnection

OptionState = Literal["usable", "broken", "not seen", "not visible"]
_GONE = {"deleted", "rejected", "expired", "failed"}


class ConnectivityOption(msgspec.Struct, frozen=True):
    """A connection to the cluster's network.

    ``usable``: it works and the brokers' subnets have a route to it. ``broken``: it exists, and a part of it does not
    work. ``not seen``: EC2 shows none. ``not visible``: EC2 can't show it, or did not answer.
    """

    kind: Literal["VPC peering", "transit gateway", "Direct Connect", "VPN", "REST proxy"]
    state: OptionState
    detail: str


class _Cluster(NamedTuple):
    """The cluster's VPCs and the routes of the brokers' subnets; ``complete`` is False where some are not known."""

    vpcs: Sequence[str]
    routes: Sequence[Route]
    complete: bool

    def routed(self, kind: RouteKind) -> set[str]:
        """The gateways of a kind that a route leads to."""
        return {route.target for route in self.routes if route.kind == kind and not route.blackhole}


def connectivity_options(facts: Facts, brokers: NetworkEnd) -> list[ConnectivityOption]:
    """All five; each of them also needs an inbound rule in the brokers' security groups."""
    vpcs = facts.vpcs_of(brokers.subnets)
    routes: list[Route] = []
    for subnet in brokers.known(facts):
        table = facts.route_table(subnet)
        if table is not None:
            routes += table.routes
    cluster = _Cluster(vpcs, routes, bool(vpcs) and facts.route_tables is not None)
    return [
        _peering(facts, cluster),
        _transit(facts, cluster),
        _direct_connect(facts, cluster),
        _vpn(facts, cluster),
        ConnectivityOption(
            "REST proxy",
            "not visible",
            "a proxy is an ordinary host to EC2; check its own address",
        ),
    ]


def _peering(facts: Facts, cluster: _Cluster) -> ConnectivityOption:
    if facts.peerings is None or not cluster.complete:
        return ConnectivityOption("VPC peering", "not visible", "peering connections or routes could not be read")
    peerings = [
        peering
        for peering in facts.peerings
        if {peering.requester, peering.accepter} & set(cluster.vpcs) and peering.status not in _GONE
    ]
    if not peerings:
        return ConnectivityOption("VPC peering", "not seen", f"{listed(cluster.vpcs)} has no peering connection")
    routed = cluster.routed("peering")
    usable = any(peering.status == "active" and peering.id in routed for peering in peerings)
    details = [_peering_text(peering, cluster) + _route_text(peering.id, routed) for peering in peerings]
    return ConnectivityOption("VPC peering", _state(usable=usable), "; ".join(details))


def _peering_text(peering: Peering, cluster: _Cluster) -> str:
    other = peering.accepter
    if peering.requester not in cluster.vpcs:
        other = peering.requester
    return f"{peering.id} with {other} is {peering.status}"


def _transit(facts: Facts, cluster: _Cluster) -> ConnectivityOption:
    if facts.attachments is None or not cluster.complete:
        return ConnectivityOption("transit gateway", "not visible", "attachments or routes could not be read")
    attachments = [attachment for attachment in facts.attachments if attachment.resource in cluster.vpcs]
    if not attachments:
        return ConnectivityOption("transit gateway", "not seen", f"{listed(cluster.vpcs)} is not attached to any")
    routed = cluster.routed("transit")
    usable = any(attachment.state == "available" and attachment.gateway in routed for attachment in attachments)
    details = [
        f"{attachment.gateway} ({attachment.id} is {attachment.state}), "
        f"{_others(facts.attachments, attachment)}{_route_text(attachment.gateway, routed)}"
        for attachment in attachments
    ]
    detail = f"{'; '.join(details)}; its own route tables are not read"
    return ConnectivityOption("transit gateway", _state(usable=usable), detail)


def _others(attachments: Iterable[Attachment], own: Attachment) -> str:
    """The other attachments of a transit gateway."""
    kinds = [other.kind for other in attachments if other.gateway == own.gateway and other.id != own.id]
    if not kinds:
        return "no other attachment is visible"
    return "beside " + listed([f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)])


def _direct_connect(facts: Facts, cluster: _Cluster) -> ConnectivityOption:
    if not cluster.complete or facts.vpn_gateways is None or facts.attachments is None:
        return ConnectivityOption("Direct Connect", "not visible", "gateways or routes could not be read")
    over_transit = _direct_connect_attachments(facts.attachments, cluster)
    if over_transit:
        routed = cluster.routed("transit")
        usable = any(attachment.state == "available" and attachment.gateway in routed for attachment in over_transit)
        details = [
            f"{attachment.resource} at {attachment.gateway} is {attachment.state}" for attachment in over_transit
        ]
        return ConnectivityOption("Direct Connect", _state(usable=usable), "; ".join(details))
    with_vpn = {vpn.gateway for vpn in facts.vpn_connections or ()}
    gateways = [gateway.id for gateway in facts.vpn_gateways if gateway.vpc in cluster.vpcs]
    without_vpn = [gateway for gateway in gateways if gateway not in with_vpn]
    if without_vpn:
        text = f"{listed(without_vpn)} has no VPN, so it may be Direct Connect's, which EC2 does not describe"
        return ConnectivityOption("Direct Connect", "not visible", text)
    text = "no virtual private gateway without a VPN, and no attachment of a Direct Connect gateway"
    return ConnectivityOption("Direct Connect", "not seen", text)


def _direct_connect_attachments(attachments: Sequence[Attachment], cluster: _Cluster) -> list[Attachment]:
    gateways = {attachment.gateway for attachment in attachments if attachment.resource in cluster.vpcs}
    return [
        attachment
        for attachment in attachments
        if attachment.kind == "direct-connect-gateway" and attachment.gateway in gateways
    ]


def _vpn(facts: Facts, cluster: _Cluster) -> ConnectivityOption:
    if not cluster.complete or facts.vpn_connections is None or facts.vpn_gateways is None:
        return ConnectivityOption("VPN", "not visible", "VPN connections, gateways or routes could not be read")
    gateways = {gateway.id for gateway in facts.vpn_gateways if gateway.vpc in cluster.vpcs}
    gateways |= {attachment.gateway for attachment in facts.attachments or () if attachment.resource in cluster.vpcs}
    vpns = [vpn for vpn in facts.vpn_connections if vpn.gateway in gateways and vpn.state != "deleted"]
    if not vpns:
        return ConnectivityOption("VPN", "not seen", "no VPN connection at a gateway of the cluster's VPC")
    routed = cluster.routed("virtual-private") | cluster.routed("transit")
    usable = any(vpn.tunnels_up and vpn.gateway in routed for vpn in vpns)
    details = [_vpn_text(vpn) + _route_text(vpn.gateway, routed) for vpn in vpns]
    return ConnectivityOption("VPN", _state(usable=usable), "; ".join(details))


def _vpn_text(vpn: VpnConnection) -> str:
    return f"{vpn.id} at {vpn.gateway} is {vpn.state}, tunnels up: {vpn.tunnels_up}"


def _route_text(gateway: str, routed: set[str]) -> str:
    if gateway in routed:
        return ""
    return ", and the brokers' subnets have no route to it"


def _state(*, usable: bool) -> OptionState:
    return "usable" if usable else "broken"
