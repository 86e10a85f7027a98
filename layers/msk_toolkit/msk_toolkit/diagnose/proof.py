"""What the function has just done, and which findings about the network that disproves."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec

from msk_toolkit.diagnose.finding import BROKERS, FUNCTION, NetworkFinding
from msk_toolkit.diagnose.network import ordered


class Proof(NamedTuple):
    """What the function has just done, so that it is proven to work.

    Args:
        ports: those on which a connection to every broker succeeded.
        services: the AWS services that answered.
        ports_elsewhere: ports likewise, of listeners that other routes lead to: they prove the port only.
    """

    ports: Collection[int] = ()
    services: Collection[str] = ()
    ports_elsewhere: Collection[int] = ()

    @property
    def resolves_names(self) -> bool:
        """Whether anything answered: it was found by its name."""
        return any(self)

    def contradicts(self, finding: NetworkFinding) -> bool:
        """Whether a finding says that something can't work that just has."""
        if not _is_claim(finding):
            return False
        if finding.target == BROKERS and finding.code != "not-visible":
            return self.reaches(finding.port)
        return finding.code == "service-unreachable" and finding.target in self.services

    def reaches(self, port: int | None) -> bool:
        """Whether a connection to every broker succeeded on a port, or inside the network on any (None)."""
        if port is None:
            return bool(self.ports)
        return port in {*self.ports, *self.ports_elsewhere}


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
    text = (
        f"{finding.text} (but the connection succeeded just now: the function runs elsewhere, or a rule is not visible)"
    )
    return msgspec.structs.replace(finding, severity="note", text=text)


def _is_claim(finding: NetworkFinding) -> bool:
    """Whether a finding says that something does not work for the function."""
    return finding.source == FUNCTION and finding.severity != "note"
