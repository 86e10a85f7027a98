"""How another network, such as a private Vantiq's, may be connected to the cluster's, as far as EC2 shows it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from msk_toolkit.diagnose.finding import NetworkEnd, listed
from msk_toolkit.vpc.facts import Attachment, Facts, Peering, Route, RouteKind, VpnConnection, VpnGateway

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

    def has_peering(self, peering: Peering) -> bool:
        """Whether a peering connection exists and leads from or to one of the VPCs."""
        return peering.status not in _GONE and not {peering.requester, peering.accepter}.isdisjoint(self.vpcs)

    def attachments(self, attachments: Iterable[Attachment]) -> list[Attachment]:
        """The attachments of the VPCs to transit gateways."""
        return [attachment for attachment in attachments if attachment.resource in self.vpcs]

    def virtual_gateways(self, gateways: Iterable[VpnGateway]) -> list[str]:
        """The virtual private gateways that are attached to the VPCs."""
        return [gateway.id for gateway in gateways if gateway.vpc in self.vpcs]


class _Connection(NamedTuple):
    """A connection at a gateway: whether it works, apart from the route to it, and its description."""

    gateway: str
    works: bool
    text: str


def connectivity_options(facts: Facts, brokers: NetworkEnd) -> list[ConnectivityOption]:
    """All five; each of them also needs an inbound rule in the brokers' security groups."""
    cluster = _cluster(facts, brokers)
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


def _cluster(facts: Facts, brokers: NetworkEnd) -> _Cluster:
    vpcs = facts.vpcs_of(brokers.subnets)
    routes: list[Route] = []
    for _, table in brokers.route_tables(facts):
        routes += table.routes
    return _Cluster(vpcs, routes, bool(vpcs) and facts.route_tables is not None)


def _peering(facts: Facts, cluster: _Cluster) -> ConnectivityOption:
    if facts.peerings is None or not cluster.complete:
        return ConnectivityOption("VPC peering", "not visible", "peering connections or routes could not be read")
    peerings = list(filter(cluster.has_peering, facts.peerings))
    if not peerings:
        return ConnectivityOption("VPC peering", "not seen", f"{listed(cluster.vpcs)} has no peering connection")
    connections = [
        _Connection(peering.id, peering.status == "active", _peering_text(peering, cluster)) for peering in peerings
    ]
    routed = cluster.routed("peering")
    return ConnectivityOption("VPC peering", _state(connections, routed), _details(connections, routed))


def _peering_text(peering: Peering, cluster: _Cluster) -> str:
    return f"{peering.id} with {peering.opposite(cluster.vpcs)} is {peering.status}"


def _transit(facts: Facts, cluster: _Cluster) -> ConnectivityOption:
    if facts.attachments is None or not cluster.complete:
        return ConnectivityOption("transit gateway", "not visible", "attachments or routes could not be read")
    connections = _transit_connections(facts.attachments, cluster)
    if not connections:
        return ConnectivityOption("transit gateway", "not seen", f"{listed(cluster.vpcs)} is not attached to any")
    routed = cluster.routed("transit")
    detail = f"{_details(connections, routed)}; its own route tables are not read"
    return ConnectivityOption("transit gateway", _state(connections, routed), detail)


def _transit_connections(attachments: Sequence[Attachment], cluster: _Cluster) -> list[_Connection]:
    connections: list[_Connection] = []
    for attachment in cluster.attachments(attachments):
        state = f"{attachment.gateway} ({attachment.id} is {attachment.state})"
        text = f"{state}, {_others(attachments, attachment)}"
        connections.append(_Connection(attachment.gateway, attachment.state == "available", text))
    return connections


def _others(attachments: Iterable[Attachment], own: Attachment) -> str:
    """The other attachments of a transit gateway."""
    others = [other for other in attachments if other.gateway == own.gateway and other.id != own.id]
    if not others:
        return "no other attachment is visible"
    return f"beside {_counted_kinds(others)}"


def _counted_kinds(attachments: Iterable[Attachment]) -> str:
    kinds = Counter(attachment.kind for attachment in attachments)
    return listed([f"{count} {kind}" for kind, count in kinds.items()])


def _direct_connect(facts: Facts, cluster: _Cluster) -> ConnectivityOption:
    if not cluster.complete or facts.vpn_gateways is None or facts.attachments is None:
        return ConnectivityOption("Direct Connect", "not visible", "gateways or routes could not be read")
    attachments = _direct_connect_attachments(facts.attachments, cluster)
    if attachments:
        return _direct_connect_over_transit(attachments, cluster)
    return _direct_connect_at_virtual_gateway(facts, cluster)


def _direct_connect_attachments(attachments: Sequence[Attachment], cluster: _Cluster) -> list[Attachment]:
    gateways = {attachment.gateway for attachment in cluster.attachments(attachments)}
    return [
        attachment
        for attachment in attachments
        if attachment.kind == "direct-connect-gateway" and attachment.gateway in gateways
    ]


def _direct_connect_over_transit(attachments: Sequence[Attachment], cluster: _Cluster) -> ConnectivityOption:
    connections = [
        _Connection(
            attachment.gateway,
            attachment.state == "available",
            f"{attachment.resource} at {attachment.gateway} is {attachment.state}",
        )
        for attachment in attachments
    ]
    detail = "; ".join(connection.text for connection in connections)
    return ConnectivityOption("Direct Connect", _state(connections, cluster.routed("transit")), detail)


def _direct_connect_at_virtual_gateway(facts: Facts, cluster: _Cluster) -> ConnectivityOption:
    gateways = _without_vpn(cluster.virtual_gateways(facts.vpn_gateways or ()), facts.vpn_connections or ())
    if gateways:
        text = f"{listed(gateways)} has no VPN, so it may be Direct Connect's, which EC2 does not describe"
        return ConnectivityOption("Direct Connect", "not visible", text)
    text = "no virtual private gateway without a VPN, and no attachment of a Direct Connect gateway"
    return ConnectivityOption("Direct Connect", "not seen", text)


def _without_vpn(gateways: Iterable[str], vpns: Iterable[VpnConnection]) -> list[str]:
    with_vpn = {vpn.gateway for vpn in vpns}
    return [gateway for gateway in gateways if gateway not in with_vpn]


def _vpn(facts: Facts, cluster: _Cluster) -> ConnectivityOption:
    if not cluster.complete or facts.vpn_connections is None or facts.vpn_gateways is None:
        return ConnectivityOption("VPN", "not visible", "VPN connections, gateways or routes could not be read")
    connections = _vpn_connections(facts.vpn_connections, _gateways(facts, cluster))
    if not connections:
        return ConnectivityOption("VPN", "not seen", "no VPN connection at a gateway of the cluster's VPC")
    routed = cluster.routed("virtual-private") | cluster.routed("transit")
    return ConnectivityOption("VPN", _state(connections, routed), _details(connections, routed))


def _gateways(facts: Facts, cluster: _Cluster) -> set[str]:
    """The virtual private gateways and the transit gateways that are attached to the cluster's VPCs."""
    transit = {attachment.gateway for attachment in cluster.attachments(facts.attachments or ())}
    return transit.union(cluster.virtual_gateways(facts.vpn_gateways or ()))


def _vpn_connections(vpns: Iterable[VpnConnection], gateways: Collection[str]) -> list[_Connection]:
    return [
        _Connection(vpn.gateway, vpn.tunnels_up > 0, _vpn_text(vpn))
        for vpn in vpns
        if vpn.gateway in gateways and vpn.state != "deleted"
    ]


def _vpn_text(vpn: VpnConnection) -> str:
    return f"{vpn.id} at {vpn.gateway} is {vpn.state}, tunnels up: {vpn.tunnels_up}"


def _details(connections: Iterable[_Connection], routed: Collection[str]) -> str:
    return "; ".join(connection.text + _route_text(connection.gateway, routed) for connection in connections)


def _route_text(gateway: str, routed: Collection[str]) -> str:
    if gateway in routed:
        return ""
    return ", and the brokers' subnets have no route to it"


def _state(connections: Iterable[_Connection], routed: Collection[str]) -> OptionState:
    if any(connection.works and connection.gateway in routed for connection in connections):
        return "usable"
    return "broken"
