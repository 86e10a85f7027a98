"""What the function has just done, and which findings about the network that disproves."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec

from msk_toolkit.diagnose.finding import BROKERS, DISPROVED, FUNCTION, Code, NetworkFinding, ordered
from msk_toolkit.diagnose.report import ListenerReport

# Rules of security groups are the same for all brokers.
_OF_GROUPS: tuple[Code, ...] = ("egress-closed", "ingress-closed")


class Proof(NamedTuple):
    """What the function has just done, so that it is proven to work.

    Args:
        ports: those on which a connection to every broker succeeded.
        services: the AWS services that answered.
        ports_elsewhere: ports likewise, of listeners that other routes lead to: they prove the port only.
        ports_of_some: those on which a connection to any broker succeeded, wherever it is.
    """

    ports: Collection[int] = ()
    services: Collection[str] = ()
    ports_elsewhere: Collection[int] = ()
    ports_of_some: Collection[int] = ()

    @property
    def resolves_names(self) -> bool:
        """Whether anything answered: it was found by its name."""
        return any(self)

    def contradicts(self, finding: NetworkFinding) -> bool:
        """Whether a finding says that something can't work that just has."""
        if not _is_claim(finding):
            return False
        if finding.target != BROKERS or finding.code == "not-visible":
            return False
        # An error says that a group lets nobody through: one broker that was reached disproves it.
        if finding.code in _OF_GROUPS and finding.severity == "error":
            return not self._reached_ports.isdisjoint(finding.ports)
        return self._reaches_every_broker(finding.ports)

    @property
    def _reached_ports(self) -> set[int]:
        return {*self.ports, *self.ports_elsewhere, *self.ports_of_some}

    def _reaches_every_broker(self, ports: Collection[int]) -> bool:
        """Whether connections to every broker succeeded on the ports, or inside the network on any (without ports)."""
        if not ports:
            return bool(self.ports)
        return {*ports} <= {*self.ports, *self.ports_elsewhere}


def proof_of(listeners: Iterable[ListenerReport], services: Collection[str]) -> Proof:
    """What the listeners' probes and the services' answers prove."""
    inside: list[int] = []
    elsewhere: list[int] = []
    some: set[int] = set()
    for listener in listeners:
        some.update(listener.connected_ports)
        if listener.connects and listener.network == "vpc":
            inside += listener.ports
        elif listener.connects:
            elsewhere += listener.ports
    return Proof(inside, services, elsewhere, some)


def weighed(findings: Iterable[NetworkFinding], proof: Proof) -> list[NetworkFinding]:
    """Findings that the function itself has just disproved become notes: a part of the network is not visible."""
    weighed_findings: list[NetworkFinding] = []
    for finding in findings:
        if proof.contradicts(finding):
            weighed_findings.append(_disproved(finding))
        else:
            weighed_findings.append(finding)
    return ordered(weighed_findings)


def _disproved(finding: NetworkFinding) -> NetworkFinding:
    return msgspec.structs.replace(finding, severity="note", text=finding.text + DISPROVED)


def _is_claim(finding: NetworkFinding) -> bool:
    """Whether a finding says that something does not work for the function."""
    return finding.source == FUNCTION and finding.severity != "note"
